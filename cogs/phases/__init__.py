"""Phases in Discord: form maps and offered changes of phase."""
