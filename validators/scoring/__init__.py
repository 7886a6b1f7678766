"""How validators turn what they saw of submissions into scores, one rule per file."""
