"""Votes on artworks: points, tallies, auctions, where the revenue goes."""
