"""Secrets that anybody would try first. To mask one wherever it stands would tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.sync.secret import Secret
from confsync.sync.tree import Items, Members, Object, path_text
from confsync.sync.url import Url
from confsync.sync.values import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.tree import Path, Tree
    from confsync.sync.values import Desired


def guessable_findings(desired: Desired) -> tuple[Finding, ...]:
    """A warning for each secret of the files that can be guessed, as far as values are known."""
    return tuple(
        Finding(
            "guessable-secret",
            "warning",
            f"{path_text(path)} holds a secret that can be guessed",
            "use a random one, like that of `openssl rand -hex 24`; what can be guessed is not"
            " masked where it stands by chance",
            desired.origin(path),
        )
        for path in dict.fromkeys(_paths(desired.tree, ()))
    )


def _paths(value: Tree, path: Path) -> Iterator[Path]:
    match value:
        case Object():
            for name, member in value.members.items():
                yield from _paths(member, (*path, name))
        case Items() | Members():
            parts: tuple[Tree, ...] = value.items if isinstance(value, Items) else value.members
            for index, part in enumerate(parts):
                yield from _paths(part, (*path, index))
        case Secret(guessable=True, ref=ref) if ref is not None:
            yield path
        case Url(ref=ref) if any(
            secret.guessable and (ref or secret.ref) for secret in value.secrets
        ):
            yield path
        case _:
            pass
