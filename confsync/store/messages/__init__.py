"""Error messages for store files, by subject."""
