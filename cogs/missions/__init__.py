"""Missions in Discord: commands, agents, decisions."""
