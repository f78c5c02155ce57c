"""Whether one text of a file says the same as another: the proof that formatting owes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.errors import Problem
from confsync.files.block_text import header
from confsync.files.canonical import normal
from confsync.files.pieces import gaps
from confsync.files.quoting import is_ambiguous
from confsync.files.read import MAX_BYTES, parse
from confsync.sync.document import MappingNode, Mark, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Iterator


RULE = "not-formatted"
"""The rule of what is wrong with a store that cannot be formatted."""


def proven(file: str, source: str, document: MappingNode, new: str) -> MappingNode | Problem:
    """The document of a file's new text, which says what its old one does, comments too; or what
    speaks against that. `document` is what was read from `source`.
    """
    if len(new.encode("utf-8")) > MAX_BYTES:
        message, hint = "formatted it would be larger than 64 KiB", "make it smaller"
        return Problem(file, 0, 0, RULE, message, hint)
    parsed = parse(file, new)
    if parsed.document is None or parsed.problems:
        return _changed(document.mark)
    mark = first_difference(document, parsed.document)
    if mark is not None:
        return _changed(mark)
    lost = comments(normal(source)) != comments(new)
    return _changed(document.mark) if lost else parsed.document


def first_difference(before: Node, after: Node) -> Mark | None:
    """The place in `before` of the first node that `after` does not have so, or None.

    Quotes count where a text means something else without them.
    """
    match before, after:
        case ScalarNode(), ScalarNode():
            return None if _meaning(before) == _meaning(after) else before.mark
        case SequenceNode(items=ours), SequenceNode(items=theirs) if len(ours) == len(theirs):
            pairs = zip(ours, theirs, strict=True)
        case MappingNode(), MappingNode() if len(before.entries) == len(after.entries):
            pairs = zip(_nodes(before), _nodes(after), strict=True)
        case _:
            return before.mark
    return next((mark for pair in pairs if (mark := first_difference(*pair))), None)


def comments(source: str) -> tuple[str, ...]:
    """The comments of a text in their order, from their `#` on. Lines end with a line feed."""
    return tuple(_comments(source))


def _changed(mark: Mark) -> Problem:
    message = "formatting would change what stands here, so the file is left alone"
    hint = "if it is the file's last text, end the file with a newline; else write it in one line"
    return Problem(mark.file, mark.line, mark.column, RULE, message, hint)


def _comments(source: str) -> Iterator[str]:
    for gap, piece in gaps(source):
        yield from filter(None, (part.strip(" \t\ufeff") for part in gap.split("\n")))
        if piece is not None and piece.style in {"|", ">"}:
            yield from filter(None, header(source[piece.start :])[1:])


def _nodes(mapping: MappingNode) -> Iterator[Node]:
    return (node for entry in mapping.entries for node in entry)


def _meaning(scalar: ScalarNode) -> tuple[str, bool]:
    return scalar.text, scalar.plain and is_ambiguous(scalar.text)
