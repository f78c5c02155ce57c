"""The schema that a server publishes: checked, and reduced to what tables are made of.

Only types that a settings object needs are looked at. A field of a type that confsync does not
know is left out: the server keeps it. Facts: docs/development/objects.md, sections 3 and 4.
"""

from __future__ import annotations

import base64
import re
import zlib
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from confsync.errors import ServerRefused, UnexpectedAnswer
from confsync.jmap.answers import check_status, parse
from confsync.kinds.make_table import ELSEWHERE, objects, table
from confsync.kinds.table import BUILT_IN
from confsync.kinds.table_file import MAX_BYTES, Version, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from confsync.net.http import Answer

MAX_UNPACKED = 16 * 1024 * 1024
MAX_TYPES = 400
MAX_FIELDS = 1000
"""Fields of one object, with those of the objects in it. The largest of 0.16 has 189."""

MAX_DEFAULTS = 5000
"""Values in all defaults of a schema. 0.16 has 762."""

MAX_DEPTH = 16
_GZIP = 31
"""zlib's word for a gzip header and trailer."""

_MOVED = {301, 302, 303, 307, 308}
_NOT_FOUND = 404
_ADDRESS = re.compile(r"/api/schema/[A-Za-z0-9_-]{1,64}")
_HINT = "check that the URL is a Stalwart server, 0.16.10 or later"
_NEWER = "update confsync: this version cannot read the schema of this server"

Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9]{0,63}$")]
TypeName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^(x:)?[A-Za-z][A-Za-z0-9]{0,63}$")]
Word: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[!-~]([ -~]{0,126}[!-~])?$")]
Number: TypeAlias = int | float
Json: TypeAlias = dict[str, Any]

_SCALARS = {"boolean", "number", "string", "enum", "objectId", "blobId", "utcDateTime"}
_NUMBERS = {"unsignedInteger", "integer", "size", "duration", "float"}
_TEXTS = {"string", "html", "text", "secret", "secretText", "uri", "emailAddress", "color",
          "ipAddress", "ipNetwork"}  # fmt: skip
_MEMBERS = {"string", "enum", "objectId"}
"""Types that a set or the keys of a map can have."""


class _Model(BaseModel):
    """A strict model. Texts for people, and all else that tables do not need, are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


class _Top(_Model):
    objects: dict[str, object]
    schemas: dict[str, object]
    fields: dict[str, object]
    enums: dict[str, object]


class _Variant(_Model):
    name: Name
    schema_name: TypeName | None = Field(None, alias="schemaName")


class _Type(_Model):
    type: Name
    schema_name: TypeName | None = Field(None, alias="schemaName")
    variants: list[_Variant] = []


class _About(_Model):
    type: Name
    format: Name | None = None
    nullable: bool = False
    min: Annotated[Number, Field(allow_inf_nan=False)] | None = None
    max: Annotated[Number, Field(allow_inf_nan=False)] | None = None
    min_items: Annotated[int, Field(ge=0, le=1000)] | None = Field(None, alias="minItems")
    object_name: TypeName | None = Field(None, alias="objectName")
    enum_name: Name | None = Field(None, alias="enumName")
    member: _About | None = Field(None, alias="class")
    key: _About | None = Field(None, alias="keyClass")
    value: _About | None = Field(None, alias="valueClass")


class _Property(_Model):
    type: _About


class _Fields(_Model):
    properties: dict[Name, _Property]
    defaults: dict[Name, object] = {}


class _Word(_Model):
    name: Word


def moved(answer: Answer, origin: str) -> str | None:
    """The path that an answer redirects to, below `/api/schema/` of `origin`; None without one.

    Raises UnexpectedAnswer for any other redirect.
    """
    if answer.status not in _MOVED:
        return None
    path = answer.headers.get("location", "").removeprefix(origin)
    if not _ADDRESS.fullmatch(path):
        raise _unexpected("it is said to be at another address")
    return path


def unpacked(answer: Answer) -> bytes:
    """The body of an answer, without gzip. Raises ServerRefused and UnexpectedAnswer."""
    if answer.status == _NOT_FOUND:
        fact = "the server publishes no schema at /api/schema (HTTP 404)"
        raise ServerRefused(fact, status=answer.status, hint=_HINT)
    check_status(answer)
    encoding = answer.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"", "identity"}:
        return answer.body
    try:
        reader = zlib.decompressobj(_GZIP)
        body = reader.decompress(answer.body, MAX_UNPACKED + 1)
    except zlib.error:
        raise _unexpected("it is no gzip") from None
    if len(body) > MAX_UNPACKED:
        raise _unexpected("it is larger than 16 MiB")
    if encoding != "gzip" or not reader.eof or reader.unused_data:
        raise _unexpected("its gzip is cut off, or followed by more")
    return body


def version(body: bytes, hash_: str) -> Version:
    """The tables of all settings objects of a schema. `hash_`: the server's word for it; empty:
    none. Raises UnexpectedAnswer.
    """
    document = parse(body)
    try:
        reduced = _Reduced(_Top.model_validate(document))
        schema = reduced.schema()
        names = objects(schema)
        if not any(name in BUILT_IN.names for name in names):
            raise _unexpected("it has no settings object that confsync knows")
        types: dict[str, Json] = {}
        for name in names:
            types |= table(schema, name)["types"]
        _check_defaults(types)
    except (ValidationError, RecursionError):
        raise _unexpected("it is not of the known form") from None
    except (LookupError, TypeError, ValueError, ArithmeticError):
        raise _unexpected("a default is not of its type", _NEWER) from None
    hash_ = hash_ or base64.urlsafe_b64encode(sha256(body).digest()).decode().rstrip("=")
    found = Version(hash_, names, types, tuple(sorted(reduced.left_out)))
    if len(text_of(found)) > MAX_BYTES:
        raise _unexpected("its tables are larger than 4 MiB")
    return found


class _Reduced:
    """The types that settings objects need, each checked once."""

    def __init__(self, top: _Top) -> None:
        self._top = top
        self._made: dict[str, Json] = {"objects": {}, "schemas": {}, "fields": {}, "enums": {}}
        self._inner: dict[str, dict[str, set[str]]] = {}
        """By the name of some fields: those of the objects in each of them."""
        self._sizes: dict[str, tuple[int, int]] = {}
        self._defaults = 0
        self.left_out: set[str] = set()

    def schema(self) -> Json:
        """The reduced schema."""
        for name, about in self._top.objects.items():
            if not isinstance(about, dict) or about.get("type") != "singleton":
                continue
            if name.removeprefix("x:") not in ELSEWHERE:
                _Variant.model_validate({"name": name.removeprefix("x:")})
                self._made["objects"][name] = {"type": "singleton"}
        waiting = [*self._made["objects"]]
        while waiting:
            for fields in self._type(waiting.pop()) - self._inner.keys():
                waiting += self._fields(fields)
        self._cut_cycles()
        for name in self._made["objects"]:
            sizes = [self._size(one) for one in self._type(name)]
            many = sum(size for size, _ in sizes) > MAX_FIELDS
            if many or max((depth for _, depth in sizes), default=0) > MAX_DEPTH:
                raise _unexpected("an object has too many fields, or is nested too deep")
        return self._made

    def _type(self, name: str) -> set[str]:
        """Take a type over. Returns the names of its variants' fields."""
        bare = name.removeprefix("x:")
        full = f"x:{bare}" if f"x:{bare}" in self._top.schemas else bare
        if full not in self._top.schemas or len(self._made["schemas"]) > MAX_TYPES:
            raise _unexpected("a type is missing, or there are too many")
        about = _Type.model_validate(self._top.schemas[full])
        variants = [(one.name, one.schema_name) for one in about.variants]
        if about.type == "single":
            variants = [("", about.schema_name)]
            made: Json = {"type": "single", "schemaName": about.schema_name}
        elif about.type == "multiple" and variants:
            each = [{"name": one, "schemaName": of} for one, of in variants]
            made = {"type": "multiple", "variants": each}
        else:
            raise _unexpected("a type is neither single nor multiple")
        self._made["schemas"][full] = made
        return {fields for _, fields in variants if fields is not None}

    def _fields(self, name: str) -> list[str]:
        """Take the fields of a variant over. Returns the types of the objects in them."""
        if name not in self._top.fields:
            raise _unexpected("the fields of a type are missing")
        raw = self._top.fields[name]
        about = _Fields.model_validate(raw)
        self._defaults += sum(map(_values, about.defaults.values()))
        if self._defaults > MAX_DEFAULTS:
            raise _unexpected("its defaults are too many")
        known = {one: of.type for one, of in about.properties.items() if self._known(of.type)}
        self._leave_out(name, about.properties.keys() - known.keys())
        properties = {one: raw["properties"][one] for one in known}  # type: ignore[index] # as just validated
        self._made["fields"][name] = {"properties": properties, "defaults": about.defaults}
        types = {one: [*_objects_in(of)] for one, of in known.items()}
        self._inner[name] = {
            one: set().union(*map(self._type, of)) for one, of in types.items() if of
        }
        return [one for of in types.values() for one in of]

    def _leave_out(self, fields: str, names: Iterable[str]) -> None:
        self.left_out |= {f"{fields.removeprefix('x:')}/{one}" for one in names}

    def _cut_cycles(self) -> None:
        """Leave out each field that leads back to itself: no table is endless."""
        whole = {
            name: set().union(*inner.values()) if inner else set()
            for name, inner in self._inner.items()
        }
        for name, inner in self._inner.items():
            back = {one for one, of in inner.items() if name in _reached(of, whole)}
            self._leave_out(name, back)
            self._inner[name] = {one: of for one, of in inner.items() if one not in back}
            for one in back:
                del self._made["fields"][name]["properties"][one]

    def _size(self, name: str) -> tuple[int, int]:
        """The number of fields with those of the objects in them, and the depth of these."""
        if name not in self._sizes:
            inner = [self._size(one) for of in self._inner[name].values() for one in of]
            own = len(self._made["fields"][name]["properties"])
            depth = 1 + max((deep for _, deep in inner), default=0)
            self._sizes[name] = own + sum(size for size, _ in inner), depth
        return self._sizes[name]

    def _known(self, about: _About) -> bool:
        """True for a field that a table can hold."""
        match about:
            case _About(type="set", member=_About() as member):
                return member.type in _MEMBERS and self._known_scalar(member)
            case _About(type="map", key=_About() as key, value=_About() as value):
                keyed = key.type in {"string", "enum"} and self._known_scalar(key)
                return keyed and (self._known_scalar(value) or _is_object(value, "object"))
            case _:
                return self._known_scalar(about) or _is_object(about, "object", "objectList")

    def _known_scalar(self, about: _About) -> bool:
        if about.type == "enum" and about.enum_name is not None:
            words = self._top.enums.get(about.enum_name)
            if not isinstance(words, list) or not words:
                raise _unexpected("the choices of a field are missing")
            self._made["enums"][about.enum_name] = [
                {"name": _Word.model_validate(word).name} for word in words
            ]
            return True
        if about.type == "number":
            return about.format in _NUMBERS
        if about.type == "string":
            return about.format is None or about.format in _TEXTS
        return about.type in _SCALARS - {"enum"}


def _is_object(about: _About, *types: str) -> bool:
    return about.type in types and about.object_name is not None


def _reached(names: set[str], inner: Mapping[str, set[str]]) -> set[str]:
    """Some names, and all that they lead to."""
    found: set[str] = set()
    waiting = {*names}
    while waiting:
        found |= waiting
        waiting = set().union(*(inner[one] for one in waiting)) - found
    return found


def _objects_in(about: _About) -> Iterator[str]:
    for one in (about, about.value):
        if one is not None and one.type in {"object", "objectList"} and one.object_name:
            yield one.object_name


def _values(value: object) -> int:
    """The number of values in a value of JSON."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_values, inner))


def _check_defaults(types: Mapping[str, Json]) -> None:
    """Raise TypeError for a default that is not of its field's type."""
    for variants in types.values():
        for fields in variants.values():
            for about in fields.values():
                value = about.get("default")
                null = value is None and (about.get("nullable") or about.get("required"))
                if not null and not _fits(value, about, types):
                    raise TypeError


def _fits(value: object, about: Json, types: Mapping[str, Json]) -> bool:
    match about["type"], value:
        case "set" | "list", list():
            inner = about["of"] if about["type"] == "set" else {"type": "object", "of": about["of"]}
            return all(_fits(one, inner, types) for one in value)
        case "map", dict():
            return all(
                _fits(one, about["key"], types) and _fits(of, about["of"], types)
                for one, of in value.items()
            )
        case "object", dict():
            fields = types[about["of"]].get(str(value.get("@type", "")), {None: {}})
            return value.keys() - {"@type"} == fields.keys() and all(
                (value[one] is None and of.get("nullable")) or _fits(value[one], of, types)
                for one, of in fields.items()
            )
        case "boolean", bool():
            return True
        case "float", float():
            return True
        case "unsignedInteger" | "integer" | "size" | "duration", int():
            return not isinstance(value, bool)
        case "enum", str():
            return value in about["words"]
        case kind, str():
            return kind not in {*_NUMBERS, "boolean", "set", "list", "map", "object"}
        case _:
            return False


def _unexpected(what: str, hint: str = _HINT) -> UnexpectedAnswer:
    return UnexpectedAnswer(f"the server's schema cannot be used: {what}", hint=hint)
