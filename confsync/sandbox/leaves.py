"""Single values: the leaf fields of an object, and their limits."""

from __future__ import annotations

from dataclasses import dataclass

U64_MAX = 2**64 - 1

# Unicode White_Space. Python's own idea of it has U+001C to U+001F too.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)


class Refused(Exception):
    """A value or a name that an update may not hold: `invalidPatch` (wire section 5.2).

    `below` leads from the patch entry to the culprit inside its value.
    """

    def __init__(self, *below: str) -> None:
        super().__init__()
        self.below = below


def text(value: object, *, trimmed: bool) -> str:
    """Accept a string with something in it; raises `Refused` for all else."""
    bare = value.strip(WHITE_SPACE) if isinstance(value, str) else ""
    if not isinstance(value, str) or not bare:
        raise Refused
    return bare if trimmed else value


@dataclass(frozen=True, slots=True)
class Text:
    """A string; what is missing from a secret, `""`, can be a default but never be sent."""

    default: str | None
    nullable: bool = False
    trimmed: bool = True

    def accept(self, value: object) -> object:
        """Return what is stored for a value; raises `Refused`."""
        if value is None and self.nullable:
            return None
        return text(value, trimmed=self.trimmed)

    def problems(self, name: str, value: object) -> list[dict[str, object]]:
        """Name the limits that a stored value breaks."""
        return [{"type": "Required", "property": name}] if value == "" else []


@dataclass(frozen=True, slots=True)
class Number:
    """An unsigned integer.

    What is below `least` is refused at once; what is beyond the limits is found after the patch,
    and is another error (wire section 5.2).
    """

    default: int | None
    nullable: bool = False
    least: int = 0
    minimum: int = 0
    maximum: int = U64_MAX

    def accept(self, value: object) -> object:
        """Return what is stored: an integer, no boolean or float, or null; raises `Refused`."""
        if value is None and self.nullable:
            return None
        if type(value) is not int or not self.least <= value <= U64_MAX:
            raise Refused
        return value

    def problems(self, name: str, value: object) -> list[dict[str, object]]:
        """Name the limits that a stored value breaks."""
        if not isinstance(value, int):
            return []
        if value < self.minimum:
            return [{"type": "MinValue", "property": name, "required": self.minimum}]
        if value > self.maximum:
            return [{"type": "MaxValue", "property": name, "required": self.maximum}]
        return []


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words, spelled exactly, or a boolean. The first is the default."""

    values: tuple[str, ...] | tuple[bool, ...]

    @property
    def default(self) -> str | bool:
        """The default."""
        return self.values[0]

    def accept(self, value: object) -> object:
        """Return what is stored for a value; raises `Refused`."""
        if type(value) is not type(self.default) or value not in self.values:
            raise Refused
        return value

    def problems(self, _name: str, _value: object) -> list[dict[str, object]]:
        """Name the limits that a stored value breaks."""
        return []


Leaf = Text | Number | Choice
