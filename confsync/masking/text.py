"""The text of a file with some of its scalars and comments in other words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.yaml.positions import comments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from confsync.yaml.nodes import MappingNode, ScalarNode


def veiled(
    source: str,
    document: MappingNode | None,
    scalars: Iterable[tuple[ScalarNode, str]],
    comment: Callable[[str], str],
) -> str:
    """A text to be shown, never to be read again: scalars with what is to stand in their places,
    and what `comment` makes of each comment. A scalar of several lines becomes one.
    """
    changes = [
        (start, start + len(text), comment(text)) for start, text in comments(source, document)
    ]
    for node, text in scalars:
        start, end = node.span.start, node.span.end
        written = source[start:end]
        ending = written[len(written.rstrip()) :] if written.startswith(("|", ">")) else ""
        quote = written[0] if written[:1] in {"'", '"'} else ""
        line = " ".join(text.split("\n"))
        changes.append((start, end, f"{quote}{line}{quote}{ending}"))
    parts: list[str] = []
    position = 0
    for start, end, text in sorted(changes):
        if start >= position:
            parts += [source[position:start], text]
            position = end
    return "".join([*parts, source[position:]])
