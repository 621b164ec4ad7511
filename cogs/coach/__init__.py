"""The coach in Discord: profile, week, goals, habits, progress, check-ins."""
