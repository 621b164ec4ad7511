"""How the product speaks: words, dates, cards as data, typed times. Below the areas, above nothing of Discord."""
