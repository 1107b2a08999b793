"""The history of promotions: an append-only chain of entries beside the alias that they move."""
