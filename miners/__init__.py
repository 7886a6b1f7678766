"""What miners know and do."""
