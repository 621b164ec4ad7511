"""How areas are put together, one module each; called by `bot/app.py` only."""
