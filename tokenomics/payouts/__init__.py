"""Rules from agreement to tokens, one file each."""
