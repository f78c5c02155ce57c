"""Findings about secrets: hidden ones that stop an apply, and ones that can be guessed.

Hidden secrets cannot be compared (product page, section 4): the policy `send` overwrites them,
`keep` leaves them as they are, `fail` lets no apply go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.sync.secret import Secret
from confsync.sync.tree import Path, Tree, leaves, path_text
from confsync.sync.url import Url
from confsync.sync.values import Difference, Finding, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.values import Change, Desired, HiddenSecrets

RULE = "hidden-secrets"
_SEND = "with --hidden-secrets send it is overwritten by the one that the file refers to"


def without_hidden(difference: Difference) -> Difference:
    """A difference without the secrets that only hidden values stand against."""
    known = tuple(unknown for unknown in difference.unknown if not unknown.hidden)
    return Difference(difference.changes, known)


def kept(difference: Difference) -> frozenset[Path]:
    """The places of the secrets that can be left as they are."""
    return frozenset(unknown.path for unknown in difference.unknown if unknown.hidden)


def refusals(difference: Difference, policy: HiddenSecrets) -> tuple[Finding, ...]:
    """Why an apply may not go on. Nothing where hidden secrets are to be sent."""
    match policy:
        case "send":
            return ()
        case "keep":
            return (*_rebuilt(difference, "be kept"), *_moved(difference))
        case "fail":
            compared = (
                _finding(unknown.path, unknown.origin, "is hidden, and cannot be compared")
                for unknown in difference.unknown
                if unknown.hidden
            )
            return (*_rebuilt(difference, "be compared"), *compared)


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
        for path, leaf in leaves(desired.tree)
        if isinstance(leaf, Secret | Url)
        and any(
            secret.guessable and (leaf.ref or secret.ref)
            for secret in (leaf.secrets if isinstance(leaf, Url) else (leaf,))
        )
    )


def _rebuilt(difference: Difference, what: str) -> Iterator[Finding]:
    """Objects that are built anew and have a secret before and after."""
    for change in difference.changes:
        if _holds_secret(change.before) and _holds_secret(change.after):
            fact = f"is built anew, and the hidden secret in it cannot {what}"
            yield _finding(change.path, change.origin, fact)
    lost = {_list_of(change) for change in difference.changes if _loses_secret(change)}
    for change in difference.changes:
        if change.action == "add" and _holds_secret(change.after) and _list_of(change) in lost:
            fact = f"is a new item, and the hidden secret of one that goes cannot {what}"
            yield _finding(change.path, change.origin, fact)


def _moved(difference: Difference) -> Iterator[Finding]:
    """Items of a list with a hidden secret whose other fields change."""
    for unknown in difference.unknown:
        item = _item(unknown.path)
        if unknown.hidden and item and any(_within(item, change) for change in difference.changes):
            fact = "is hidden, and cannot be kept where other fields of its item change"
            yield _finding(unknown.path, unknown.origin, fact)


def _item(path: Path) -> Path:
    """The item of a list that a path leads into; nothing where there is none."""
    return path[: max((i + 1 for i, step in enumerate(path) if isinstance(step, int)), default=0)]


def _within(item: Path, change: Change) -> bool:
    """Whether a change is in an item that stays; the one that goes has a number of its own."""
    return change.path[: len(item)] == item and (change.path, change.action) != (item, "remove")


def _list_of(change: Change) -> Path:
    return change.path[:-1]


def _loses_secret(change: Change) -> bool:
    return change.action == "remove" and _holds_secret(change.before)


def _holds_secret(tree: Tree) -> bool:
    """Whether the server hides something in it, or would."""
    return any(isinstance(leaf, Secret) for _, leaf in leaves(tree))


def _finding(path: Path, origin: Origin, fact: str) -> Finding:
    name = path_text(path) or "the object"
    return Finding(RULE, "error", f"{name} {fact}", _SEND, origin)
