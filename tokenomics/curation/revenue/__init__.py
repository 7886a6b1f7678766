"""Where the revenue of a sale goes: one rule per file."""
