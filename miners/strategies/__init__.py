"""How miners behave: one strategy per file."""
