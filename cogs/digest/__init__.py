"""Digests in Discord: the weekly card, its settings, archives."""
