"""Generators of pictures: one per file."""
