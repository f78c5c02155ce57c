"""What of a text may be shown."""
