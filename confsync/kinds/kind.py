"""From a pydantic model to the shape that the rest of confsync works on.

A field is described once, in its model: name, type, limits, default, summary. What a type cannot
say stands beside it as a mark: `Annotated[int, Milliseconds(), Field(ge=1)]`.
"""

from __future__ import annotations

import types
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticUndefined

from confsync.errors import Fault
from confsync.sync import shape as shapes
from confsync.sync.secret import Secret
from confsync.sync.tree import Items, Members, Object, Path, Tree
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic.fields import FieldInfo

    from confsync.sync.risk import Breach

U64 = 2**64 - 1


class Variant(BaseModel):
    """One variant of an object. Its tag is the value of its only `@type`, its docstring says to
    people what it is.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)


@dataclass(frozen=True)
class Milliseconds:
    """The whole number is a duration: milliseconds on the wire, a text like `1m30s` in files."""


@dataclass(frozen=True)
class Untrimmed:
    """The server keeps white space around this text: wire section 5.2."""


@dataclass(frozen=True)
class OrderCounts:
    """Says of which sets the order decides something."""

    when: Callable[[tuple[Url, ...]], bool]


@dataclass(frozen=True)
class Broken:
    """A limit of a shape that a state breaks. `least`: the limit is its minimum, of the length
    for a list.
    """

    path: Path
    shape: shapes.Unsigned | shapes.Duration | shapes.ListOf
    least: bool


def _no_rules(_: Object) -> Iterable[Breach]:
    return ()


class Kind:
    """An object of the server: its name, its shape, the check of its limits, and its state rules.

    `breaches` takes a complete state as the files write it.
    """

    def __init__(
        self,
        name: str,
        variants: object,
        summary: str = "",
        breaches: Callable[[Object], Iterable[Breach]] = _no_rules,
    ) -> None:
        self.name = name
        self.breaches = breaches
        self.shape = replace(_variants(name, variants), summary=summary)

    def check(self, tree: Object) -> tuple[Broken, ...]:
        """Every limit of wire section 4 that a complete state breaks."""
        return tuple(_broken(tree, self.shape, ()))


def default_object(shape: shapes.Variants, tag: str) -> Object:
    """A variant with every member at its default: what the server builds it from."""
    return Object(tag, {name: known.default for name, known in shape.objects[tag].fields.items()})


def _broken(tree: Tree, shape: shapes.Shape, path: Path) -> Iterator[Broken]:
    match shape, tree:
        case shapes.Variants(), Object():
            for name, known in shape.fields_of(tree.tag).items():
                yield from _broken(tree.members[name], known.shape, (*path, name))
        case shapes.ListOf(), Items():
            if len(tree.items) < shape.minimum:
                yield Broken(path, shape, least=True)
            for index, item in enumerate(tree.items):
                yield from _broken(item, shape.item, (*path, index))
        case ((shapes.Unsigned() | shapes.Duration()), int()):
            if not shape.minimum <= tree <= shape.maximum:
                yield Broken(path, shape, least=tree < shape.minimum)
        case _:
            pass


def _variants(name: str, annotation: object) -> shapes.Variants:
    models = [model for model in _alternatives(annotation) if isinstance(model, type)]
    objects = (_fields(model) for model in models if issubclass(model, Variant))
    return shapes.Variants(name, {known.tag: known for known in objects})


def _alternatives(annotation: object) -> tuple[object, ...]:
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return get_args(annotation)
    return (annotation,)


def _fields(model: type[Variant]) -> shapes.Fields:
    tag = ""
    fields: dict[str, shapes.Field] = {}
    for name, info in model.model_fields.items():
        if info.alias == "@type":
            (tag,) = get_args(info.annotation)
        else:
            fields[name] = _field(name, info)
    return shapes.Fields(tag, fields, model.__doc__ or "")


def _field(name: str, info: FieldInfo) -> shapes.Field:
    choices = [choice for choice in _alternatives(info.annotation) if choice is not types.NoneType]
    nullable = len(choices) < len(_alternatives(info.annotation))
    required = info.default is PydanticUndefined
    return shapes.Field(
        shape=_shape(name, choices, info.metadata),
        nullable=nullable,
        required=required,
        default=None if required else _default(info.default),
        summary=info.description or "",
        examples=tuple(info.examples or ()),
    )


def _shape(name: str, choices: list[Any], marks: list[Any]) -> shapes.Shape:
    minimum = next((mark.ge for mark in marks if hasattr(mark, "ge")), 0)
    maximum = next((mark.le for mark in marks if hasattr(mark, "le")), U64)
    kind = choices[0]
    if get_origin(kind) is Literal:
        return shapes.Choice(get_args(kind))
    if get_origin(kind) is tuple:
        return _sequence(name, get_args(kind)[0], marks)
    if isinstance(kind, type) and issubclass(kind, Variant):
        return _variants(name, Union[tuple(choices)])  # noqa: UP007 - built from a list
    match kind:
        case _ if kind is bool:
            return shapes.Boolean()
        case _ if kind is int and any(isinstance(mark, Milliseconds) for mark in marks):
            return shapes.Duration(minimum, maximum)
        case _ if kind is int:
            return shapes.Unsigned(minimum, maximum)
        case _ if kind is str:
            return shapes.Text(trimmed=not any(isinstance(mark, Untrimmed) for mark in marks))
        case _ if kind is Url:
            return shapes.UrlText()
        case _ if kind is Secret:
            return shapes.SecretText()
    raise Fault(f"the model's field {name} has a type that no shape is known for")


def _sequence(name: str, member: object, marks: list[Any]) -> shapes.Shape:
    if member is Url:
        order = next((mark.when for mark in marks if isinstance(mark, OrderCounts)), _never)
        return shapes.UrlSet(order)
    least = next((mark.min_length for mark in marks if hasattr(mark, "min_length")), 0)
    return shapes.ListOf(_variants(name, member), least)


def _never(_: tuple[Url, ...]) -> bool:
    return False


def _default(value: object) -> Tree:
    match value:
        case Variant():
            shape = _fields(type(value))
            return Object(shape.tag, {name: known.default for name, known in shape.fields.items()})
        case tuple():
            return Members(value)
        case None | bool() | int() | str() | Url():
            return value
        case _:
            raise Fault("a model has a default that no state can hold")
