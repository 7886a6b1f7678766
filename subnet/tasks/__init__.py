"""What the network is asked to learn, one task per file; the file's name is the task's `kind`."""
