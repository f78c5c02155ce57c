"""Error messages for other files, invalid objects, unknown fields and missing values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.store.mistakes import (
    INSTEAD,
    TYPE,
    Mistake,
    listed,
    near_name,
    no_space,
    quoted_name,
)
from confsync.store.scalars import NULLS, is_null
from confsync.store.wrong_secrets import ADDRESSES, URL_MAPPING
from confsync.sync.names import nearest, nearest_name
from confsync.sync.shape import Field, Fields, ListOf, SecretText, UrlSet, UrlText, Variants
from confsync.sync.tree import Path, path_text
from confsync.yaml.nodes import MappingNode, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from confsync.kinds.kind import Kind
    from confsync.sync.shape import Shape
    from confsync.yaml.nodes import Node

_CREDENTIALS = {"username", "user", "password", "passwd", "passphrase"}


def wrong_top(document: MappingNode, kinds: Mapping[str, Kind]) -> Mistake | None:
    """The mistake of a file that is no store; None for a store."""
    keys = {key.text for key, _ in document.entries}
    first = next(iter(kinds))
    write = f"write `{first}:` at its top, and the object under it"
    if not keys:
        return Mistake("no-object", "the file holds no object", write)
    variants = [known for kind in kinds.values() for known in kind.shape.objects.values()]
    stray = keys & {TYPE, *(name for known in variants for name in known.fields)}
    for key, value in document.entries:
        if key.text in kinds:
            if not stray or not isinstance(value, ScalarNode) or value.text not in NULLS:
                return None
            message = f"what belongs to {key.text} is not indented under it"
            return Mistake("no-object-name", message, "indent the lines below it by two spaces")
    rule = "not-a-store"
    if "targets" in keys:
        message = "this is a confsync.yaml with targets, not a store"
        hint = "name the files that stand under `files` in it"
    elif keys >= {"apiVersion", "kind"}:
        message = "this is a manifest for Kubernetes, not a store"
        hint = f"keep the store in a file of its own, with `{first}:` at its top"
    elif keys & {"methodResponses", "methodCalls", "list", "notFound"}:
        message = "this is a request to the server, or its answer, not a store"
        hint = f"{write}; `confsync show` prints what a server has as such a file"
    elif stray:
        rule = "no-object-name"
        message = "the fields stand at the top of the file, and no object's name above them"
        hint = f"write `{first}:` as the first line, and indent all that follows by two spaces"
    else:
        return None
    return Mistake(rule, message, hint)


def unknown_object(key: ScalarNode, known: Sequence[str]) -> Mistake:
    """The mistake of a key at the top that names no object."""
    shown = quoted_name(key.text)
    name = "the key that stands here" if shown == "named so" else shown
    if near := nearest_name(key.text, known):
        message = f"{name} is no object; the nearest name is {near}"
        return Mistake("unknown-object", message, f"write `{near}:`")
    hint = f"take it out of this file; what confsync manages is {listed(known)}"
    return Mistake("unknown-object", f"{name} is no object that confsync manages", hint)


def not_an_object(node: ScalarNode | SequenceNode, path: Path, shape: Variants) -> Mistake:
    """The mistake of a text, a list or nothing in place of an object."""
    rule = "not-an-object"
    hint = f"write `'@type': …` under it, with one of {', '.join(shape.objects)}"
    if isinstance(node, SequenceNode):
        fact = "is a list, and must be one object"
        hint = "take away the `- ` in front of its first field"
    elif is_null(node):
        fact = "has nothing under it"
    elif _holds_secret(shape):
        rule, fact = "secret-without-type", "is a text, and must say which kind of secret it is"
        hint = "write `{'@type': Value, secret: {env: NAME}}`, or `{'@type': None}` for none"
    elif node.plain and re.fullmatch(r"[A-Za-z_]+:\S.*", node.text) and "://" not in node.text:
        return no_space()
    elif path:
        fact = "is a text, and must be a store of its own"
        hint = "write `- '@type': Redis`, and `url: …` in the line below it"
    else:
        fact = "is a text, and must be a mapping"
    return Mistake(rule, f"{path_text(path) or shape.name} {fact}", hint)


def no_type(node: MappingNode, path: Path, shape: Variants, references: Collection[str]) -> Mistake:
    """The mistake of an object without `@type`."""
    name = path_text(path) or shape.name
    for other in ("type", "Type", "@Type", "$type", "kind"):
        if misspelt := node.get(other):
            message = f"`{other}` stands where '@type' belongs"
            hint = f"write `'@type'`, in quotes, in place of `{other}`"
            return Mistake("no-type", message, hint, misspelt[0].mark)
    if any(key.text in references for key, _ in node.entries):
        message = f"{name} is a reference, which can only stand for the secret in it"
        hint = "write `{'@type': Value, secret: {env: NAME}}`"
        return Mistake("secret-without-type", message, hint)
    hint = f"add `'@type': …`, in quotes, with one of {', '.join(shape.objects)}"
    return Mistake("no-type", f"{name} has no '@type'", hint)


def unknown_type(value: Node, path: Path, shape: Variants, top: Collection[str]) -> Mistake:
    """The mistake of an unknown variant. `top`: the variants of the whole object."""
    name, known = path_text(path) or shape.name, ", ".join(shape.objects)
    rule, hint = "no-type", f"write one of {known}"
    if not isinstance(value, ScalarNode):
        fact = "has an '@type' that is no text"
    elif is_null(value):
        fact, hint = "has an '@type' without a value", f"{hint} behind it"
    elif path and value.text in top:
        rule, fact = "not-a-shard", f"cannot be {value.text}: no store within another one can"
    else:
        rule, fact, hint = "unknown-type", "has no such '@type'", f"known are {known}"
        if other := _same_letters(value.text, shape.objects):
            fact = "has an '@type' in other letters than Stalwart's"
            hint = f"write `'@type': {other}`"
        elif near := nearest(value.text, shape.objects):
            fact, hint = "has a misspelt '@type'", f"{near}{hint}"
    return Mistake(rule, f"{name} {fact}", hint, value.mark)


def unknown_field(
    key: ScalarNode, known: Fields, shape: Variants, references: Collection[str]
) -> Mistake:
    """The mistake of a field that its variant does not have."""
    name = key.text
    if name == "id":
        message = "`id` is the server's own, and nothing to be set"
        return Mistake("server-id", message, "remove the line")
    secrets = [name for name, field in known.fields.items() if isinstance(field.shape, SecretText)]
    if name in references and secrets:
        message = f"`{name}` stands beside '@type', and must stand within `{secrets[0]}`"
        hint = f"write `{secrets[0]}: {{{name}: …}}` in one line"
        return Mistake("reference-beside-type", message, hint)
    owners = [tag for tag, other in shape.objects.items() if name in other.fields]
    if owners:
        return _of_another_variant(name, known, owners)
    shown = near_name(name, known.fields) if secrets else quoted_name(name)
    return _part_of_url(name, known) or _misspelt(name, known, shown)


def _of_another_variant(name: str, known: Fields, owners: Sequence[str]) -> Mistake:
    fact = f", and {known.tag} has nothing like it"
    hint = f"remove it, or change the '@type' to {' or '.join(owners)}"
    if not known.fields:
        fact = f"; {known.tag} has no fields at all"
    elif near := nearest_name(name, known.fields):
        fact = f"; {known.tag} has `{near}`"
        form = {UrlSet: " as a list, each with `- ` in front", UrlText: " with one text alone"}
        hint = f"write `{near}`{form.get(type(known.fields[near].shape), '')}"
    elif _url_field(known) == "url" and "auth" in name.lower():
        hint = f"here user and password stand in the URL: `url: {URL_MAPPING}`"
    message = f"`{name}` belongs to {listed(owners)}{fact}"
    return Mistake("field-of-another-variant", message, hint)


def _part_of_url(name: str, known: Fields) -> Mistake | None:
    url, lower = _url_field(known), name.lower()
    if not url or nearest_name(name, known.fields):
        return None
    if lower in ADDRESSES:
        message = f"`{name}` is no field of {known.tag}: it stands in the URL"
        one = "rediss://HOST:PORT/DATABASE" if url == "url" else "[rediss://HOST:PORT]"
        return Mistake("part-of-url", message, f"write `{url}: {one}`")
    if lower not in _CREDENTIALS and not lower.endswith(("password", "passwd")):
        return None
    message = f"`{name}` is no field of {known.tag}: credentials have a place of their own"
    objects = (one for one, field in known.fields.items() if _holds_secret(field.shape))
    if secret := next(objects, ""):
        url, value = secret, "{'@type': Value, secret: {env: NAME}}"
    else:
        value = URL_MAPPING
    return Mistake("part-of-url", message, f"write `{url}: {value}`")


def _misspelt(name: str, known: Fields, shown: str) -> Mistake:
    first = re.split("[./:]", name)[0]
    if first in known.fields:
        if name[len(first)] == ":":
            return no_space()
        hint = f"write `{first}:`, and what belongs to it indented under it"
        return Mistake("path-as-key", "a path stands where one field's name belongs", hint)
    message = f"{known.tag} has no field {shown}"
    hint = f"it has {', '.join(known.fields) or 'none'}"
    if other := _same_letters(name, known.fields):
        message = f"`{name}` is `{other}` in other letters than Stalwart's"
        hint = f"write `{other}`"
    elif near := nearest(name, known.fields):
        message, hint = f"{message}, but one that is called nearly so", near.rstrip()
    return Mistake("unknown-field", message, hint)


def missing(path: Path, known: Field) -> Mistake:
    """The mistake of a missing field without a default."""
    name, fact = path[-1], "is missing"
    hint = f"add `{name}: …`: {known.summary}"
    if isinstance(known.shape, SecretText):
        fact, hint = "is missing, and no secret has a default", f"add `{name}: …`: {INSTEAD}"
    elif isinstance(known.shape, ListOf):
        fact, stores = "is missing, and there are no shards without it", known.shape.minimum
        hint = f"add `{name}:`, and under it {stores} stores or more, each with `- ` in front"
    return Mistake("missing-field", f"{path_text(path)} {fact}", hint)


def null(path: Path, known: Field, node: ScalarNode) -> Mistake:
    """The mistake of null in a field that cannot be null."""
    name = path_text(path)
    if isinstance(known.shape, SecretText):
        return Mistake("not-a-secret", f"{name} is null, and no secret can be", INSTEAD)
    if isinstance(known.shape, Variants):
        hint = "write `{'@type': None}` for none, or leave the field out"
        return Mistake("not-an-object", f"{name} is null, and must be an object", hint)
    fact, hint = "may not be null", "leave the field out for its default"
    if not node.text:
        fact, hint = "has no value", f"write a value behind the colon: {known.summary}"
        hint += "" if known.required else "; or remove the line, for the default"
    elif known.required:
        hint = f"write a value: {known.summary}"
    return Mistake("null-value", f"{name} {fact}", hint)


def not_a_list_of_urls(node: ScalarNode | MappingNode, name: str) -> Mistake:
    """The mistake of another value in place of a list of URLs."""
    rule, hint = "not-a-list", "write its URLs one under the other, each with `- ` in front"
    if isinstance(node, MappingNode):
        texts = [value.text for _, value in node.entries if isinstance(value, ScalarNode)]
        if any(text.lower() in {"true", "false"} for text in texts):
            rule, fact = "wire-form", "is a mapping, as the server sends it, and a file has a list"
            hint = f"{hint}, without `: true`"
        else:
            fact = "must be a list of URLs, not one mapping"
            hint = "write `- ` in front of its first key"
    elif node.plain and node.text.startswith("-"):
        rule, fact = "missing-space", "has an item without a space after its dash"
        hint = "write `- redis://…`, with a space"
    elif re.search("[,;\\s]", node.text.strip()):
        fact = "is one text with several URLs in it, and must be a list"
    else:
        fact = "is one text, and must be a list of URLs"
        hint = "write the URL in a line of its own, with `- ` in front"
    return Mistake(rule, f"{name} {fact}", hint)


def not_a_list_of_objects(node: Node, name: str) -> Mistake:
    """The mistake of another value in place of a list of objects."""
    rule, hint = "not-a-list", "write its items one under the other, each with `- ` in front"
    if not isinstance(node, MappingNode):
        fact = "is a text, and must be a list of objects"
    elif node.entries and all(re.fullmatch("[0-9]+", key.text) for key, _ in node.entries):
        rule = "wire-form"
        fact = "is a mapping with numbers, as the server sends it; a file has a list"
        hint = f"{hint} in place of its number"
    elif node.get(TYPE) is not None:
        fact = "is one object, and must be a list of objects"
        hint = "write `- ` in front of its '@type'"
    else:
        fact, hint = "is a mapping with names, and must be a list", f"{hint} in place of its name"
    return Mistake(rule, f"{name} {fact}", hint)


def too_few(name: str, count: int, least: int) -> Mistake:
    """The mistake of a list with too few items."""
    message = f"{name} must have at least {least} items, and has {count}"
    hint = "one store needs no shards: write it at the top, in place of Sharded"
    if count == 0:
        message = f"{name} has no items, and must have at least {least}"
        hint = "write the stores, each with `- '@type': …` in front"
    return Mistake("too-few-items", message, hint)


def _same_letters(name: str, known: Collection[str]) -> str:
    """The known name with the same letters, whatever their case; empty without one."""
    letters = {re.sub("[-_ ]", "", other).lower(): other for other in known}
    return letters.get(re.sub("[-_ ]", "", name).lower(), "")


def _url_field(known: Fields) -> str:
    """The field with the URLs of a variant; empty without one."""
    fields = known.fields.items()
    return next((name for name, one in fields if isinstance(one.shape, UrlText | UrlSet)), "")


def _holds_secret(shape: Shape) -> bool:
    objects = shape.objects.values() if isinstance(shape, Variants) else ()
    fields = (field for known in objects for field in known.fields.values())
    return any(isinstance(field.shape, SecretText) for field in fields)
