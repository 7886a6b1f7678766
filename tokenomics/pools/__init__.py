"""Where tokens are sold for money, one rule per file."""
