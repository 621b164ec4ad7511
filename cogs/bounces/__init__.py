"""Bounces in Discord: commands, cards, folders, comments, slices."""
