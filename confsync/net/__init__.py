"""Connections. The only room that knows httpx."""
