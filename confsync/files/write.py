"""States as files write them: the YAML of `show`, and of the way back after an apply."""

from __future__ import annotations

from io import StringIO
from sys import maxsize
from typing import TYPE_CHECKING, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, SingleQuotedScalarString

from confsync.files.quoting import escaped, is_plain
from confsync.sync.characters import has_brackets, is_visible, without_brackets

if TYPE_CHECKING:
    from collections.abc import Mapping

Plain: TypeAlias = "bool | int | str | list[Plain] | dict[str, Plain] | None"


def yaml_text(document: Mapping[str, Plain]) -> str:
    """A document as YAML in the canonical form, to which `fmt` has nothing to add."""
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = maxsize
    yaml.representer.add_representer(
        type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    out = StringIO()
    yaml.dump(_quoted(dict(document)), out)
    return without_brackets(escaped(out.getvalue()), "\\x23")


def _quoted(value: Plain) -> Plain:
    if isinstance(value, dict):
        return {_text(key): _quoted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_quoted(inner) for inner in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    hidden = not is_visible(text) or has_brackets(text)
    if not hidden and is_plain(text):
        return text
    quotes = DoubleQuotedScalarString if hidden else SingleQuotedScalarString
    quoted: str = quotes(text)
    return quoted
