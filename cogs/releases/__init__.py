"""Release plans in Discord."""
