"""The models that miners train, one file each; the file's name is the model's `kind`."""
