"""What a repository was begun with, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Begun:
    """What became of each file of a new repository; paths start where its directory's does.

    `hooks` is pre-commit's configuration, `to_add` the lines that somebody has to add to it.
    `live`: the store was written as a server has it, with `fill_in` references to fill in.
    `example`: the configuration was written with an address that is only an example.
    """

    config: str
    store: str
    hooks: str
    written: frozenset[str]
    to_add: str = ""
    live: bool = False
    fill_in: int = 0
    example: bool = False
