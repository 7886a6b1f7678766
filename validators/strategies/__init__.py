"""How validators behave that do not evaluate honestly, one file each."""
