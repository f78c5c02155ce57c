"""YAML with positions, in and out. The only room that knows ruamel.yaml."""
