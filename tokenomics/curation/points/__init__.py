"""How many points a stake may vote with: one rule per file."""
