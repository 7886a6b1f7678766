"""Rules of consensus, one file each; the file's name is the rule's `kind`."""
