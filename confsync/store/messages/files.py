"""Files that are something else than a store, and objects that there are not, in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.store.mistakes import TYPE, Mistake, listed, quoted_name
from confsync.sync.spelling import nearest_name
from confsync.yaml.nodes import MappingNode, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confsync.kinds.kind import Kind

_NULLS = {"", "~", "null", "Null", "NULL"}


def wrong_top(document: MappingNode, kinds: Mapping[str, Kind]) -> Mistake | None:
    """A file that is something else than a store: all that is to be said of it."""
    keys = {key.text: key for key, _ in document.entries}
    first = next(iter(kinds))
    write = f"write `{first}:` at its top, and the object under it"
    if not keys:
        return Mistake("no-object", "the file holds no object", write)
    fields = {
        TYPE,
        *(
            name
            for kind in kinds.values()
            for known in kind.shape.objects.values()
            for name in known.fields
        ),
    }
    if named := keys.keys() & kinds.keys():
        return _not_indented(document, min(named)) if keys.keys() & fields else None
    if "targets" in keys:
        message = "this is a confsync.yaml with targets, not a store"
        hint = "name the files that stand under `files` in it"
        return Mistake("not-a-store", message, hint, keys["targets"].mark)
    if keys.keys() >= {"apiVersion", "kind"}:
        message = "this is a manifest for Kubernetes, not a store"
        hint = f"keep the store in a file of its own, with `{first}:` at its top"
        return Mistake("not-a-store", message, hint, keys["apiVersion"].mark)
    if found := keys.keys() & {"methodResponses", "methodCalls", "list", "notFound"}:
        message = "this is a request to the server, or its answer, not a store"
        hint = f"{write}; `confsync show` prints what a server has as such a file"
        return Mistake("not-a-store", message, hint, keys[min(found)].mark)
    if keys.keys() & fields:
        message = "the fields stand at the top of the file, and no object's name above them"
        hint = f"write `{first}:` as the first line, and indent all that follows by two spaces"
        return Mistake("no-object-name", message, hint, keys.get(TYPE, document).mark)
    return None


def _not_indented(document: MappingNode, name: str) -> Mistake | None:
    """Fields beside the object that they belong to, which has nothing under it."""
    entry = document.get(name)
    if entry is None or not (isinstance(entry[1], ScalarNode) and entry[1].text in _NULLS):
        return None
    message = f"what belongs to {name} is not indented under it"
    return Mistake(
        "no-object-name", message, "indent the lines below it by two spaces", entry[0].mark
    )


def unknown_object(key: ScalarNode, known: Sequence[str]) -> Mistake:
    """A key at the top that names no object."""
    name = quoted_name(key.text)
    named = "the key that stands here" if name == "named so" else name
    near = nearest_name(key.text, known)
    if near:
        message = f"{named} is no object; the nearest name is {near}"
        return Mistake("unknown-object", message, f"write `{near}:`", key.mark)
    message = f"{named} is no object that confsync manages"
    hint = f"take it out of this file; what confsync manages is {listed(known)}"
    return Mistake("unknown-object", message, hint, key.mark)
