"""YAML as an editor reads it: version 1.2, its core schema, and all that confsync refuses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ruamel.yaml.nodes import Node

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

_NULL = re.compile("~|null|Null|NULL|")
_BOOLEAN = re.compile("true|True|TRUE|false|False|FALSE")
_BASES = {"0o": 8, "0x": 16}
_INTEGER = re.compile("[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)


class NoYaml(Exception):
    """No reader makes anything of it; an editor says so itself."""


def load(content: bytes) -> Json:
    """The value of the first document. Raises NoYaml."""
    try:
        node = YAML(typ="safe", pure=True).compose(content.decode("utf-8-sig"))
        return None if node is None else _value(node)
    # An unknown version of YAML is an AssertionError of the parser.
    except (AssertionError, YAMLError, ValueError, OverflowError, TypeError):
        raise NoYaml from None


def _value(node: Node) -> Json:
    match node:
        case MappingNode():
            return {_key(key): _value(value) for key, value in node.value}
        case SequenceNode():
            return [_value(item) for item in node.value]
        case ScalarNode() if node.style is None and not node.anchor:
            return _plain(node.value)
        case _:
            return str(node.value)


def _key(node: Node) -> str:
    return node.value if isinstance(node.value, str) else repr(node.value)


def _plain(text: str) -> Json:
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text[2:], _BASES[text[:2]]) if text[:2] in _BASES else int(text)
    if _FLOAT.fullmatch(text):
        return float(text.replace(".inf", "inf").replace(".nan", "nan").lower())
    return text
