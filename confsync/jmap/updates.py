"""Updates laid over the defaults of an object: the state that a plan of stalwart-cli describes.

Values are the wire's JSON. What an update merges and what it replaces: wire section 5, and
docs/development/objects.md, section 2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from confsync.jmap import pointer
from confsync.jmap.decode import Mismatch
from confsync.sync import shape as shapes
from confsync.sync.secret import MASK, Secret
from confsync.sync.tree import Items, Members, Object, Path, Tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.jmap.answers import Json

TYPE = "@type"
_SLOT = re.compile("[0-9]{1,9}")
_ID = "id"


class ToCreate(Mismatch):
    """The id of an object that the plan creates: only its server will know it."""


@dataclass
class Laid:
    """An object with updates over its defaults. Secrets are masks: no value of one is kept.

    `state`: empty before the first update. `guessed`: places of ids that stalwart-cli wrote as
    `#domain-b`, taken for the id `b` of the server that the snapshot was made of.
    """

    shape: shapes.Variants
    state: dict[str, Json] = field(default_factory=dict, repr=False)
    guessed: list[Path] = field(default_factory=list)

    def lay(self, update: Mapping[str, Json]) -> None:
        """Lay an update over the state. Raises Mismatch; the state is undefined then."""
        tag = "" if self.shape.plain else update.get(TYPE, self.state.get(TYPE))
        if not self.state or tag != self.state.get(TYPE, ""):
            self.state = self._start(tag, self.shape, ())
        for key, value in update.items():
            tokens = pointer.read(key)
            if not tokens:
                raise Mismatch((), "has an empty name")
            if tokens not in {(TYPE,), (_ID,)}:
                self._set(self.state, tokens, value, self.shape, ())

    def _set(
        self,
        state: dict[str, Json],
        tokens: tuple[str, ...],
        value: Json,
        shape: shapes.Shape,
        path: Path,
    ) -> None:
        """Set what a pointer leads to."""
        name, *rest = tokens
        here = (*path, name)
        inner = _shape_of(state, name, shape, here)
        if rest:
            below = state.get(name)
            if below is None and isinstance(inner, shapes.Variants) and inner.plain:
                below = self._start("", inner, here)
            if not isinstance(below, dict):
                raise Mismatch(here, "has nothing that a pointer leads to")
            state[name] = below
            self._set(below, tuple(rest), value, inner, here)
        elif isinstance(shape, shapes.TextSet):
            self._member(state, name, value, shape, here)
        elif value is None and isinstance(shape, shapes.ValueMap):
            state.pop(name, None)
        elif value is None and isinstance(shape, shapes.ListOf):
            raise Mismatch(here, "cannot be removed alone: only whole lists are imported")
        else:
            state[name] = self._whole(value, inner, state.get(name), here)

    def _member(
        self, state: dict[str, Json], name: str, value: Json, shape: shapes.TextSet, path: Path
    ) -> None:
        key = self._id(name, shape.member, path) if isinstance(shape.member, shapes.Id) else name
        if value is None or value is False:
            state.pop(key, None)
        else:
            state[key] = value

    def _whole(self, value: Json, shape: shapes.Shape, before: Json, path: Path) -> Json:
        """A value in the place of another one."""
        if isinstance(value, list):
            raise Mismatch(path, 'is an array; the server takes an object, like {"0": …}')
        match shape, value:
            case shapes.Variants(), dict():
                return self._object(value, shape, before, path)
            case shapes.ListOf(item=inner), dict() if all(map(_SLOT.fullmatch, value)):
                items = sorted(value.items(), key=lambda entry: int(entry[0]))
                return {
                    str(at): self._whole(one, inner, None, (*path, name))
                    for at, (name, one) in enumerate(items)
                }
            case shapes.ValueMap(value=inner), dict():
                return {
                    name: self._whole(one, inner, None, (*path, name))
                    for name, one in value.items()
                }
            case shapes.TextSet(), dict():
                made: dict[str, Json] = {}
                for name, one in value.items():
                    self._member(made, name, one, shape, (*path, name))
                return made
            case shapes.Id(), str():
                return self._id(value, shape, path)
            case shapes.SecretText(), str():
                return MASK
            case _:
                return value

    def _object(
        self, value: dict[str, Json], shape: shapes.Variants, before: Json, path: Path
    ) -> dict[str, Json]:
        """An object without variants is merged into the one before; others start from defaults."""
        if shape.plain and isinstance(before, dict):
            made = before
        else:
            made = self._start(_tag(value, shape, path), shape, path)
        for name, one in value.items():
            if name != TYPE:
                self._set(made, (name,), one, shape, path)
        return made

    def _id(self, value: str, shape: shapes.Id, path: Path) -> str:
        if not value.startswith("#"):
            return value
        prefix = f"#{shape.object.partition('/')[0].lower()}-"
        if not value.startswith(prefix):
            raise ToCreate(path, "is the id of an object that the plan creates")
        self.guessed.append(path)
        return value.removeprefix(prefix)

    def _start(self, tag: Json, shape: shapes.Variants, path: Path) -> dict[str, Json]:
        """A variant as the server builds it: with its defaults, mandatory secrets unknown."""
        if not isinstance(tag, str):
            raise Mismatch((*path, TYPE), "is missing")
        if tag not in shape.objects:
            raise Mismatch((*path, TYPE), "is unknown")
        made: dict[str, Json] = {TYPE: tag} if tag else {}
        for name, known in shape.objects[tag].fields.items():
            if not known.required:
                made[name] = _json(known.default)
            elif isinstance(known.shape, shapes.SecretText):
                made[name] = MASK
        return made


def _tag(value: Mapping[str, Json], shape: shapes.Variants, path: Path) -> Json:
    if not shape.plain and not isinstance(value.get(TYPE), str):
        raise Mismatch((*path, TYPE), "is missing")
    return "" if shape.plain else value.get(TYPE)


def _shape_of(
    state: Mapping[str, Json], name: str, shape: shapes.Shape, path: Path
) -> shapes.Shape:
    """The shape of a member. Raises Mismatch for an unknown field."""
    match shape:
        case shapes.Variants():
            tag = "" if shape.plain else str(state.get(TYPE))
            known = shape.fields_of(tag).get(name)
            if known is None:
                raise Mismatch(path, "is unknown")
            return known.shape
        case shapes.ListOf(item=inner) | shapes.ValueMap(value=inner):
            return inner
        case shapes.TextSet():
            return shapes.Boolean()
        case _:
            raise Mismatch(path, "is unknown")


def _json(value: Tree) -> Json:
    """A default, which holds no secret."""
    match value:
        case Object():
            members = {name: _json(member) for name, member in value.members.items()}
            return {TYPE: value.tag, **members} if value.tag else members
        case Members():
            return {str(url): True for url in value.members}
        case Items():
            return {str(slot): _json(item) for slot, item in enumerate(value.items)}
        case Secret():
            return MASK
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
