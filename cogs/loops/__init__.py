"""Loops in Discord: commands, panel, clips, readings, files."""
