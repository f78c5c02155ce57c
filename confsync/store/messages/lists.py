"""Something else where a list belongs, and a list or a reference where something else does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.store.mistakes import TYPE, Mistake, is_broken
from confsync.yaml.nodes import MappingNode, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Collection

    from confsync.yaml.nodes import Node

_INDEX = re.compile("[0-9]+")
_TRUE = re.compile("true|false", re.IGNORECASE)


def not_a_list_of_urls(node: Node, name: str) -> Mistake:
    """Something else where a list of URLs belongs."""
    each = "write its URLs one under the other, each with `- ` in front"
    if isinstance(node, MappingNode):
        if any(
            isinstance(value, ScalarNode) and _TRUE.fullmatch(value.text)
            for _, value in node.entries
        ):
            message = f"{name} is a mapping, as the server sends it, and a file has a list"
            return Mistake("wire-form", message, f"{each}, without `: true`")
        message = f"{name} must be a list of URLs, not one mapping"
        return Mistake("not-a-list", message, "write `- ` in front of its first key")
    if not isinstance(node, ScalarNode):
        return Mistake("not-a-list", f"{name} must be a list of URLs", each)
    if node.plain and node.text.startswith("-"):
        message = f"{name} has an item without a space after its dash"
        return Mistake("missing-space", message, "write `- redis://…`, with a space")
    if re.search("[,;\\s]", node.text.strip()):
        message = f"{name} is one text with several URLs in it, and must be a list"
        return Mistake("not-a-list", message, each)
    message = f"{name} is one text, and must be a list of URLs"
    return Mistake("not-a-list", message, "write the URL in a line of its own, with `- ` in front")


def not_a_list_of_objects(node: Node, name: str) -> Mistake:
    """Something else where a list of objects belongs."""
    each = "write its items one under the other, each with `- ` in front"
    if isinstance(node, MappingNode):
        if node.entries and all(_INDEX.fullmatch(key.text) for key, _ in node.entries):
            message = f"{name} is a mapping with numbers, as the server sends it; a file has a list"
            return Mistake("wire-form", message, f"{each} in place of its number")
        if node.get(TYPE) is not None:
            message = f"{name} is one object, and must be a list of objects"
            return Mistake("not-a-list", message, "write `- ` in front of its '@type'")
        message = f"{name} is a mapping with names, and must be a list"
        return Mistake("not-a-list", message, f"{each} in place of its name")
    return Mistake("not-a-list", f"{name} is a text, and must be a list of objects", each)


def too_few(name: str, count: int, least: int) -> Mistake:
    """A list with fewer items than it must have."""
    if count == 0:
        message = f"{name} has no items, and must have at least {least}"
        return Mistake(
            "too-few-items", message, "write the stores, each with `- '@type': …` in front"
        )
    message = f"{name} must have at least {least} items, and has {count}"
    hint = "one store needs no shards: write it at the top, in place of Sharded"
    return Mistake("too-few-items", message, hint)


def refuse_reference(node: Node, name: str, references: Collection[str]) -> None:
    """Raise Mistake for a reference in the place of a value that is no secret."""
    if is_broken(node) or not isinstance(node, MappingNode) or len(node.entries) != 1:
        return
    if node.entries[0][0].text in references:
        message = f"{name} is a reference, and only secrets and URLs can be had from one"
        raise Mistake("reference-for-value", message, "write the value itself")
