"""How much is minted: one rule per file."""
