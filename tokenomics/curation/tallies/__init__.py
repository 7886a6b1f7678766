"""From the votes of a round to the work that is minted: one rule per file."""
