"""Shapes of fields: data that `kinds/` and `config/` consist of, and that decoders read.

Units and encodings of the values: wire section 3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from confsync.sync.tree import Tree
    from confsync.sync.url import Url

Form: TypeAlias = Literal["trimmed", "exact", "email", "domain", "host", "address", "network"]
Example: TypeAlias = "bool | int | str | Sequence[Example] | Mapping[str, Example]"


@dataclass(frozen=True)
class Text:
    """A text. `form`: the server's form of it, see `store/texts.py`. `blank`: it may be white space
    alone. No text of a file is empty: the server refuses to store that.
    """

    form: Form = "trimmed"
    blank: bool = False

    @property
    def trimmed(self) -> bool:
        """True if the server takes the white space around it away."""
        return self.form != "exact"


@dataclass(frozen=True)
class Boolean:
    """True or false."""


@dataclass(frozen=True)
class Integer:
    """A whole number between its limits, both inclusive."""

    minimum: int
    maximum: int


@dataclass(frozen=True)
class Float:
    """A number between its limits, both inclusive; None: no limit."""

    minimum: float | None
    maximum: float | None


@dataclass(frozen=True)
class Size:
    """Bytes between the limits, both inclusive; in files a text like `25MiB`."""

    minimum: int
    maximum: int


@dataclass(frozen=True)
class Duration:
    """Milliseconds between the limits, both inclusive; in files a text like `1m30s`."""

    minimum: int
    maximum: int


@dataclass(frozen=True)
class Choice:
    """One of some texts."""

    choices: tuple[str, ...]


@dataclass(frozen=True)
class UrlText:
    """A text that may hold a password."""


@dataclass(frozen=True)
class SecretText:
    """A text that the server never gives back. `lines`: it may have several, like a private key."""

    lines: bool = False


@dataclass(frozen=True)
class Id:
    """The id of another object of the server."""

    object: str


def never(_: tuple[Url, ...]) -> bool:
    """The order of a set that never counts."""
    return False


@dataclass(frozen=True)
class TextSet:
    """Texts that may hold passwords, each once. `order_counts`: whether the first one decides."""

    order_counts: Callable[[tuple[Url, ...]], bool] = never
    member: Text | Choice | Id | UrlText = UrlText()
    minimum: int = 0


@dataclass(frozen=True)
class ListOf:
    """A list of objects whose order counts, with at least `minimum` items."""

    item: Variants
    minimum: int


@dataclass(frozen=True)
class ValueMap:
    """Values by keys of the author's choice. The tree is an object without `@type`."""

    key: Text | Choice
    value: LeafShape | Variants


@dataclass(frozen=True)
class Variants:
    """An object that is one of several variants, named by its `@type`; or one without, whose only
    variant has the name "". `short`: the field that a scalar in a file stands for.
    """

    name: str
    objects: Mapping[str, Fields]
    summary: str = ""
    short: str = ""

    @property
    def plain(self) -> bool:
        """True for an object without `@type`: an update merges it into the stored one."""
        return "" in self.objects

    def fields_of(self, tag: str) -> Mapping[str, Field]:
        """The fields of a variant; none for an unknown one of a newer server."""
        return self.objects[tag].fields if tag in self.objects else {}


@dataclass(frozen=True)
class Fields:
    """The fields of one variant, in the order of the wire, and what the variant is."""

    tag: str
    fields: Mapping[str, Field]
    summary: str = ""


@dataclass(frozen=True)
class Field:
    """One field. `default` is None together with `required` where the server has no default.
    `kept`: a field that no file sets keeps the server's value; the default is that of a server
    where it was never set, and no file can set it. `examples` are values as a file writes them.
    `note`: a trap, as a paragraph. `of_secret`: a file has it beside a secret in one of these
    fields, even at its default.
    """

    shape: Shape
    nullable: bool = False
    required: bool = False
    default: Tree = None
    kept: bool = False
    summary: str = ""
    examples: tuple[Example, ...] = ()
    note: str = ""
    of_secret: tuple[str, ...] = ()

    @property
    def base(self) -> Tree:
        """The value from which a file takes the members that it leaves out; None: there is none."""
        return None if self.kept else self.default


LeafShape: TypeAlias = (
    Text | Boolean | Integer | Float | Size | Duration | Choice | Id | UrlText | SecretText
)
Shape: TypeAlias = LeafShape | TextSet | ListOf | ValueMap | Variants


Number: TypeAlias = Integer | Float | Duration | Size
"""Shapes with limits of their values."""


def member_shape(shape: Shape | None, tag: str, name: str) -> Shape | None:
    """The shape of a member of an object with a tag; None if there is none by this name."""
    if isinstance(shape, Variants):
        known = shape.fields_of(tag).get(name)
        return None if known is None else known.shape
    return shape.value if isinstance(shape, ValueMap) else None


def variants_within(shape: Shape) -> Iterator[Fields]:
    """Every variant of a shape and of the objects in it."""
    if isinstance(shape, ListOf):
        yield from variants_within(shape.item)
    elif isinstance(shape, ValueMap):
        yield from variants_within(shape.value)
    elif isinstance(shape, Variants):
        for known in shape.objects.values():
            yield known
            for field in known.fields.values():
                yield from variants_within(field.shape)


@dataclass(frozen=True)
class PlainText:
    """A text that can be neither a secret nor null."""


@dataclass(frozen=True)
class PathText:
    """The path of a file, which starts in the directory of the file it is written in."""


@dataclass(frozen=True)
class Day:
    """A day like 2027-01-31."""


@dataclass(frozen=True)
class Credential:
    """A reference to a secret. `or_text`: a plain text may stand there, too. With `of: target`
    beside its key it is another one for each target.
    """

    or_text: bool = False


@dataclass(frozen=True)
class ByPath:
    """Values of any shape, by the paths of their fields, like `OBJECT/FIELD`."""


@dataclass(frozen=True)
class SetOf:
    """A list of values, each once; of records, those with the same `short` field are the same."""

    item: FileShape
    example: str
    minimum: int = 0


@dataclass(frozen=True)
class MapOf:
    """At least one value, by names of the author's choice. `name`: what is named. `write`,
    `example`: hints.
    """

    item: Record | Credential
    name: str
    write: str
    example: str


@dataclass(frozen=True)
class Record:
    """An object without `@type`. `write` is the hint for another value in its place.

    A scalar stands for the record with that value in the field `short`, if there is one. `options`:
    refused keys that would disarm a guard, with the option for each. `either`: keys of which one is
    required.
    """

    name: str
    fields: Mapping[str, Member]
    write: str
    short: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    either: tuple[str, ...] = ()


@dataclass(frozen=True)
class Member:
    """One field of a record. `example` is a value as a file writes it."""

    shape: FileShape
    summary: str
    required: bool = False
    example: str = ""


FileShape: TypeAlias = (
    Shape | PlainText | PathText | Day | Credential | ByPath | SetOf | MapOf | Record
)
"""Shapes of values in files, also of those that no server has."""
