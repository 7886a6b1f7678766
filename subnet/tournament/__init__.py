"""Tournaments in which participants stake on their own predictions."""
