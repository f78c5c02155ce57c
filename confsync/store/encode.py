"""States as plain YAML values: masked for people, or with references for a store file."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from confsync.errors import NotWritten
from confsync.kinds.kind import UNSET_ID
from confsync.store.durations import duration_text
from confsync.store.mistakes import Mistake
from confsync.store.sizes import size_text
from confsync.store.texts import identifier, normal
from confsync.store.urls import ADDRESS, PASSWORD, USERNAME, VERSION, is_address
from confsync.store.wrong_secrets import unfilled
from confsync.sync.secret import FILL_IN, IN_CLEAR, MASK, Ref, Secret
from confsync.sync.shape import (
    Duration,
    Field,
    Id,
    ListOf,
    Shape,
    Size,
    Text,
    TextSet,
    UrlText,
    ValueMap,
    Variants,
)
from confsync.sync.tree import (
    Items,
    Members,
    Object,
    Path,
    Tree,
    certainly_equal,
    leaves,
    path_text,
    relation,
)
from confsync.sync.url import (
    Url,
    has_password,
    masked,
    masked_text,
    percent_encoded,
    trim,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from confsync.kinds.kind import Kind
    from confsync.sync.tree import Leaf
    from confsync.sync.values import Change, Live, Plan
    from confsync.yaml.emit import Plain


_LONGEST_KEY = 120
"""Of a map. YAML allows 1,024 characters with their quotes and escapes."""


def to_file(value: Tree, shape: Shape, leaf: Callable[[Leaf, Shape], Plain] | None = None) -> Plain:
    """A value in the form of a file. Secrets and texts like passwords in URLs are masked, or
    written by `leaf`. An id that was never set is null.
    """
    match value, shape:
        case str(), Id() if value == UNSET_ID:
            return None
        case Object(), ValueMap(value=inner):
            members = value.members.items()
            return {masked(name): to_file(member, inner, leaf) for name, member in members}
        case Object(), _:
            fields = shape.fields_of(value.tag) if isinstance(shape, Variants) else {}
            names = value.members if fields else ()
            of = value.members
            shown = {name: to_file(of[name], fields[name].shape, leaf) for name in names}
            return _object(value, shape, shown)
        case Members(), _:
            return [(leaf or _leaf)(url, shape) for url in value.members]
        case Items(), _:
            item = shape.item if isinstance(shape, ListOf) else shape
            return [to_file(one, item, leaf) for one in value.items]
        case _:
            return (leaf or _leaf)(value, shape)


def _leaf(value: Leaf, shape: Shape) -> Plain:
    match value, shape:
        case Secret(), _:
            return MASK if value.ref is None else f"from {value.ref}"
        case Url(), _:
            return str(value)
        case bool(), _:
            return value
        case int(), Duration():
            return duration_text(value)
        case int(), Size():
            return size_text(value)
        case str(), _:
            return masked_text(value)
        case _:
            return value


def _object(value: Object, shape: Shape, members: Mapping[str, Plain]) -> Plain:
    """An object of these members, which a file has: as short as can be."""
    if value.tag or not isinstance(shape, Variants):
        return {"@type": value.tag, **members}
    if not shape.short:
        return {**members}
    known, last = shape.fields_of(""), shape.short
    others = (name for name in known if name != last)
    if all(certainly_equal(value.members[name], known[name].default) for name in others):
        return members[last]
    return {**{name: one for name, one in members.items() if name != last}, last: members[last]}


def to_store(
    live: Live,
    kind: Kind,
    *,
    named: frozenset[str] = frozenset(),
    known: Mapping[Path, Plain] | None = None,
) -> dict[str, Plain]:
    """The document of a store file with a live state. Defaults are left out, except in `named`.

    Passwords and hidden secrets are `{env: FILL_IN_1}` and so on, except for those in `known`.
    Raises NotWritten for an unknown variant or field, and for a text that is unsayable: see
    `Writer`.
    """
    if live.unrecognised:
        raise unknown_fields([live])
    writer = Writer(known=known or {})
    document = {kind.name: writer.object(live.tree, kind.shape, (), named)}
    if writer.unsayable:
        raise no_form(live.object, writer.unsayable)
    return document


def unknown_fields(states: Iterable[Live]) -> NotWritten:
    """The error for states with fields or variants that no table has."""
    names = [f"{live.object}/{path}" for live in states for path in live.unrecognised]
    fact = f"the server has fields that confsync does not know: {', '.join(names)}"
    return NotWritten(fact, hint="run `confsync schema --update`")


def no_form(name: str, paths: Iterable[Path]) -> NotWritten:
    """The error for texts of an object that no file can hold."""
    names = ", ".join(path_text((name, *path)) for path in paths)
    fact = f"cannot write the server's value to a store file: {names}"
    hint = "correct it on the server: it is empty or a mask, or has a password or white space"
    return NotWritten(fact, hint=hint)


def way_back(
    before: Live, plan: Plan, kind: Kind, *, beside: str | None = None
) -> dict[str, Plain]:
    """The document of a store file that restores the state before an update, as `to_store` has it.

    A secret is the reference that the desired state has in its place, or one to fill in if that
    certainly leads to another text. `beside`: the directory of the new file, from the working
    directory; None: the document is printed, for a file beside the store file, without commands.
    """
    directory = str(PurePath(plan.desired.file).parent) if beside is None else beside
    write = partial(_reference, beside=directory, printed=beside is None)
    known = dict(_references(before.tree, plan.desired.tree, (), write))
    return to_store(before, kind, named=touched(plan.difference.changes), known=known)


def _references(
    live: Tree, desired: Tree, path: Path, write: Callable[[Ref], dict[str, Plain] | None]
) -> Iterator[tuple[Path, dict[str, Plain]]]:
    """The references of the desired state in the places of live secrets, as files have them."""
    pairs: Iterable[tuple[str | int, Tree, Tree]] = ()
    match live, desired:
        case Object(members=members), Object(members=others):
            pairs = ((name, one, others[name]) for name, one in members.items() if name in others)
        case Items(items=items), Items(items=others):
            pairs = ((index, *pair) for index, pair in enumerate(zip(items, others, strict=False)))
        case Members(members=members), Members(members=others):
            alike = {url.skeleton: url for url in others}
            pairs = ((index, url, alike.get(url.skeleton)) for index, url in enumerate(members))
        case Secret(), Secret(ref=Ref() as ref) if written := write(ref):
            yield path, written
        case Url(secrets=(_, *_)), Url() if (
            live.skeleton == desired.skeleton and relation(live, desired) != "different"
        ):
            refs = [desired.ref] if desired.ref else [one.ref for one in desired.secrets]
            written = write(refs[0]) if len(refs) == 1 and refs[0] else None
            parts = {} if desired.ref or len(live.parts) == 1 else mapping_parts(live)
            if written and parts is not None:
                yield path, {**parts, PASSWORD: written} if parts else written
    for key, one, other in pairs:
        yield from _references(one, other, (*path, key), write)


def _reference(ref: Ref, beside: str, *, printed: bool) -> dict[str, Plain] | None:
    """A reference as a file in a directory has it. None for plain text, for a reference to fill in,
    and for a command, whose arguments are never `printed`, and which runs beside its file.
    """
    version: dict[str, Plain] = {VERSION: ref.version} if ref.version else {}
    if ref.kind == "command":
        moved = os.path.realpath(ref.base) != os.path.realpath(beside)
        return None if printed or moved else {ref.kind: [ref.argument, *ref.rest], **version}
    if ref.kind == IN_CLEAR.kind or ref.rest or ref.argument.startswith(FILL_IN):
        return None
    if ref.kind == "file" and ref.base:
        path = os.path.relpath(PurePath(ref.base, ref.argument), beside or None)
        return {ref.kind: path, **version}
    return None if ref.base else {ref.kind: ref.argument, **version}


def spelt_out(value: Object, shape: Variants) -> frozenset[str]:
    """The fields of an object that a new file has, even at their defaults."""
    fields = shape.objects[value.tag].fields
    return frozenset(
        name
        for name, known in fields.items()
        if any(_has_secret(value.members[one], fields[one]) for one in known.of_secret)
    )


def _has_secret(value: Tree, known: Field) -> bool:
    if isinstance(value, Object):
        return not certainly_equal(value, known.default)
    return any(leaf.secrets for _, leaf in leaves(value) if isinstance(leaf, Url))


def touched(changes: Iterable[Change]) -> frozenset[str]:
    """The object's changed fields. With `--unlisted keep`, only named fields get their defaults."""
    return frozenset(str(change.path[0]) for change in changes if change.path)


@dataclass
class Writer:
    """Writes live values in the form of files.

    `known`: what is written in the places of some secrets. `taken`: names that no new reference
    gets. `fill_in`: the names of new references. `unsayable`: the places of texts that no file can
    hold: masks, passwords in URLs outside of URL fields, empty texts, trimmed white space, halves
    of characters.
    """

    taken: frozenset[str] = frozenset()
    fill_in: list[str] = field(default_factory=list)
    unsayable: list[Path] = field(default_factory=list)
    known: Mapping[Path, Plain] = field(default_factory=dict)

    def object(
        self,
        value: Object,
        shape: Variants,
        path: Path,
        named: frozenset[str] = frozenset(),
        base: Tree = None,
    ) -> Plain:
        """An object without its defaults, except for those in `named`. `base`: the default of the
        object, from which a file takes the members of one without `@type`.
        """
        known = shape.objects[value.tag].fields
        # A short form leaves nothing to a default of the field.
        known = known if shape.short else with_default(known, base, shape)
        named |= spelt_out(value, shape)
        members = {
            name: self.tree(member, known[name].shape, (*path, name), known[name].default)
            for name, member in value.members.items()
            if known[name].required
            or (name in named and not known[name].kept)
            or not certainly_equal(member, known[name].default)
        }
        return _object(value, shape, members)

    def tree(self, value: Tree, shape: Shape, path: Path, default: Tree = None) -> Plain:
        """Any value. `default`: that of its field."""
        match value, shape:
            case Object(), Variants():
                return self.object(value, shape, path, base=default)
            case Object(), ValueMap(value=inner):
                of = default.members if isinstance(default, Object) else {}
                self.unsayable += [(*path, key) for key in value.members if not is_key(key)]
                return {
                    name: self.tree(member, inner, (*path, name), of.get(name))
                    for name, member in value.members.items()
                }
            case Items(), ListOf():
                items = enumerate(value.items)
                return [self.object(item, shape.item, (*path, index)) for index, item in items]
            case Members(), TextSet(member=member):
                urls = enumerate(value.members)
                return [self.member(url, member, (*path, index)) for index, url in urls]
            case Secret(), _:
                return self.known.get(path) or self.reference()
            case Url(), _:
                return self.url(value, path)
            case str(), _:
                return self._text(value, shape, path)
            case _:
                return to_file(value, shape)

    def member(self, url: Url, shape: Shape, path: Path) -> Plain:
        """A member of a set: a URL, or a text in which no reference can stand."""
        return (
            self.url(url, path) if isinstance(shape, UrlText) else self._text(str(url), shape, path)
        )

    def url(self, url: Url, path: Path) -> Plain:
        """A URL: a text, a mapping for one with a password, or a reference."""
        if path in self.known:
            return self.known[path]
        if not url.secrets and unfilled(str(url)) is None:
            return self._text(str(url), UrlText(), path)
        parts, reference = mapping_parts(url), self.reference()
        return reference if parts is None else {**parts, PASSWORD: reference}

    def reference(self) -> dict[str, Plain]:
        """A reference to fill in."""
        used = {*self.taken, *self.fill_in}
        numbers = (f"{FILL_IN}{number}" for number in count(len(self.fill_in) + 1))
        name = next(name for name in numbers if name not in used)
        self.fill_in.append(name)
        return {"env": name}

    def _text(self, value: str, shape: Shape, path: Path) -> str:
        if has_password(value) or not _is_shown(value) or not _is_said(value, shape):
            self.unsayable.append(path)
        return value


def is_key(key: str) -> bool:
    """True for a key of a map that a file can say."""
    return (
        masked(key) == key and _is_shown(key) and trim(key) == key and 0 < len(key) <= _LONGEST_KEY
    )


def _is_shown(text: str) -> bool:
    """False for a mask, and for half a character."""
    halves = any("\ud800" <= character <= "\udfff" for character in text)
    return not halves and text != MASK


def _is_said(text: str, shape: Shape) -> bool:
    """True for a text that a file can say: reading it changes nothing."""
    try:
        match shape:
            case Id():
                return identifier(text, "") == text
            case Text(form=form, blank=blank):
                said = bool(text if blank else trim(text))
                trimmed = not shape.trimmed or trim(text) == text
                return said and trimmed and normal(text, form, "") == text
            case _:
                return bool(text) and trim(text) == text
    except Mistake:
        return False


def with_default(
    fields: Mapping[str, Field], default: Tree, shape: Variants
) -> Mapping[str, Field]:
    """The fields of an object without `@type` with the default of the object: from it a file takes
    the members that it does not name.
    """
    if not shape.plain or not isinstance(default, Object):
        return fields
    members = default.members
    return {
        name: replace(one, required=False, default=members[name]) for name, one in fields.items()
    }


def mapping_parts(url: Url) -> dict[str, Plain] | None:
    """The mapping form of a URL without its password; None if the URL has no mapping form."""
    match url.parts:
        case (str() as head, Secret(), str() as tail) if tail.startswith("@"):
            scheme, separator, user = head.removesuffix(":").partition("://")
            name, address = unquote(user), f"{scheme}://{tail[1:]}"
            sayable = (trim(name) or not user) and name != MASK and percent_encoded(name) == user
            if separator and sayable and is_address(address):
                return {ADDRESS: address, **({USERNAME: name} if user else {})}
    return None
