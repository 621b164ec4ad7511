"""Studiohand: the studio hand that lives in your Discord server."""

__version__ = "0.1.0"
