"""Files read under limits, and written whole or not at all."""
