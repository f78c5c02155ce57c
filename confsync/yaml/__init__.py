"""YAML text: tokens, canonical form, new text, and edits of a file in place."""
