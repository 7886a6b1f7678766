"""Who may join and who is pushed out: one rule per file."""
