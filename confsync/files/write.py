"""States as files write them: the YAML of `show`, and of the way back after an apply."""

from __future__ import annotations

import unicodedata
from io import StringIO
from typing import TYPE_CHECKING, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, SingleQuotedScalarString

if TYPE_CHECKING:
    from collections.abc import Mapping

Plain: TypeAlias = "bool | int | str | list[Plain] | dict[str, Plain] | None"


def yaml_text(document: Mapping[str, Plain]) -> str:
    """A document as YAML: two spaces, `@type` in quotes, texts quoted where YAML needs it."""
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 4096
    yaml.representer.add_representer(
        type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    out = StringIO()
    yaml.dump(_quoted(dict(document)), out)
    return "".join(
        character if visible(character) else escape(character) for character in out.getvalue()
    )


def _quoted(value: Plain) -> Plain:
    if isinstance(value, dict):
        return {
            SingleQuotedScalarString(key) if key.startswith("@") else key: _quoted(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_quoted(inner) for inner in value]
    if isinstance(value, str) and not all(map(visible, value)):
        quoted: str = DoubleQuotedScalarString(value)
        return quoted
    return value


def visible(character: str) -> bool:
    """Whether a character shows what it is: no control, format or unassigned one, no odd space."""
    return character in " \n" or unicodedata.category(character)[0] not in "CZ"


def escape(character: str) -> str:
    """A character as YAML's double quotes have it."""
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four digits
