"""Error messages for other files, invalid objects, unknown fields and missing values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.kinds import FIRST
from confsync.kinds.not_managed import not_managed
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

_FEW = 5  # objects that a hint lists
_FORM = {"urls": " with a list of URLs", "url": " with one URL"}
_CREDENTIALS = {"username", "user", "password", "passwd", "passphrase"}


def wrong_top(document: MappingNode, kinds: Mapping[str, Kind]) -> Mistake | None:
    """The mistake of a file that is no store; None for a store."""
    keys = {key.text for key, _ in document.entries}
    if not keys:
        return Mistake("no-object", "the file has no object", _write(kinds))
    for key, value in document.entries:
        if key.text in kinds:
            null = isinstance(value, ScalarNode) and value.text in NULLS
            if not (null and keys & _fields_of(kinds[key.text])):
                return None
            message = f"the fields of {key.text} are not indented"
            return Mistake("no-object-name", message, "indent the lines below it by two spaces")
    if "targets" in keys:
        what = "a confsync.yaml"
        hint = "pass the store files listed under its `files`"
    elif keys >= {"apiVersion", "kind"}:
        what = "a Kubernetes manifest"
        hint = f"put the store into its own file, with {_names(kinds)} at the top"
    elif keys & {"methodResponses", "methodCalls", "list", "notFound"}:
        what = "a JMAP request or answer"
        hint = f"{_write(kinds)}; `confsync show` prints the live state as a store file"
    elif owners := _owners(keys, kinds):
        hint = f"write {_names(owners)} as the first line, and indent the rest by two spaces"
        return Mistake("no-object-name", "missing object name above the fields", hint)
    else:
        return None
    return Mistake("not-a-store", f"this is {what}, not a store file", hint)


def _fields_of(kind: Kind) -> set[str]:
    known = kind.shape.objects.values()
    return {TYPE, *(name for fields in known for name in fields.fields)}


def _owners(keys: set[str], kinds: Mapping[str, Kind]) -> Sequence[str]:
    """The objects with most of these fields."""
    counts = {name: len(keys & _fields_of(kind)) for name, kind in kinds.items()}
    most = max(counts.values())
    return [name for name, count in counts.items() if count == most] if most else []


def _names(known: Collection[str]) -> str:
    """Some objects as they stand at the top of a file."""
    if len(known) > _FEW:
        return f"the object's name, like `{FIRST}:`,"
    return listed([f"`{name}:`" for name in known], "or")


def _write(kinds: Collection[str]) -> str:
    return f"write {_names(kinds)} at the top, and its fields indented under it"


def unknown_object(key: ScalarNode, known: Sequence[str], fields: Mapping[str, str]) -> Mistake:
    """The mistake of a key at the top that names no object. `fields`: those of the objects in the
    file, with the name of their object.
    """
    if fact := not_managed(key.text):
        hint = "remove it; `confsync explain` lists the objects that confsync manages"
        return Mistake("unknown-object", fact, hint)
    hint = nearest(key.text, known).rstrip() or "remove it; `confsync explain` lists all objects"
    if key.text in fields:
        hint = f"indent it under `{fields[key.text]}:`, where it is a field"
    return Mistake("unknown-object", unknown("object", quoted_name(key.text)), hint)


def not_an_object(node: ScalarNode | SequenceNode, path: Path, shape: Variants) -> Mistake:
    """The mistake of a text, a list or nothing in place of an object."""
    rule, hint = "not-an-object", f"add {_fields_to_write(shape)}"
    if isinstance(node, SequenceNode):
        fact, hint = "must be one object, not a list", "remove the `- ` before its first field"
    elif is_null(node):
        fact = "has no fields"
    elif secret := _as_secret(shape):
        rule, fact = "secret-without-type", "must be an object with '@type'"
        hint = f"write {secret}{_or_none(shape)}"
    elif node.plain and re.fullmatch(r"[A-Za-z_]+:\S.*", node.text) and "://" not in node.text:
        return no_space()
    else:
        fact = "must be an object, not a string"
        if path and "Redis" in shape.objects:
            hint = "write `- '@type': Redis`, and `url: …` on the next line"
    return Mistake(rule, f"{path_text(path) or shape.name} {fact}", hint)


def _fields_to_write(shape: Variants) -> str:
    if not shape.plain:
        return f"`'@type': …` under it, one of {', '.join(shape.objects)}"
    return f"its fields under it, like `{next(iter(shape.fields_of('')))}: …`"


def _as_secret(shape: Variants) -> str:
    """An object of this shape with a reference; empty if none of its variants has a secret."""
    for tag, known in shape.objects.items():
        for name, field in known.fields.items():
            if isinstance(field.shape, SecretText):
                inner = f"{name}: {{env: NAME}}"
                return f"`{{{inner}}}`" if not tag else f"`{{'@type': {tag}, {inner}}}`"
    return ""


def _or_none(shape: Variants) -> str:
    return ", or `{'@type': None}` for no secret" if "None" in shape.objects else ""


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
        hint = (
            f"write {secret}" if (secret := _as_secret(shape)) else f"add {_fields_to_write(shape)}"
        )
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
    elif path and isinstance(path[-1], int) and value.text in top:
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
    if name == TYPE:
        hint = "remove the line: it has no variants"
        return Mistake("unknown-field", f"{shape.name} has no '@type'", hint)
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
    owner = known.tag or shape.name
    return _part_of_url(name, known, owner) or _misspelt(name, known, owner, shown)


def _of_another_variant(name: str, known: Fields, owners: Sequence[str]) -> Mistake:
    fact = f", not of {known.tag}"
    hint = f"remove it, or change the '@type' to {listed(owners, 'or')}"
    if not known.fields:
        fact = f"; {known.tag} has no fields"
    elif near := nearest_name(name, known.fields):
        fact = f"; {known.tag} has `{near}`"
        hint = f"write `{near}`{_FORM.get(_form_of_urls(known.fields[near].shape), '')}"
    elif _url_field(known) == "url" and "auth" in name.lower():
        hint = f"user and password are part of the URL: `url: {URL_MAPPING}`"
    message = f"`{name}` is a field of {listed(owners)}{fact}"
    return Mistake("field-of-another-variant", message, hint)


def _part_of_url(name: str, known: Fields, owner: str) -> Mistake | None:
    url, lower = _url_field(known), name.lower()
    if not url or nearest_name(name, known.fields):
        return None
    if lower in ADDRESSES:
        message = f"{owner} has no field `{name}`: it is part of the URL"
        redis = "redis" in f"{known.fields[url].default}"
        one = "rediss://HOST:PORT/DATABASE" if redis else "https://HOST:PORT/PATH"
        if isinstance(known.fields[url].shape, TextSet):
            one = "[rediss://HOST:PORT]"
        return Mistake("part-of-url", message, f"write `{url}: {one}`")
    if lower not in _CREDENTIALS and not lower.endswith(("password", "passwd")):
        return None
    objects = (
        (one, _as_secret(field.shape).strip("`"))
        for one, field in known.fields.items()
        if isinstance(field.shape, Variants)
    )
    secret, value = next((found for found in objects if found[1]), (url, URL_MAPPING))
    message = f"{owner} has no field `{name}`: credentials go into `{secret}`"
    return Mistake("part-of-url", message, f"write `{secret}: {value}`")


def _misspelt(name: str, known: Fields, owner: str, shown: str) -> Mistake:
    first = re.split("[./:]", name)[0]
    if first in known.fields:
        if name[len(first)] == ":":
            return no_space()
        hint = f"write `{first}:`, and the rest indented under it"
        return Mistake("path-as-key", "a field name cannot be a path", hint)
    message = f"{owner} has no field {shown}"
    hint = f"known fields: {', '.join(known.fields)}" if known.fields else "remove the line"
    if other := _same_letters(name, known.fields):
        hint = f"Stalwart spells it {other}"
    elif near := nearest(name, known.fields):
        hint = near.rstrip()
    return Mistake("unknown-field", message, hint)


def missing(path: Path, known: Field) -> Mistake:
    """The mistake of a missing field without a default."""
    name = path[-1]
    hint = f"add `{name}: …`{_about(known)}"
    if isinstance(known.shape, SecretText):
        hint = f"add `{name}: {{env: NAME}}`, or another reference"
    elif isinstance(known.shape, ListOf):
        what = _items(known.shape)
        hint = f"add `{name}:` with at least {known.shape.minimum} {what}, each after `- `"
    return Mistake("missing-field", f"{path_text(path)} is missing", hint)


def _about(known: Field) -> str:
    return f" ({known.summary})" if known.summary else ""


def _items(shape: ListOf | TextSet) -> str:
    """The items of a list with at least some, for people."""
    if isinstance(shape, ListOf) and not shape.item.plain:
        return "stores"
    return "item" if shape.minimum == 1 else "items"


def null(path: Path, known: Field, node: ScalarNode) -> Mistake:
    """The mistake of null in a field that cannot be null."""
    name = path_text(path)
    if isinstance(known.shape, SecretText):
        return Mistake("not-a-secret", f"{name} must be a secret, not null", INSTEAD)
    hint = "add a value" + _about(known)
    if isinstance(known.shape, Variants) and not known.shape.short:
        none = "None" in known.shape.objects
        hint = (
            "write `{'@type': None}` for no secret"
            if none
            else f"add {_fields_to_write(known.shape)}"
        )
        hint = hint if known.required else f"{hint}, or remove the line"
        return Mistake("not-an-object", f"{name} must be an object, not null", hint)
    fact = "cannot be null" if node.text else "has no value"
    if not known.required:
        hint = "remove it to use the default" if node.text else f"{hint}, or remove the line"
    return Mistake("null-value", f"{name} {fact}", hint)


def not_a_list(node: ScalarNode | MappingNode, name: str, member: Shape) -> Mistake:
    """The mistake of another value in place of a set."""
    if isinstance(member, UrlText):
        return _not_a_list_of_urls(node, name)
    rule, hint = "not-a-list", "write each value on its own line, after `- `"
    fact = "must be a list, not one string"
    if isinstance(node, MappingNode):
        fact = "must be a list, not a mapping"
        texts = [value.text for _, value in node.entries if isinstance(value, ScalarNode)]
        if any(text.lower() in {"true", "false"} for text in texts):
            rule, fact = "wire-form", f"{fact} as the server sends it"
            hint = f"{hint}, without `: true`"
    elif re.search("[,;\\s]", node.text.strip()):
        fact = "must be a list, not several values in one string"
    return Mistake(rule, f"{name} {fact}", hint)


def not_a_map(node: ScalarNode | SequenceNode, name: str) -> Mistake:
    """The mistake of another value in place of a map."""
    hint = "write each as `NAME: VALUE` on its own line, indented under it"
    what = "a string"
    if isinstance(node, SequenceNode):
        what, hint = "a list", f"{hint}, without the `- `"
    return Mistake("not-an-object", f"{name} must be a mapping, not {what}", hint)


def _not_a_list_of_urls(node: ScalarNode | MappingNode, name: str) -> Mistake:
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


def too_few(name: str, count: int, shape: ListOf | TextSet) -> Mistake:
    """The mistake of a list with too few items."""
    least = shape.minimum
    message = f"{name} must have at least {least} item{'s' * (least != 1)}, not {count}"
    if _items(shape) != "stores":
        hint = "add some, each after `- `"
    elif count == 0:
        hint = "add the stores, each as `- '@type': …`"
    else:
        hint = "for one store, write its '@type' and fields instead of Sharded"
    return Mistake("too-few-items", message, hint)


def _same_letters(name: str, known: Collection[str]) -> str:
    """The known name with the same letters, whatever their case; empty without one."""
    letters = {re.sub("[-_ ]", "", other).lower(): other for other in known}
    return letters.get(re.sub("[-_ ]", "", name).lower(), "")


def _url_field(known: Fields) -> str:
    fields = known.fields.items()
    return next((name for name, one in fields if _form_of_urls(one.shape)), "")


def _form_of_urls(shape: Shape) -> str:
    """`url` or `urls` for a field of URLs; empty for another one."""
    if isinstance(shape, TextSet):
        return "urls" if isinstance(shape.member, UrlText) else ""
    return "url" if isinstance(shape, UrlText) else ""
