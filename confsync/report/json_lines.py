"""Plans and outcomes as JSON Lines: the document of docs/json.md, a line as each target ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from confsync.report.json import outcomes_document, plans_document
from confsync.sync.scrub import without_brackets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confsync.report.printable import Json
    from confsync.report.run import Run
    from confsync.sync.outcome import Ended
    from confsync.sync.values import Failed, Plan


def plans_lines(found: Sequence[Plan | Failed], run: Run) -> str:
    """All lines of a plan."""
    return _whole(plans_document(found, run))


def outcomes_lines(found: Sequence[Ended], run: Run) -> str:
    """All lines of an apply."""
    return _whole(outcomes_document(found, run))


def first_line(run: Run) -> str:
    """The line before those of targets: the facts of the run."""
    return _line(_head(plans_document((), run)))


def line_of(target: Mapping[str, Json]) -> str:
    """The line of a target of a document."""
    return _line(target)


def last_line(document: Mapping[str, Json]) -> str:
    """The line behind those of targets: the document without them."""
    return _line(_without(document, "targets"))


def _whole(document: dict[str, Json]) -> str:
    targets = document["targets"]
    lines = map(_line, targets) if isinstance(targets, list) else ()
    return "".join([_line(_head(document)), *lines, last_line(document)])


def _head(document: Mapping[str, Json]) -> dict[str, Json]:
    return _without(document, "digest", "targets", "summary")


def _without(document: Mapping[str, Json], *names: str) -> dict[str, Json]:
    return {name: value for name, value in document.items() if name not in names}


def _line(content: object) -> str:
    return without_brackets(json.dumps(content, separators=(",", ":")), "\\u0023") + "\n"
