"""Lists of targets: for people, as names, as JSON, and for a CI matrix."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.report.printable import data_text, data_texts, printable, versioned_text

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Listed:
    """A target, with the variables of its credentials, its `secrets` and its store files."""

    name: str
    url: str
    groups: tuple[str, ...]
    files: tuple[str, ...]
    variables: tuple[str, ...]


def targets_text(found: Sequence[Listed]) -> str:
    """Each target with its groups, files and variables."""
    blocks = []
    for one in found:
        rows = {"groups": one.groups, "files": one.files, "variables": one.variables}
        lines = [f"  {name}: {', '.join(map(printable, row))}" for name, row in rows.items() if row]
        blocks.append("\n".join([f"{printable(one.name)}  {printable(one.url)}", *lines, ""]))
    return "\n".join(blocks)


def targets_names(found: Sequence[Listed]) -> str:
    """The names, one a line."""
    return "".join(f"{printable(one.name)}\n" for one in found)


def targets_json(found: Sequence[Listed]) -> str:
    """All that is known of each target (docs/json.md)."""
    targets = [
        {
            **data_texts(name=one.name, url=one.url),
            "groups": [*map(data_text, one.groups)],
            "files": [*map(data_text, one.files)],
            "variables": [*map(data_text, one.variables)],
        }
        for one in found
    ]
    return versioned_text({"targets": targets})


def targets_matrix(found: Sequence[Listed]) -> str:
    """One line for the matrix of a CI job: `{"target": ["one", "two"]}`."""
    return json.dumps({"target": [data_text(one.name) for one in found]}) + "\n"
