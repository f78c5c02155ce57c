"""Variants and fields that there are not, in the words that their author gets to see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.store.mistakes import INSTEAD, Mistake, listed, near_name, no_space, quoted_name
from confsync.sync.shape import Field, Fields, ListOf, SecretText, UrlSet, UrlText, Variants
from confsync.sync.spelling import nearest, nearest_name
from confsync.sync.tree import Path, path_text
from confsync.yaml.nodes import MappingNode, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Collection

    from confsync.yaml.nodes import Node

_NULLS = {"", "~", "null", "Null", "NULL"}
_GLUED = re.compile(r"[A-Za-z_]+:\S.*")
# Parts of a URL under the names that other programs give to fields of their own.
ADDRESS = {"host", "hostname", "server", "addr", "port", "database", "db", "scheme", "tls", "ssl"}
_CREDENTIALS = {"username", "user", "password", "passwd", "passphrase"}
_MAPPING = "`{address: …, username: …, password: {env: NAME}}`"


def not_an_object(node: ScalarNode | SequenceNode, path: Path, shape: Variants) -> Mistake:
    """A text, a list or nothing where an object belongs."""
    name = path_text(path) or shape.name
    names = ", ".join(shape.objects)
    if isinstance(node, SequenceNode):
        message = f"{name} is a list, and must be one object"
        return Mistake("not-an-object", message, "take away the `- ` in front of its first field")
    if node.plain and node.text in _NULLS:
        hint = f"write `'@type': …` under it, with one of {names}"
        return Mistake("not-an-object", f"{name} has nothing under it", hint)
    if _holds_secret(shape):
        message = f"{name} is a text, and must say which kind of secret it is"
        hint = "write `{'@type': Value, secret: {env: NAME}}`, or `{'@type': None}` for none"
        return Mistake("secret-without-type", message, hint)
    if node.plain and _GLUED.fullmatch(node.text) and "://" not in node.text:
        return no_space(node.mark)
    if path:
        message = f"{name} is a text, and must be a store of its own"
        hint = "write `- '@type': Redis`, and `url: …` in the line below it"
        return Mistake("not-an-object", message, hint)
    hint = f"write `'@type': …` under it, with one of {names}"
    return Mistake("not-an-object", f"{name} is a text, and must be a mapping", hint)


def no_type(node: MappingNode, name: str, shape: Variants, references: Collection[str]) -> Mistake:
    """An object that does not say which variant it is."""
    for other in ("type", "Type", "@Type", "$type", "kind"):
        misspelt = node.get(other)
        if misspelt is not None:
            message = f"`{other}` stands where '@type' belongs"
            hint = f"write `'@type'`, in quotes, in place of `{other}`"
            return Mistake("no-type", message, hint, misspelt[0].mark)
    if any(key.text in references for key, _ in node.entries):
        message = f"{name} is a reference, which can only stand for the secret in it"
        hint = "write `{'@type': Value, secret: {env: NAME}}`"
        return Mistake("secret-without-type", message, hint)
    hint = f"add `'@type': …`, in quotes, with one of {', '.join(shape.objects)}"
    return Mistake("no-type", f"{name} has no '@type'", hint)


def unknown_type(value: Node, path: Path, shape: Variants, top: Variants) -> Mistake:
    """A variant that does not exist, or not here."""
    name, known = path_text(path) or shape.name, ", ".join(shape.objects)
    if not isinstance(value, ScalarNode):
        message = f"{name} has an '@type' that is no text"
        return Mistake("no-type", message, f"write one of {known}", value.mark)
    if value.plain and value.text in _NULLS:
        message = f"{name} has an '@type' without a value"
        return Mistake("no-type", message, f"write one of {known} behind it", value.mark)
    if value.text in top.objects and path:
        message = f"{name} cannot be {value.text}: no store within another one can"
        return Mistake("not-a-shard", message, f"write one of {known}", value.mark)
    other = {_letters(tag): tag for tag in shape.objects}.get(_letters(value.text))
    if other is not None:
        message = f"{name} has an '@type' in other letters than Stalwart's"
        return Mistake("unknown-type", message, f"write `'@type': {other}`", value.mark)
    near = nearest_name(value.text, shape.objects)
    if near:
        message = f"{name} has a misspelt '@type'"
        hint = f"did you mean {near}? known are {known}"
        return Mistake("unknown-type", message, hint, value.mark)
    return Mistake("unknown-type", f"{name} has no such '@type'", f"known are {known}", value.mark)


def unknown_field(
    key: ScalarNode, known: Fields, shape: Variants, references: Collection[str]
) -> Mistake:
    """A field that this variant does not have; perhaps another one does."""
    return (
        _of_the_server(key, known)
        or _reference_beside(key, known, references)
        or _of_another_variant(key, known, shape)
        or _part_of_url(key, known)
        or _spelt_otherwise(key, known)
    )


def missing(name: str, known: Field, path: Path) -> Mistake:
    """A field without a default that is not there."""
    if isinstance(known.shape, SecretText):
        message = f"{path_text(path)} is missing, and no secret has a default"
        return Mistake("missing-field", message, f"add `{name}: …`: {INSTEAD}")
    if isinstance(known.shape, ListOf):
        message = f"{path_text(path)} is missing, and there are no shards without it"
        hint = f"add `{name}:`, and under it {known.shape.minimum} stores or more"
        return Mistake("missing-field", message, f"{hint}, each with `- ` in front")
    message = f"{path_text(path)} is missing"
    return Mistake("missing-field", message, f"add `{name}: …`: {known.summary}")


def _of_the_server(key: ScalarNode, known: Fields) -> Mistake | None:
    if key.text != "id" or key.text in known.fields:
        return None
    message = "`id` is the server's own, and nothing to be set"
    return Mistake("server-id", message, "remove the line", key.mark)


def _reference_beside(
    key: ScalarNode, known: Fields, references: Collection[str]
) -> Mistake | None:
    secrets = [name for name, field in known.fields.items() if isinstance(field.shape, SecretText)]
    if key.text not in references or not secrets:
        return None
    message = f"`{key.text}` stands beside '@type', and must stand within `{secrets[0]}`"
    hint = f"write `{secrets[0]}: {{{key.text}: …}}` in one line"
    return Mistake("reference-beside-type", message, hint, key.mark)


def _of_another_variant(key: ScalarNode, known: Fields, shape: Variants) -> Mistake | None:
    owners = [tag for tag, other in shape.objects.items() if key.text in other.fields]
    if not owners:
        return None
    name, whose = f"`{key.text}`", f"belongs to {listed(owners)}"
    if not known.fields:
        message = f"{name} {whose}; {known.tag} has no fields at all"
        hint = f"remove it, or change the '@type' to {' or '.join(owners)}"
        return Mistake("field-of-another-variant", message, hint, key.mark)
    near = nearest_name(key.text, known.fields)
    if near:
        form = {UrlSet: " as a list, each with `- ` in front", UrlText: " with one text alone"}
        hint = f"write `{near}`{form.get(type(known.fields[near].shape), '')}"
        message = f"{name} {whose}; {known.tag} has `{near}`"
        return Mistake("field-of-another-variant", message, hint, key.mark)
    hint = f"remove it, or change the '@type' to {' or '.join(owners)}"
    if _url_field(known) == "url" and "auth" in key.text.lower():
        hint = f"here user and password stand in the URL: `url: {_MAPPING[1:]}"
    message = f"{name} {whose}, and {known.tag} has nothing like it"
    return Mistake("field-of-another-variant", message, hint, key.mark)


def _part_of_url(key: ScalarNode, known: Fields) -> Mistake | None:
    url, name = _url_field(known), key.text.lower()
    if not url or nearest_name(key.text, known.fields):
        return None
    if name in ADDRESS:
        message = f"`{key.text}` is no field of {known.tag}: it stands in the URL"
        one = "rediss://HOST:PORT/DATABASE" if url == "url" else "[rediss://HOST:PORT]"
        return Mistake("part-of-url", message, f"write `{url}: {one}`", key.mark)
    if name not in _CREDENTIALS and not name.endswith(("password", "passwd")):
        return None
    secret = next((name for name, field in known.fields.items() if _is_secret(field)), "")
    message = f"`{key.text}` is no field of {known.tag}: credentials have a place of their own"
    hint = f"write `{secret}: {{'@type': Value, secret: {{env: NAME}}}}`"
    if not secret:
        hint = f"write `{url}: {_MAPPING[1:]}"
    return Mistake("part-of-url", message, hint, key.mark)


def _spelt_otherwise(key: ScalarNode, known: Fields) -> Mistake:
    secret = any(isinstance(field.shape, SecretText) for field in known.fields.values())
    name = near_name(key.text, known.fields) if secret else quoted_name(key.text)
    first = re.split("[./:]", key.text)[0]
    if first in known.fields and first != key.text:
        if key.text[len(first)] == ":":
            return no_space(key.mark)
        message = "a path stands where one field's name belongs"
        hint = f"write `{first}:`, and what belongs to it indented under it"
        return Mistake("path-as-key", message, hint, key.mark)
    other = {_letters(field): field for field in known.fields}.get(_letters(key.text))
    if other is not None:
        message = f"`{key.text}` is `{other}` in other letters than Stalwart's"
        return Mistake("unknown-field", message, f"write `{other}`", key.mark)
    near = nearest(key.text, known.fields).rstrip()
    if near:
        message = f"{known.tag} has no field {name}, but one that is called nearly so"
        return Mistake("unknown-field", message, near, key.mark)
    message = f"{known.tag} has no field {name}"
    hint = f"it has {', '.join(known.fields) or 'none'}"
    return Mistake("unknown-field", message, hint, key.mark)


def _letters(name: str) -> str:
    return re.sub("[-_ ]", "", name).lower()


def _url_field(known: Fields) -> str:
    """The field with the URLs of a variant, if it has one."""
    urls = (
        name for name, field in known.fields.items() if isinstance(field.shape, UrlText | UrlSet)
    )
    return next(urls, "")


def _is_secret(field: Field) -> bool:
    return isinstance(field.shape, Variants) and _holds_secret(field.shape)


def _holds_secret(shape: Variants) -> bool:
    return any(
        isinstance(field.shape, SecretText)
        for known in shape.objects.values()
        for field in known.fields.values()
    )
