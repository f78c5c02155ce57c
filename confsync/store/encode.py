"""States as plain YAML values: masked to show, or with references to fill in for a store file."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

from confsync.store.durations import duration_text
from confsync.store.urls import ADDRESS, PASSWORD, USERNAME, is_address
from confsync.store.wrong_secrets import unfilled
from confsync.sync.secret import MASK, Secret
from confsync.sync.shape import Duration, ListOf, Shape, Text, Variants
from confsync.sync.tree import Items, Members, Object, Path, Tree, certainly_equal
from confsync.sync.url import Url, masked, percent_encoded, trim

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confsync.kinds.kind import Kind
    from confsync.sync.values import Change, Live

Plain: TypeAlias = "bool | int | str | list[Plain] | dict[str, Plain] | None"

FILL_IN = "FILL_IN_"


def to_file(value: Tree, shape: Shape) -> Plain:
    """A value as a file writes it: durations as texts, sets and lists as lists, secrets masked,
    and so is what looks like a password in a URL where none belongs.
    """
    match value:
        case Object():
            return {"@type": value.tag, **_members(value, shape)}
        case Members():
            return [str(url) for url in value.members]
        case Items():
            inner = shape.item if isinstance(shape, ListOf) else shape
            return [to_file(item, inner) for item in value.items]
        case Secret():
            return MASK if value.ref is None else f"from {value.ref}"
        case Url():
            return str(value)
        case int() if isinstance(shape, Duration) and not isinstance(value, bool):
            return duration_text(value)
        case str():
            return masked(value)
        case _:
            return value


def _members(value: Object, shape: Shape) -> dict[str, Plain]:
    if not isinstance(shape, Variants) or value.tag not in shape.objects:
        return {}
    fields = shape.objects[value.tag].fields
    return {name: to_file(member, fields[name].shape) for name, member in value.members.items()}


def to_store(
    live: Live, kind: Kind, *, named: frozenset[str] = frozenset()
) -> dict[str, Plain] | None:
    """The document of a store file that says a live state; what is at its default is left out, but
    for the fields in `named`.

    What the server hides, and passwords, are `{env: FILL_IN_1}` and so on. None where the server
    has something that a file cannot say: a variant or a field that confsync does not know, or a
    text that a `Writer` calls unsayable.
    """
    if live.unrecognised:
        return None
    writer = Writer()
    document: dict[str, Plain] = {kind.name: writer.object(live.tree, kind.shape, (), named)}
    return None if writer.unsayable else document


def touched(changes: Iterable[Change]) -> frozenset[str]:
    """The object's fields that some changes are about: with `--unlisted keep` a file has to name
    them, to bring them back to their defaults.
    """
    return frozenset(str(change.path[0]) for change in changes if change.path)


@dataclass
class Writer:
    """Writes live values as files say them.

    `taken` are the names of references that may not be used again. `fill_in` are those that it
    made up. `unsayable` are the places of texts that no file can hold: a mask, what looks like a
    password in a URL where none belongs, no text at all, white space where it is trimmed, half a
    character.
    """

    taken: frozenset[str] = frozenset()
    fill_in: list[str] = field(default_factory=list)
    unsayable: list[Path] = field(default_factory=list)

    def object(
        self, value: Object, shape: Variants, path: Path, named: frozenset[str] = frozenset()
    ) -> dict[str, Plain]:
        """An object without the fields that are at their default, but for those in `named`."""
        known = shape.objects[value.tag].fields
        members = {
            name: self.tree(member, known[name].shape, (*path, name))
            for name, member in value.members.items()
            if known[name].required
            or name in named
            or not certainly_equal(member, known[name].default)
        }
        return {"@type": value.tag, **members}

    def tree(self, value: Tree, shape: Shape, path: Path) -> Plain:
        """Any value."""
        match value, shape:
            case Object(), Variants():
                return self.object(value, shape, path)
            case Items(), ListOf():
                items = enumerate(value.items)
                return [self.object(item, shape.item, (*path, index)) for index, item in items]
            case Members(), _:
                return [self.url(url, (*path, index)) for index, url in enumerate(value.members)]
            case Secret(), _:
                return self.reference()
            case Url(), _:
                return self.url(value, path)
            case int(), Duration() if not isinstance(value, bool):
                return duration_text(value)
            case str(), _:
                return self._text(value, path, trimmed=not isinstance(shape, Text) or shape.trimmed)
            case ((bool() | int() | None), _):
                return value
            case _:
                return None

    def url(self, url: Url, path: Path) -> Plain:
        """A URL: as a text, as a mapping where it has a password, or as one reference."""
        if not url.secrets and unfilled(str(url)) is None:
            return self._text(str(url), path, trimmed=True)
        parts = mapping_parts(url)
        if parts is None:
            return self.reference()
        return {**parts, PASSWORD: self.reference()}

    def reference(self) -> dict[str, Plain]:
        """A reference to fill in."""
        used = {*self.taken, *self.fill_in}
        numbers = (f"{FILL_IN}{number}" for number in count(len(self.fill_in) + 1))
        name = next(name for name in numbers if name not in used)
        self.fill_in.append(name)
        return {"env": name}

    def _text(self, value: str, path: Path, *, trimmed: bool) -> str:
        changed = trim(value) if trimmed else value if trim(value) else ""
        unfit = changed != value or changed in {"", MASK} or any(map(_half, value))
        if unfit or masked(value) != value:
            self.unsayable.append(path)
        return value


def mapping_parts(url: Url) -> dict[str, Plain] | None:
    """The mapping form of a URL without its password; None where it cannot say the URL."""
    match url.parts:
        case (str() as head, Secret(), str() as tail) if tail.startswith("@"):
            scheme, separator, user = head.removesuffix(":").partition("://")
            name, address = unquote(user), f"{scheme}://{tail[1:]}"
            sayable = (trim(name) or not user) and name != MASK and percent_encoded(name) == user
            if separator and sayable and is_address(address):
                return {ADDRESS: address, **({USERNAME: name} if user else {})}
    return None


def _half(character: str) -> bool:
    """Whether it is half a character, which no file can hold."""
    return "\ud800" <= character <= "\udfff"
