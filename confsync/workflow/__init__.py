"""Use cases, one a module: the only room that puts the other rooms together."""
