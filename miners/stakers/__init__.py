"""How owners of models stake on them in a tournament: one rule per file."""
