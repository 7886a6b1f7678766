"""How validators turn scores into weights, one rule per file."""
