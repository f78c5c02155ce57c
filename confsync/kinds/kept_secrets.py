"""A risk of every object: a secret that the server keeps would go to another server or user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.kinds.redis_urls import another_server
from confsync.sync.findings import Breach, ChangeRule, send_hint
from confsync.sync.secret import Secret
from confsync.sync.tree import Members, Object, leaves, path_text
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.tree import Path, Tree
    from confsync.sync.values import Desired, Difference, Live

_ADDRESSES = ("url", "urls", "host", "addresses", "endpoint", "storageAccount", "serviceName")
_USERS = {
    "authSecret": "authUsername",
    "sentinelSecret": "sentinelUsername",
    "secret": "username",
}


def _find(live: Live, desired: Desired, difference: Difference) -> Iterator[Breach]:
    kept = {unknown.path for unknown in difference.unknown if unknown.hidden}
    for path, leaf in leaves(desired.tree):
        # With other changes of an item of a list its secret cannot be kept: hidden-secrets.
        if not isinstance(leaf, Secret) or any(isinstance(step, int) for step in path):
            continue
        unmanaged = leaf.id is None and leaf.ref is None
        if path not in kept and not unmanaged:
            continue
        value = _object_at(desired.tree, path[:-1])
        field = path[:-1] if value is not None and value.tag == "Value" else path
        for at, what in _moves(live.tree, desired.written, field):
            fact = f"{path_text(at)} changes, but the server's {path_text(field)} is kept"
            hint = send_hint(leaf)
            if unmanaged:
                hint = f"write {path_text(field)} with a reference in a file, and do not ignore it"
            yield Breach(at, f"{fact}: the old secret is used for the new {what}", hint)


def _moves(live: Object, desired: Object, field: Path) -> Iterator[tuple[Path, str]]:
    """The addresses and the user that certainly change around a secret."""
    name = str(field[-1])
    for length in range(len(field)):
        around = field[:length]
        before, after = _object_at(live, around), _object_at(desired, around)
        if before is None or after is None or before.tag != after.tag:
            return
        for one in _ADDRESSES:
            sentinels = (name, one) == ("sentinelSecret", "serviceName")
            if not sentinels and _elsewhere(before.members.get(one), after.members.get(one)):
                yield (*around, one), "address"
        user = _USERS.get(name, "")
        if user in after.members and before.members.get(user) != after.members[user]:
            yield (*around, user), "user"


def _elsewhere(before: Tree, after: Tree) -> bool:
    """True for an address that certainly leads to another server."""
    match before, after:
        case Url(), Url():
            return another_server((before,), (after,))
        case Members(), Members():
            return another_server(before.members, after.members)
        case str(), str():
            return before.lower() != after.lower()
        case _:
            return False


def _object_at(tree: Tree, path: Path) -> Object | None:
    for step in path:
        tree = tree.members.get(str(step)) if isinstance(tree, Object) else None
    return tree if isinstance(tree, Object) else None


KEPT_ELSEWHERE = ChangeRule("kept-secret-elsewhere", _find, kept=True)
