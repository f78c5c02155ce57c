"""A store file to start from: what a variant has, in the words of its description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.store.encode import to_file
from confsync.store.mistakes import TYPE
from confsync.sync.shape import ListOf, SecretText, UrlSet, UrlText, Variants
from confsync.yaml.emit import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.kinds.kind import Kind
    from confsync.sync.shape import Field, Fields

_HEAD = """\
# The desired state. Names are Stalwart's own. What is not named has its documented default: the
# lines that are comments show it, and of a secret how it is written.
"""


def template(kind: Kind, tag: str) -> str:
    """A store file with one variant: valid, in the canonical form, and without a secret.

    What says where a store is stands in it; every other field is a comment with its default.
    """
    others = ", ".join(name for name in kind.shape.objects if name != tag)
    body = _object(kind.shape, tag, f"  # or {others}")
    return _HEAD + "".join(f"{line}\n" for line in [f"{kind.name}:", *_indented(body)])


def _object(shape: Variants, tag: str, beside: str = "") -> Iterator[str]:
    yield yaml_text({TYPE: tag}).rstrip("\n") + beside
    for name, field in shape.objects[tag].fields.items():
        yield from _field(name, field)


def _field(name: str, field: Field) -> Iterator[str]:
    what = f"  # {field.summary}" if field.summary else ""
    match field.shape:
        case ListOf(item=item, minimum=minimum):
            yield f"{name}:{what}"
            for _ in range(minimum):
                yield from _item(item, _first(item))
        case UrlSet() | UrlText():
            written = to_file(field.default, field.shape)
            first, *rest = yaml_text({name: written}).splitlines()
            yield from (first + what, *rest)
        case Variants() as secret:
            yield f"# {name}: {_secret(secret)}{what}"
        case _:
            written = to_file(field.default, field.shape)
            yield "# " + yaml_text({name: written}).rstrip("\n") + what


def _item(shape: Variants, tag: str) -> Iterator[str]:
    first, *rest = _object(shape, tag)
    yield f"  - {first}"
    yield from _indented(_indented(rest))


def _first(shape: Variants) -> str:
    return next(iter(shape.objects))


def _secret(shape: Variants) -> str:
    """An example of an object that holds a secret, with a reference for it."""
    tag, name = next(
        (known.tag, name) for known in shape.objects.values() for name in _secrets(known)
    )
    return f"{{'{TYPE}': {tag}, {name}: {{env: NAME}}}}"


def _secrets(known: Fields) -> Iterator[str]:
    return (name for name, field in known.fields.items() if isinstance(field.shape, SecretText))


def _indented(lines: Iterator[str] | list[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
