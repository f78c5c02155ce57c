"""What can be wrong with a store file, in the words that its author gets to see.

No message repeats a value that could be secret: of what the author wrote, only names that look
like names.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from confsync.sync.document import MappingNode, Mark, Node, ScalarNode
from confsync.sync.shape import Field, Fields, SecretText, Variants
from confsync.sync.tree import Path, path_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TYPE = "@type"
PLAINTEXT = "plaintext-secret"
INSTEAD = "write where it can be had, like `{env: NAME}` or `{file: PATH}`"

_NAME = re.compile(r"@?[A-Za-z][A-Za-z_-]{0,30}")


class Mistake(Exception):
    """Something that is wrong with a file. `mark` only where it is not the value's own place."""

    def __init__(self, rule: str, message: str, hint: str, mark: Mark | None = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.hint = hint
        self.mark = mark


class Mistakes(Exception):
    """Several mistakes in one value."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__()
        self.mistakes = tuple(mistakes)


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean …? ` with the known name that is nearest to a misspelt one, or nothing."""
    lower = {other.lower(): other for other in known}
    found = get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return f"did you mean {lower[found[0]]}? " if found else ""


def quoted_name(name: str) -> str:
    """A key as a message shows it. What does not look like a name is not repeated."""
    return f"`{name}`" if _NAME.fullmatch(name) else "named so"


def near_name(name: str, known: Iterable[str]) -> str:
    """A key as it is shown where a secret could stand by mistake: only where it is nearly known."""
    return quoted_name(name) if nearest(name, known) else "named so"


def is_broken(node: Node) -> bool:
    """Whether a node has been complained of already, so that nothing more is said of it."""
    return isinstance(node, ScalarNode) and node.broken


def check_read(node: Node) -> None:
    """Raise an empty Mistakes for a node that has been complained of already."""
    if is_broken(node):
        raise Mistakes(())


def unknown_object(key: ScalarNode, known: Sequence[str]) -> Mistake:
    """A key at the top that names no object."""
    hint = f"{nearest(key.text, known)}known are {', '.join(known)}"
    if key.text == TYPE:
        hint = f"write `{known[0]}:` above it, and the object under that"
    message = f"{quoted_name(key.text)} is no object that confsync knows"
    return Mistake("unknown-object", message, hint, key.mark)


def no_object(known: Sequence[str]) -> Mistake:
    """A file without any object."""
    hint = f"write `{known[0]}:` at its top, and the object under it"
    return Mistake("empty", "the file holds no object", hint)


def no_type(node: MappingNode, name: str, shape: Variants, references: Sequence[str]) -> Mistake:
    """An object that does not say which variant it is."""
    message = f"{name} has no '@type'"
    misspelt = node.get("type")
    if misspelt is not None:
        hint = "write `'@type'`, in quotes, in place of `type`"
        return Mistake("no-type", message, hint, misspelt[0].mark)
    hint = f"add `'@type': …`, in quotes, with one of {', '.join(shape.objects)}"
    if any(key.text in references for key, _ in node.entries):
        hint = "a reference stands for the secret in it: `{'@type': Value, secret: {env: NAME}}`"
    return Mistake("no-type", message, hint)


def unknown_type(value: Node, name: str, shape: Variants) -> Mistake:
    """A variant that does not exist."""
    tag = value.text if isinstance(value, ScalarNode) else ""
    hint = f"{nearest(tag, shape.objects)}known are {', '.join(shape.objects)}"
    return Mistake("unknown-type", f"{name} has no such '@type'", hint, value.mark)


def unknown_field(key: ScalarNode, known: Fields, shape: Variants) -> Mistake:
    """A field that this variant does not have; perhaps another one does."""
    secret = any(isinstance(field.shape, SecretText) for field in known.fields.values())
    name = near_name(key.text, known.fields) if secret else quoted_name(key.text)
    owners = [tag for tag, other in shape.objects.items() if key.text in other.fields]
    hint = nearest(key.text, known.fields)
    if owners:
        other = hint or "remove it, or change the '@type'"
        hint = f"{name} belongs to {_listed(owners)}; {other}"
    elif not hint:
        hint = f"it has {', '.join(known.fields) or 'none'}"
    return Mistake("unknown-field", f"{known.tag} has no field {name}", hint.rstrip(), key.mark)


def missing(name: str, known: Field, path: Path) -> Mistake:
    """A field without a default that is not there."""
    return Mistake(
        "missing", f"{path_text(path)} is missing", f"add `{name}: …`: {_what_to_write(known)}"
    )


def null(path: Path, known: Field) -> Mistake:
    """Null where it is not allowed."""
    hint = "leave the field out for its default"
    if known.required:
        hint = _what_to_write(known)
        hint = hint if isinstance(known.shape, SecretText) else f"write a value: {hint}"
    return Mistake("null", f"{path_text(path)} may not be null", hint)


def _what_to_write(known: Field) -> str:
    return INSTEAD if isinstance(known.shape, SecretText) else known.summary


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
