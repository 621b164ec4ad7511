"""The studio in Discord: set-up, settings, health, privacy."""
