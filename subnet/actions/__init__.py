"""Sources of actions, one file each: recorded, sampled, the game of two camps."""
