"""How areas are put together, one module each; called by `bot/app/app.py` only."""
