"""Show: the live state, masked, as a file would say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.guard import discreet
from confsync.kinds import KINDS
from confsync.store.encode import to_file
from confsync.workflow.server import read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confsync.sync.values import Live
    from confsync.workflow.server import Session
    from confsync.yaml.emit import Plain


@discreet
def show(session: Session, name: str = "InMemoryStore") -> Live:
    """The live state of an object. One request. Raises what `plan` raises."""
    return read(name, session)


def as_document(states: Iterable[Live]) -> dict[str, Plain]:
    """Live states in the form of a file, every secret masked."""
    return {live.object: to_file(live.tree, KINDS[live.object].shape) for live in states}
