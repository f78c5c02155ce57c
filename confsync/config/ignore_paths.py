"""Fields to be left as the server has them, like `InMemoryStore/poolMaxConnections`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.sync.names import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.kinds.kind import Kind


def ignored_wrongly(path: str, kinds: Mapping[str, Kind]) -> tuple[str, str] | None:
    """What a path does wrong that is no field of any variant of an object, and a hint; None for
    one that is.

    A field is left alone whole, so no path leads into one. Nothing of the path is repeated.
    """
    name, _, rest = path.partition("/")
    first = next(iter(kinds))
    if name not in kinds:
        field = nearest(path, _fields(kinds[first])).removeprefix("did you mean ")
        hint = f"did you mean {first}/{field}" if field else f"write {first}/ and a field's name"
        return "starts with no object that confsync knows", hint.rstrip()
    field, deeper, _ = rest.partition("/")
    known = _fields(kinds[name])
    if field in known:
        fact = "leads into a field, which can only be left alone whole"
        return (fact, f"write {name}/{field}") if deeper else None
    near = nearest(field, known).removeprefix("did you mean ").rstrip()
    hint = f"did you mean {name}/{near}" if near else f"write {name}/ and one of {', '.join(known)}"
    return f"is no field of any variant of {name}", hint


def _fields(kind: Kind) -> dict[str, None]:
    """The fields of all variants, each once."""
    variants = kind.shape.objects.values()
    return {name: None for variant in variants for name in variant.fields}
