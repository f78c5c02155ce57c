"""Requests and answers of JMAP, on top of `net/`. The only door that takes secrets out."""
