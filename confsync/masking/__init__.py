"""Masked lines and diffs of store files, and a search for secrets in plain text."""
