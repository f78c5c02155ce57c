"""From the table of an object to its shape: see `make_table.py`.

A table is data: that of the newest 0.16 is built in, one file an object, loaded when it is used.
Those of another version come from `confsync schema --update`: see `table_file.py`.
What a schema does not say stands in `About`, by type and field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from confsync.kinds.forms import FORMS, SHORT, URLS
from confsync.kinds.kind import UNSET_ID
from confsync.sync import shape as shapes
from confsync.sync.secret import Secret
from confsync.sync.tree import Items, Members, Object, Tree
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Callable

Json: TypeAlias = dict[str, Any]

_BUILT_IN = Path(__file__).parent / "tables"
_NONE: Mapping[str, Words] = {}


@dataclass(frozen=True)
class Words:
    """What a schema does not say of a field: see `Field`. `order_counts`: see `TextSet`."""

    summary: str
    examples: tuple[shapes.Example, ...] = ()
    note: str = ""
    of_secret: tuple[str, ...] = ()
    order_counts: Callable[[tuple[Url, ...]], bool] = shapes.never


@dataclass(frozen=True)
class About:
    """What a schema does not say of an object: summaries of types and variants, like `Redis`, and
    words for fields, in the order in which they are shown, by the names of their variant.
    """

    summaries: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, Words]] = field(default_factory=dict)


def names() -> tuple[str, ...]:
    """The objects with a table that is built in."""
    return tuple(sorted(file.stem for file in _BUILT_IN.glob("*.json")))


def built_in(name: str) -> Json:
    """The table of an object that is built in. Raises KeyError for another one."""
    if name not in names():
        raise KeyError(name)
    found: Json = json.loads((_BUILT_IN / f"{name}.json").read_text("utf-8"))
    return found


class Tables:
    """The tables of one version of the server, each loaded when it is used."""

    def __init__(self, names: tuple[str, ...], table: Callable[[str], Json]) -> None:
        self.names, self.table = names, table


BUILT_IN = Tables(names(), built_in)
"""The tables of the newest 0.16."""


def shape_of(table: Json, about: About = About()) -> shapes.Variants:
    """The shape of the object of a table."""
    shape = _Maker(table["types"], about).variants(table["object"])
    if not shape.plain:
        return shape
    fields = {name: _kept(one) for name, one in shape.fields_of("").items()}
    return replace(shape, objects={"": replace(shape.objects[""], fields=fields)})


def _kept(known: shapes.Field) -> shapes.Field:
    """A field of a whole object. A required text may never have been set, and nothing rebuilds the
    object, so a file need not name it. The same goes for an expression, whose text is required.
    """
    unset = _unset(known.shape) if known.required else None
    return known if unset is None else replace(known, required=False, default=unset, kept=True)


def _unset(shape: shapes.Shape) -> Tree:
    """A required value that was never set; None for a value that cannot be told from others."""
    match shape:
        case shapes.Id():
            return UNSET_ID
        case shapes.Text():
            return ""
        case shapes.Variants(short=short) if short:
            fields = shape.fields_of("").items()
            return Object("", {name: "" if name == short else of.default for name, of in fields})
        case _:
            return None


class _Maker:
    def __init__(self, types: Json, about: About) -> None:
        self._types, self._about = types, about
        self._made: dict[str, shapes.Variants] = {}

    def variants(self, name: str) -> shapes.Variants:
        """The shape of a type. No type is part of itself."""
        if name not in self._made:
            objects = {
                tag: shapes.Fields(
                    tag, self._fields(name, tag, fields), self._about.summaries.get(tag, "")
                )
                for tag, fields in self._types[name].items()
            }
            summary = self._about.summaries.get(name, "")
            self._made[name] = shapes.Variants(name, objects, summary, SHORT.get(name, ""))
        return self._made[name]

    def _fields(self, name: str, tag: str, fields: Json) -> dict[str, shapes.Field]:
        words = self._about.fields.get(tag or name, _NONE)
        order = [
            *(one for one in words if one in fields),
            *(one for one in fields if one not in words),
        ]
        return {one: self._field(name, one, fields[one], words.get(one)) for one in order}

    def _field(self, type_: str, name: str, about: Json, words: Words | None) -> shapes.Field:
        shape = self._shape(f"{type_}/{name}", about, words)
        required = about.get("required", False)
        made = shapes.Field(
            shape,
            nullable=about.get("nullable", False),
            required=required,
            default=None if required else value_of(about["default"], shape),
        )
        if words is None:
            return made
        return replace(
            made,
            summary=words.summary,
            examples=words.examples,
            note=words.note,
            of_secret=words.of_secret,
        )

    def _shape(self, path: str, about: Json, words: Words | None = None) -> shapes.Shape:
        match about["type"]:
            case "object":
                return self.variants(about["of"])
            case "list":
                return shapes.ListOf(self.variants(about["of"]), about.get("min", 0))
            case "set":
                order = shapes.never if words is None else words.order_counts
                member = self._shape(path, about["of"])
                return shapes.TextSet(order, member, about.get("min", 0))  # type: ignore[arg-type] # a table has only texts in sets
            case "map":
                key, value = self._shape(path, about["key"]), self._shape(path, about["of"])
                if isinstance(key, shapes.Text) and isinstance(value, shapes.Text):
                    # Headers hold tokens.
                    value = shapes.UrlText()
                return shapes.ValueMap(key, value)  # type: ignore[arg-type] # a table has only texts as keys
            case _:
                return _leaf(path, about)


def _leaf(path: str, about: Json) -> shapes.LeafShape:
    low: Any = about.get("min")
    high: Any = about.get("max")
    match about["type"]:
        case "boolean":
            return shapes.Boolean()
        case "enum":
            return shapes.Choice(tuple(about["words"]))
        case "id":
            return shapes.Id(about["of"])
        case "unsignedInteger" | "integer":
            return shapes.Integer(low, high)
        case "size":
            return shapes.Size(low, high)
        case "duration":
            return shapes.Duration(low, high)
        case "float":
            return shapes.Float(low, high)
        case kind if kind == "uri" or path in URLS:
            return shapes.UrlText()
        case "secret" | "secretText" as kind:
            return shapes.SecretText(lines=kind == "secretText")
        case kind:
            field_ = path.rpartition("/")[2]
            form = FORMS.get(path) or FORMS.get(field_) or FORMS.get(kind, "trimmed")
            # The server refuses a blank path or name of a variable, though it trims none.
            return shapes.Text(form, blank=form == "exact" and field_ not in FORMS)


def value_of(value: object, shape: shapes.Shape) -> Tree:
    """A value of a table as a tree. Texts that may hold passwords hold none there."""
    match shape:
        case _ if value is None:
            return None
        case shapes.Variants():
            members = _members(value)
            tag = str(members.get("@type", ""))
            fields = shape.fields_of(tag)
            return Object(
                tag, {name: value_of(members[name], of.shape) for name, of in fields.items()}
            )
        case shapes.ListOf(item):
            return Items(tuple(_object(one, item) for one in _list(value)))
        case shapes.TextSet():
            return Members(tuple(Url((str(one),)) for one in _list(value)))
        case shapes.ValueMap(value=inner):
            return Object("", {name: value_of(of, inner) for name, of in _members(value).items()})
        case shapes.UrlText():
            return Url((str(value),))
        case shapes.SecretText():
            return Secret(None, None)
        case shapes.Float():
            return float(str(value))
        case _ if isinstance(value, bool | int | str):
            return value
        case _:
            raise TypeError("not a value of a table")


def _object(value: object, shape: shapes.Variants) -> Object:
    found = value_of(value, shape)
    if not isinstance(found, Object):
        raise TypeError("not an object")
    return found


def _members(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError("not an object")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value
