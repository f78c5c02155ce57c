"""From a live state to a store file that brings it back: secrets are references to fill in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

from confsync.kinds.duration import duration_text
from confsync.kinds.urls import is_address
from confsync.kinds.wrong_secrets import is_taken_as_it_is
from confsync.sync.relate import same
from confsync.sync.secret import Secret
from confsync.sync.shape import Duration, ListOf, Shape, Variants
from confsync.sync.tree import Items, Members, Object, Tree
from confsync.sync.url import Url, masked, percent_encoded, trim

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confsync.kinds.kind import Kind
    from confsync.sync.values import Change, Live

Plain: TypeAlias = "bool | int | str | list[Plain] | dict[str, Plain] | None"

FILL_IN = "FILL_IN_"


def to_store(
    live: Live, kind: Kind, *, named: frozenset[str] = frozenset()
) -> dict[str, Plain] | None:
    """The document of a store file that says a live state; what is at its default is left out, but
    for the fields in `named`.

    What the server hides, and passwords, are `{env: FILL_IN_1}` and so on. None where the server
    has something that a file cannot say: a variant or a field that confsync does not know, or a
    password in a URL in the place of another text.
    """
    if live.unrecognised:
        return None
    writer = _Writer()
    document: dict[str, Plain] = {kind.name: writer.object(live.tree, kind.shape, named)}
    return document if writer.whole else None


def touched(changes: Iterable[Change]) -> frozenset[str]:
    """The object's fields that some changes are about: with `--unlisted keep` a file has to name
    them, to bring them back to their defaults.
    """
    return frozenset(str(change.path[0]) for change in changes if change.path)


@dataclass
class _Writer:
    secrets: int = 0
    whole: bool = True

    def object(self, value: Object, shape: Variants, named: frozenset[str] = frozenset()) -> Plain:
        known = shape.objects[value.tag].fields
        members = {
            name: self.tree(member, known[name].shape)
            for name, member in value.members.items()
            if known[name].required or name in named or not same(member, known[name].default)
        }
        return {"@type": value.tag, **members}

    def tree(self, value: Tree, shape: Shape) -> Plain:
        match value, shape:
            case Object(), Variants():
                return self.object(value, shape)
            case Items(), ListOf():
                return [self.object(item, shape.item) for item in value.items]
            case Members(), _:
                return [self._url(url) for url in value.members]
            case Secret(), _:
                return self._reference()
            case Url(), _:
                return self._url(value)
            case int(), Duration() if not isinstance(value, bool):
                return duration_text(value)
            case str(), _:
                self.whole = self.whole and masked(value) == value
                return value
            case ((bool() | int() | None), _):
                return value
            case _:
                return None

    def _url(self, url: Url) -> Plain:
        if not url.secrets and is_taken_as_it_is(str(url)):
            return str(url)
        match url.parts:
            case (str() as head, Secret(), str() as tail) if tail.startswith("@"):
                scheme, _, user = head.removesuffix(":").partition("://")
                name, address = unquote(user), f"{scheme}://{tail[1:]}"
                if trim(name) and percent_encoded(name) == user and is_address(address):
                    return {"address": address, "username": name, "password": self._reference()}
        return self._reference()

    def _reference(self) -> Plain:
        self.secrets += 1
        return {"env": f"{FILL_IN}{self.secrets}"}
