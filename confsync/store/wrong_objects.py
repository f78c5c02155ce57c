"""Error messages for other files, invalid objects, unknown fields and missing values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.store.mistakes import (
    INSTEAD,
    TYPE,
    UNNAMED,
    Mistake,
    listed,
    near_name,
    no_space,
    quoted_name,
    unknown,
)
from confsync.store.scalars import NULLS, is_null
from confsync.store.wrong_secrets import ADDRESSES, URL_MAPPING
from confsync.sync.names import nearest, nearest_name
from confsync.sync.shape import Field, Fields, ListOf, SecretText, TextSet, UrlText, Variants
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
    write = f"write `{first}:` at the top, and its fields indented under it"
    if not keys:
        return Mistake("no-object", "the file has no object", write)
    variants = [known for kind in kinds.values() for known in kind.shape.objects.values()]
    stray = keys & {TYPE, *(name for known in variants for name in known.fields)}
    for key, value in document.entries:
        if key.text in kinds:
            if not stray or not isinstance(value, ScalarNode) or value.text not in NULLS:
                return None
            message = f"the fields of {key.text} are not indented"
            return Mistake("no-object-name", message, "indent the lines below it by two spaces")
    if "targets" in keys:
        what = "a confsync.yaml"
        hint = "pass the store files listed under its `files`"
    elif keys >= {"apiVersion", "kind"}:
        what = "a Kubernetes manifest"
        hint = f"put the store into its own file, with `{first}:` at the top"
    elif keys & {"methodResponses", "methodCalls", "list", "notFound"}:
        what = "a JMAP request or answer"
        hint = f"{write}; `confsync show` prints the live state as a store file"
    elif stray:
        hint = f"write `{first}:` as the first line, and indent the rest by two spaces"
        return Mistake("no-object-name", "missing object name above the fields", hint)
    else:
        return None
    return Mistake("not-a-store", f"this is {what}, not a store file", hint)


def unknown_object(key: ScalarNode, known: Sequence[str], fields: Mapping[str, str]) -> Mistake:
    """The mistake of a key at the top that names no object. `fields`: those of the objects in the
    file, with the name of their object.
    """
    hint = nearest(key.text, known).rstrip() or f"remove it; confsync manages {listed(known)} only"
    if key.text in fields:
        hint = f"indent it under `{fields[key.text]}:`, where it is a field"
    return Mistake("unknown-object", unknown("object", quoted_name(key.text)), hint)


def not_an_object(node: ScalarNode | SequenceNode, path: Path, shape: Variants) -> Mistake:
    """The mistake of a text, a list or nothing in place of an object."""
    rule, hint = "not-an-object", f"add `'@type': …` under it, one of {', '.join(shape.objects)}"
    if isinstance(node, SequenceNode):
        fact, hint = "must be one object, not a list", "remove the `- ` before its first field"
    elif is_null(node):
        fact = "has no fields"
    elif _holds_secret(shape):
        rule, fact = "secret-without-type", "must be an object with '@type'"
        hint = "write `{'@type': Value, secret: {env: NAME}}`, or `{'@type': None}` for no secret"
    elif node.plain and re.fullmatch(r"[A-Za-z_]+:\S.*", node.text) and "://" not in node.text:
        return no_space()
    elif path:
        fact = "must be an object, not a string"
        hint = "write `- '@type': Redis`, and `url: …` on the next line"
    else:
        fact = "must be an object, not a string"
    return Mistake(rule, f"{path_text(path) or shape.name} {fact}", hint)


def no_type(node: MappingNode, path: Path, shape: Variants, references: Collection[str]) -> Mistake:
    """The mistake of an object without `@type`."""
    name = path_text(path) or shape.name
    for other in ("type", "Type", "@Type", "$type", "kind"):
        if misspelt := node.get(other):
            message = f"`{other}` must be '@type'"
            hint = f"write `'@type'`, with quotes, instead of `{other}`"
            return Mistake("no-type", message, hint, misspelt[0].mark)
    if any(key.text in references for key, _ in node.entries):
        message = f"{name} must be an object, not a reference"
        hint = "write `{'@type': Value, secret: {env: NAME}}`"
        return Mistake("secret-without-type", message, hint)
    hint = f"add `'@type': …`, one of {', '.join(shape.objects)}"
    return Mistake("no-type", f"{name} has no '@type'", hint)


def unknown_type(value: Node, path: Path, shape: Variants, top: Collection[str]) -> Mistake:
    """The mistake of an unknown variant. `top`: the variants of the whole object."""
    name, hint = path_text(path) or shape.name, f"write one of {', '.join(shape.objects)}"
    rule, fact = "no-type", f"the '@type' of {name} must be a string"
    if not isinstance(value, ScalarNode):
        pass
    elif is_null(value):
        fact = f"the '@type' of {name} has no value"
    elif path and value.text in top:
        rule, fact = "not-a-shard", f"{name} cannot be {value.text}"
        hint = f"a shard is one of {', '.join(shape.objects)}"
    else:
        rule, fact = "unknown-type", f"{name} has an unknown '@type'"
        if near := near_type(value, shape):
            fact = f"unknown @type {value.text}"
            same = _same_letters(value.text, shape.objects)
            hint = f"Stalwart spells it {near}" if same else f"did you mean {near}?"
    return Mistake(rule, fact, hint, value.mark)


def near_type(value: Node, shape: Variants) -> str:
    """The variant that a misspelt `@type` certainly means; empty without one."""
    text = value.text if isinstance(value, ScalarNode) else ""
    near = nearest_name(text, shape.objects) if quoted_name(text) != UNNAMED else ""
    return _same_letters(text, shape.objects) or near


def unknown_field(
    key: ScalarNode, known: Fields, shape: Variants, references: Collection[str]
) -> Mistake:
    """The mistake of a field that its variant does not have."""
    name = key.text
    if name == "id":
        return Mistake("server-id", "`id` is set by the server", "remove the line")
    secrets = [name for name, field in known.fields.items() if isinstance(field.shape, SecretText)]
    if name in references and secrets:
        message = f"`{name}` must be inside `{secrets[0]}`"
        hint = f"write `{secrets[0]}: {{{name}: …}}`"
        return Mistake("reference-beside-type", message, hint)
    owners = [tag for tag, other in shape.objects.items() if name in other.fields]
    if owners:
        return _of_another_variant(name, known, owners)
    shown = near_name(name, known.fields) if secrets else quoted_name(name)
    return _part_of_url(name, known) or _misspelt(name, known, shown)


def _of_another_variant(name: str, known: Fields, owners: Sequence[str]) -> Mistake:
    fact = f", not of {known.tag}"
    hint = f"remove it, or change the '@type' to {listed(owners, 'or')}"
    if not known.fields:
        fact = f"; {known.tag} has no fields"
    elif near := nearest_name(name, known.fields):
        fact = f"; {known.tag} has `{near}`"
        form = {TextSet: " with a list of URLs", UrlText: " with one URL"}
        hint = f"write `{near}`{form.get(type(known.fields[near].shape), '')}"
    elif _url_field(known) == "url" and "auth" in name.lower():
        hint = f"user and password are part of the URL: `url: {URL_MAPPING}`"
    message = f"`{name}` is a field of {listed(owners)}{fact}"
    return Mistake("field-of-another-variant", message, hint)


def _part_of_url(name: str, known: Fields) -> Mistake | None:
    url, lower = _url_field(known), name.lower()
    if not url or nearest_name(name, known.fields):
        return None
    if lower in ADDRESSES:
        message = f"{known.tag} has no field `{name}`: it is part of the URL"
        one = "rediss://HOST:PORT/DATABASE" if url == "url" else "[rediss://HOST:PORT]"
        return Mistake("part-of-url", message, f"write `{url}: {one}`")
    if lower not in _CREDENTIALS and not lower.endswith(("password", "passwd")):
        return None
    objects = (one for one, field in known.fields.items() if _holds_secret(field.shape))
    if secret := next(objects, ""):
        url, value = secret, "{'@type': Value, secret: {env: NAME}}"
    else:
        value = URL_MAPPING
    message = f"{known.tag} has no field `{name}`: credentials go into `{url}`"
    return Mistake("part-of-url", message, f"write `{url}: {value}`")


def _misspelt(name: str, known: Fields, shown: str) -> Mistake:
    first = re.split("[./:]", name)[0]
    if first in known.fields:
        if name[len(first)] == ":":
            return no_space()
        hint = f"write `{first}:`, and the rest indented under it"
        return Mistake("path-as-key", "a field name cannot be a path", hint)
    message = f"{known.tag} has no field {shown}"
    hint = f"known fields: {', '.join(known.fields)}" if known.fields else "remove the line"
    if other := _same_letters(name, known.fields):
        hint = f"Stalwart spells it {other}"
    elif near := nearest(name, known.fields):
        hint = near.rstrip()
    return Mistake("unknown-field", message, hint)


def missing(path: Path, known: Field) -> Mistake:
    """The mistake of a missing field without a default."""
    name = path[-1]
    hint = f"add `{name}: …` ({known.summary})"
    if isinstance(known.shape, SecretText):
        hint = f"add `{name}: {{env: NAME}}`, or another reference"
    elif isinstance(known.shape, ListOf):
        hint = f"add `{name}:` with at least {known.shape.minimum} stores, each after `- `"
    return Mistake("missing-field", f"{path_text(path)} is missing", hint)


def null(path: Path, known: Field, node: ScalarNode) -> Mistake:
    """The mistake of null in a field that cannot be null."""
    name = path_text(path)
    if isinstance(known.shape, SecretText):
        return Mistake("not-a-secret", f"{name} must be a secret, not null", INSTEAD)
    if isinstance(known.shape, Variants):
        hint = "write `{'@type': None}` for no secret, or remove the line"
        return Mistake("not-an-object", f"{name} must be an object, not null", hint)
    fact = "cannot be null" if node.text else "has no value"
    hint = f"add a value ({known.summary})"
    if not known.required:
        hint = "remove it to use the default" if node.text else f"{hint}, or remove the line"
    return Mistake("null-value", f"{name} {fact}", hint)


def not_a_list_of_urls(node: ScalarNode | MappingNode, name: str) -> Mistake:
    """The mistake of another value in place of a list of URLs."""
    rule, hint = "not-a-list", "write each URL on its own line, after `- `"
    if isinstance(node, MappingNode):
        texts = [value.text for _, value in node.entries if isinstance(value, ScalarNode)]
        if any(text.lower() in {"true", "false"} for text in texts):
            rule, fact = "wire-form", "must be a list, not a mapping as the server sends it"
            hint = f"{hint}, without `: true`"
        else:
            fact, hint = "must be a list, not a mapping", "write `- ` before its first key"
    elif node.plain and node.text.startswith("-"):
        rule, fact = "missing-space", "has an item without a space after the dash"
        hint = "write `- redis://…`"
    elif re.search("[,;\\s]", node.text.strip()):
        fact = "must be a list, not several URLs in one string"
    else:
        fact = "must be a list, not one string"
        hint = "write the URL on its own line, after `- `"
    return Mistake(rule, f"{name} {fact}", hint)


def not_a_list_of_objects(node: Node, name: str) -> Mistake:
    """The mistake of another value in place of a list of objects."""
    rule, hint = "not-a-list", "write each item after `- `"
    if not isinstance(node, MappingNode):
        fact = "must be a list, not a string"
    elif node.entries and all(re.fullmatch("[0-9]+", key.text) for key, _ in node.entries):
        rule = "wire-form"
        fact = "must be a list, not a numbered mapping as the server sends it"
        hint = f"{hint}, instead of its number"
    elif node.get(TYPE) is not None:
        fact, hint = "must be a list, not one object", "write `- ` before its '@type'"
    else:
        fact, hint = "must be a list, not a mapping with names", f"{hint}, instead of its name"
    return Mistake(rule, f"{name} {fact}", hint)


def too_few(name: str, count: int, least: int) -> Mistake:
    """The mistake of a list with too few items."""
    message = f"{name} must have at least {least} items, not {count}"
    hint = "for one store, write its '@type' and fields instead of Sharded"
    if count == 0:
        hint = "add the stores, each as `- '@type': …`"
    return Mistake("too-few-items", message, hint)


def _same_letters(name: str, known: Collection[str]) -> str:
    """The known name with the same letters, whatever their case; empty without one."""
    letters = {re.sub("[-_ ]", "", other).lower(): other for other in known}
    return letters.get(re.sub("[-_ ]", "", name).lower(), "")


def _url_field(known: Fields) -> str:
    fields = known.fields.items()
    return next((name for name, one in fields if isinstance(one.shape, UrlText | TextSet)), "")


def _holds_secret(shape: Shape) -> bool:
    objects = shape.objects.values() if isinstance(shape, Variants) else ()
    fields = (field for known in objects for field in known.fields.values())
    return any(isinstance(field.shape, SecretText) for field in fields)
