"""Store files: from nodes to states and back."""
