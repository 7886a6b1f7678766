"""What misbehaviour costs, one rule per file."""
