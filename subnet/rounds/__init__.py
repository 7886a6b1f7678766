"""Rounds in which people stake on their own predictions, one rule per file."""
