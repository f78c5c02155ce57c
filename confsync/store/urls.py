"""Secrets and URLs as files write them: references, and the mapping form of a URL."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

from confsync.store.messages import references as wrong_references
from confsync.store.messages import secrets as wrong_secrets
from confsync.store.mistakes import INSTEAD, PLAINTEXT, Mistake, is_broken
from confsync.store.scalars import is_null, text
from confsync.sync.secret import IN_CLEAR, MASK, Form, Ref, Secret, Vault
from confsync.sync.spelling import nearest_name
from confsync.sync.tree import Path, path_text
from confsync.sync.url import Url, compose, percent_encoded, seal_url
from confsync.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from confsync.yaml.nodes import Mark

PARTS: Mapping[str, str] = {
    "address": "the URL without user and password, like rediss://cache.example.com:6379/1",
    "username": "the user name as it is; confsync percent-encodes it",
    "password": "where the password can be had; confsync percent-encodes it",
}
"""What the mapping form of a URL consists of."""

AS_MAPPING = (
    "write the URL as a mapping: `{address: …, username: …, password: {env: NAME}}`, "
    "with the address as it is without user and password"
)
ADDRESS, USERNAME, PASSWORD = tuple(PARTS)
_IN_CLEAR = "write where it can be had, like `{env: NAME}`, and have the one in the file revoked"
REFERENCE = "write it as a reference, without the $: `{env: NAME}`"
_VARIABLE = r"\$(?:[A-Z_][A-Z0-9_]*|\{([A-Za-z_][A-Za-z0-9_]*)\})"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class Reference(Protocol):
    """A kind of reference, as far as files have to know it."""

    @property
    def form(self) -> Form:
        """What stands behind its key."""


@dataclass(frozen=True)
class Reader:
    """Reads one field.

    `references` are the kinds of references. `note` takes mistakes after which reading goes on.
    Each method returns None for a value whose mistakes are reported already, and raises Mistake.
    """

    vault: Vault
    references: Mapping[str, Reference]
    path: Path
    note: Callable[[Mark, Mistake], None]

    def secret(self, node: Node) -> Secret | None:
        """A secret: its reference, or the text in clear, sealed."""
        found = self._secret(node, path_text(self.path))
        if isinstance(found, str):
            return self.vault.seal(found, IN_CLEAR)
        return None if found is None else Secret(None, found)

    def credential(self, node: Node) -> Secret | None:
        """A reference to a credential. A text in clear is refused, whatever it is."""
        if isinstance(node, ScalarNode) and not is_null(node):
            name = path_text(self.path)
            wrong = variable(node.text, name, REFERENCE)
            fact = f"{name} stands in the file in clear, and so in the repository's history"
            raise wrong or Mistake("credential-in-clear", fact, _IN_CLEAR)
        return self.secret(node)

    def url(self, node: Node) -> Url | None:
        """A URL: a text, a reference, or the mapping form. A password in it is sealed."""
        name = path_text(self.path)
        if isinstance(node, SequenceNode):
            raise wrong_secrets.list_for_url(name, self.path)
        if isinstance(node, ScalarNode):
            return self._plain(node, name)
        if _is_reference(node, self.references):
            found = self._reference(node, name)
            return None if found is None else Url((), found)
        return self._mapping(node, name)

    def _plain(self, node: ScalarNode, name: str) -> Url:
        if is_null(node):
            message = f"{name} is an item without a URL"
            raise Mistake(
                "null-value", message, "write the URL behind the dash, or remove the line"
            )
        wrong_secrets.refuse_unfilled(node.text, name, tuple(self.references))
        url = seal_url(text(node, name, trimmed=True), self.vault)
        if not url.secrets:
            return url
        if self.vault.seal(MASK) in url.secrets:
            message = f"{name} holds the mask that stands for a hidden secret, not a password"
            raise Mistake("mask", message, AS_MAPPING)
        self.note(node.mark, Mistake(PLAINTEXT, f"{name} holds a password in clear", AS_MAPPING))
        return in_clear(url)

    def _mapping(self, node: MappingNode, name: str) -> Url | None:
        """Read the mapping form, and report every mistake in it."""
        texts = {USERNAME: ""}
        password: Secret | None = None
        failed = False
        for key, value in node.entries:
            where = f"{name}/{key.text}"
            try:
                if key.text not in PARTS:
                    raise wrong_secrets.unknown_part(key, tuple(PARTS))
                if is_broken(value):
                    failed = True
                elif key.text == PASSWORD:
                    password = self._password(value, where)
                    failed = failed or password is None
                else:
                    texts[key.text] = _part(value, key.text, where)
            except Mistake as mistake:
                self.note(mistake.mark or value.mark, mistake)
                failed = True
        if failed:
            return None
        if password is not None and ADDRESS in texts:
            return compose(texts[ADDRESS], texts[USERNAME], password)
        for absent in _absent(node, name):
            self.note(node.mark, absent)
        return None

    def _password(self, node: Node, name: str) -> Secret | None:
        found = self._secret(node, name)
        if isinstance(found, str):
            return self.vault.seal(percent_encoded(found), IN_CLEAR)
        return None if found is None else Secret(None, found)

    def _secret(self, node: Node, name: str) -> Ref | str | None:
        """A reference, or the text in clear."""
        if isinstance(node, SequenceNode):
            raise Mistake("not-a-secret", f"{name} must be one reference, not a list", INSTEAD)
        if isinstance(node, MappingNode):
            return self._reference(node, name)
        if is_null(node):
            raise Mistake("not-a-secret", f"{name} is null, and no secret can be", INSTEAD)
        wrong_secrets.refuse_secret(node, name, tuple(self.references))
        self.note(node.mark, Mistake(PLAINTEXT, f"{name} stands in the file in clear", INSTEAD))
        try:
            return text(node, name, trimmed=False)
        except Mistake as mistake:
            hint = f"{INSTEAD}; digits alone are a text only in quotes"
            raise Mistake(mistake.rule, mistake.message, hint) from None

    def _reference(self, node: MappingNode, name: str) -> Ref | None:
        if len(node.entries) != 1:
            raise wrong_references.not_one(node, name, tuple(self.references))
        ((key, value),) = node.entries
        if key.text not in self.references:
            raise wrong_references.unknown(key, tuple(self.references))
        if any(map(is_broken, value.items if isinstance(value, SequenceNode) else [value])):
            return None
        form = self.references[key.text].form
        first, *rest = arguments(value, form, f"{name}/{key.text}")
        absolute = not form.words and PurePath(first).is_absolute()
        base = str(PurePath(value.mark.file).parent) if form.relative and not absolute else ""
        return Ref(key.text, first, base, tuple(rest))


def variable(text: str, name: str, hint: str) -> Mistake | None:
    """The mistake of a text that is a shell's variable; None for another text.

    Only a name in braces is repeated: a password may begin with a $.
    """
    found = re.fullmatch(_VARIABLE, text)
    if found is None:
        return None
    fact = f"{name} is a variable with a $, which confsync does not fill in"
    return Mistake("reference-as-text", fact, hint.replace("NAME", found[1] or "NAME"))


def in_clear(url: Url) -> Url:
    """A URL whose secrets stand in the file itself."""
    parts = (
        replace(part, ref=IN_CLEAR) if isinstance(part, Secret) else part for part in url.parts
    )
    return Url(tuple(parts))


def arguments(node: Node, form: Form, name: str) -> list[str]:
    """What stands behind the key of a reference. Raises Mistake."""
    if isinstance(node, SequenceNode) != form.words:
        raise wrong_references.wrong_form(node, name, form)
    items = node.items if isinstance(node, SequenceNode) else (node,)
    words = [_word(item, name, form) for item in items]
    wrong_references.check_name(words, node, name, form)
    return words


def _word(node: Node, name: str, form: Form) -> str:
    if not isinstance(node, ScalarNode) or is_null(node) or "\0" in node.text:
        raise wrong_references.wrong_word(node, name, form)
    return node.text


def _is_reference(node: MappingNode, references: Mapping[str, Reference]) -> bool:
    """Whether a mapping in a URL's place is meant as a reference to the whole URL."""
    names = [key.text for key, _ in node.entries]
    if len(names) != 1:
        return False
    return names[0] in references or not (names[0] in PARTS or nearest_name(names[0], PARTS))


def _absent(node: MappingNode, name: str) -> Iterator[Mistake]:
    if node.get(ADDRESS) is None:
        hint = "add `address: …`, like rediss://cache.example.com:6379"
        yield Mistake("missing-url-part", f"{name} has no {ADDRESS}", hint)
    if node.get(PASSWORD) is None:
        hint = "a URL without a password is written as one text, like `url: redis://HOST:PORT`"
        yield Mistake("missing-url-part", f"{name} has no {PASSWORD}", hint)


def _part(node: Node, part: str, where: str) -> str:
    """The text of an address or a user name. Raises Mistake."""
    if not isinstance(node, ScalarNode):
        raise wrong_secrets.part_not_text(node, where)
    value = text(node, where, trimmed=part == ADDRESS)
    if part == ADDRESS:
        _check_address(value, where)
    return value


def is_address(text: str) -> bool:
    """Whether the mapping form of a URL takes a text as its address."""
    return bool(_SCHEME.match(text)) and "@" not in text and not seal_url(text, Vault()).secrets


def _check_address(address: str, where: str) -> None:
    if not _SCHEME.match(address):
        hint = "write it with its scheme, like rediss://cache.example.com:6379"
        raise Mistake("address-without-scheme", f"{where} has no scheme", hint)
    if "@" in address:
        hint = "user and password have fields of their own; an @ elsewhere is written as %40"
        raise Mistake("credentials-in-address", f"{where} must not hold an @", hint)
    if seal_url(address, Vault()).secrets:
        hint = "take it out of the address: the password has a field of its own"
        raise Mistake("credentials-in-address", f"{where} must not hold a password", hint)
