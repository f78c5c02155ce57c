"""Redis, asked from here."""
