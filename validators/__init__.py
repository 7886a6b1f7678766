"""What validators know and do."""
