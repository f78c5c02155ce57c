"""Decode a server's answer to a live state (wire section 3) and seal its passwords."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from confsync.errors import UnexpectedAnswer
from confsync.jmap.answers import MAX_ITEMS
from confsync.kinds.kind import U64
from confsync.sync import shape as shapes
from confsync.sync.secret import HIDDEN, MASK, Vault
from confsync.sync.tree import Items, Members, Object, Path, Scalar, Tree, path_text
from confsync.sync.url import Url, is_sensitive, seal_text, seal_url
from confsync.sync.values import Absent, Live

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.jmap.answers import Json
    from confsync.kinds.kind import Kind

# Names of a newer server are shown, never a text that was stored there.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,40}")

_MAPPED = re.compile(r"::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})(?=/|$)")
"""An IPv4 address in IPv6 with hexadecimal digits: another spelling of `::ffff:1.2.3.4`."""

MAX_TEXT = 64 * 1024
MAX_UNKNOWN = 20
"""Unknown names that are listed; more are counted."""


def from_wire(kind: Kind, answer: Mapping[str, Json], vault: Vault) -> Live:
    """Decode the object that `get` returned.

    Durations are integers in milliseconds, from 1; sets are objects of `true`, lists are objects
    with the keys 0, 1, …, every secret is `****`. The first 20 unknown fields and variants are
    named in the result, and so are fields that an older server does not send. Limits of fields are
    not checked: an older server may have stored others.

    Raises UnexpectedAnswer for a value of another type, more than 1,000 items, over 64 KiB of text,
    and for an object without any of its fields or without one that has no default.
    """
    try:
        return decoded(kind, answer, vault)
    except Mismatch as wrong:
        place = path_text((kind.name, *wrong.path))
        raise UnexpectedAnswer(
            f"unexpected object from the server: {place} {wrong.fact}",
            hint="check that the URL is a Stalwart server, 0.16.10 or later",
        ) from None


class Mismatch(ValueError):
    """A value that is not of the shape of its place. `fact`: like `is missing`."""

    def __init__(self, path: Path, fact: str) -> None:
        super().__init__(fact)
        self.path = path
        self.fact = fact


def decoded(kind: Kind, answer: Mapping[str, Json], vault: Vault) -> Live:
    """Like `from_wire`, for an object that is not from a server. Raises Mismatch."""
    decoder = _Decoder(vault)
    members = {name: value for name, value in answer.items() if name != "id"}
    tree = decoder.variant(members, kind.shape, ())
    names, more = decoder.unrecognised, len(decoder.unrecognised) - MAX_UNKNOWN
    others = (f"{more:,} other names",) if more > 0 else ()
    absent = tuple(decoder.absent.values())
    return Live(kind.name, tree, (*names[:MAX_UNKNOWN], *others), absent)


class _Decoder:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self.unrecognised: list[str] = []
        self.absent: dict[tuple[str, str, str], Absent] = {}

    def variant(self, value: Json, shape: shapes.Variants, path: Path) -> Object:
        if not isinstance(value, dict):
            raise _unexpected(path, "an object")
        tag = "" if shape.plain else value.get("@type")
        if not isinstance(tag, str) or not (shape.plain or _NAME.fullmatch(tag)):
            raise _unexpected(path, "an object with @type")
        known = shape.objects.get(tag)
        if known is None:
            self.unrecognised.append(path_text((*path, "@type")))
            return Object(tag, {})
        self.unrecognised += [
            path_text((*path, name if _NAME.fullmatch(name) else "an invalid name"))
            for name in sorted(value)
            if name not in known.fields and name != "@type"
        ]
        members: dict[str, Tree] = {}
        for name, field in known.fields.items():
            within = (*path, name)
            if name in value:
                null = value[name] is None and field.nullable
                members[name] = None if null else self._value(value[name], field.shape, within)
            elif field.required or known.fields.keys().isdisjoint(value):
                raise _unexpected(within)
            else:
                absent = Absent(within, shape.name, tag)
                self.absent.setdefault(absent.field, absent)
                members[name] = field.default
        return Object(tag, members)

    def _value(self, value: Json, shape: shapes.Shape, path: Path) -> Tree:
        match shape:
            case shapes.SecretText():
                if value != MASK:
                    raise _unexpected(path, f"{MASK}, as Stalwart masks every secret")
                return HIDDEN
            case shapes.UrlText():
                return seal_url(_text(value, path), self._vault)
            case shapes.ValueMap() | shapes.TextSet() | shapes.ListOf():
                if not isinstance(value, dict):
                    raise _unexpected(path, "an object")
                return self._container(_few(value, path), shape, path)
            case shapes.Variants():
                return self.variant(value, shape, path)
            case _:
                return _scalar(value, shape, path)

    def _container(
        self,
        value: dict[str, Json],
        shape: shapes.ValueMap | shapes.TextSet | shapes.ListOf,
        path: Path,
    ) -> Tree:
        match shape:
            case shapes.ValueMap(value=inner):
                values = ((_text(name, path), one) for name, one in value.items())
                return Object(
                    "", {name: self._named(name, one, inner, (*path, name)) for name, one in values}
                )
            case shapes.TextSet(member=member):
                if any(kept is not True for kept in value.values()):
                    raise _unexpected(path, "an object whose values are all true")
                texts = [_spelt(_text(url, path), member) for url in value]
                seal = seal_url if isinstance(member, shapes.UrlText) else seal_text
                return Members(tuple(seal(text, self._vault) for text in texts))
            case shapes.ListOf(item):
                slots = list(map(str, range(len(value))))
                if set(value) != set(slots):
                    raise _unexpected(path, "the keys 0, 1, … without gaps")
                return Items(tuple(self.variant(value[at], item, (*path, int(at))) for at in slots))

    def _named(self, name: str, value: Json, shape: shapes.Shape, path: Path) -> Tree:
        """A value of a map; one with the name of a secret is sealed whole."""
        if isinstance(shape, shapes.UrlText) and is_sensitive(name):
            return Url((self._vault.seal(_text(value, path)),))
        return self._value(value, shape, path)


def _scalar(value: Json, shape: shapes.Shape, path: Path) -> Scalar:
    match shape:
        case shapes.Boolean():
            if not isinstance(value, bool):
                raise _unexpected(path, "true or false")
            return value
        case shapes.Integer(minimum=low) | shapes.Size(minimum=low) | shapes.Duration(minimum=low):
            least = 1 if isinstance(shape, shapes.Duration) else min(low, 0)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= U64:
                raise _unexpected(path, f"a whole number from {least} to {U64}")
            return value
        case shapes.Float():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise _unexpected(path, "a number")
            if not math.isfinite(value):
                # Such as 1e400, to Python.
                raise _unexpected(path, "a finite number")
            return float(value)
        case shapes.Text() | shapes.Choice() | shapes.Id():
            return _spelt(_text(value, path), shape)
        case _:
            raise _unexpected(path, "a value of another shape")


def _text(value: Json, path: Path) -> str:
    if not isinstance(value, str):
        raise _unexpected(path, "a string")
    try:
        size = len(value.encode("utf-8"))
    except UnicodeEncodeError:
        raise _unexpected(path, "valid Unicode") from None
    if size > MAX_TEXT:
        raise _unexpected(path, "a string of at most 64 KiB")
    return value


def _spelt(text: str, shape: shapes.Shape) -> str:
    """A text; an address in the one spelling that files are read to."""
    if not isinstance(shape, shapes.Text) or shape.form not in {"address", "host", "network"}:
        return text
    return _MAPPED.sub(_dotted, text)


def _dotted(found: re.Match[str]) -> str:
    return "::ffff:" + ".".join(map(str, bytes.fromhex(f"{found[1]:0>4}{found[2]:0>4}")))


def _few(items: dict[str, Json], path: Path) -> dict[str, Json]:
    if len(items) > MAX_ITEMS:
        raise _unexpected(path, "a list of at most 1,000 items")
    return items


def _unexpected(path: Path, wanted: str = "") -> Mismatch:
    """The error for a value that is not `wanted`, or for a missing one."""
    return Mismatch(path, f"is not {wanted}" if wanted else "is missing")
