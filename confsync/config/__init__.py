"""confsync.yaml: found, decoded, checked."""
