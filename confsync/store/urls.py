"""Secrets and URLs as files write them: references, and the mapping form of a URL."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol, TypeAlias

from confsync.store import wrong_secrets
from confsync.store.mistakes import INSTEAD, PLAINTEXT, Mistake, is_broken, near_name, unknown
from confsync.store.scalars import is_null, text
from confsync.sync.names import nearest, nearest_name
from confsync.sync.secret import IN_CLEAR, MASK, Form, Ref, Secret, Vault
from confsync.sync.tree import Path, path_text
from confsync.sync.url import SCHEME, Url, compose, percent_encoded, seal_text, seal_url
from confsync.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.errors import Problem
    from confsync.yaml.nodes import Mark

PARTS: Mapping[str, str] = {
    "address": "URL without user and password, like rediss://cache.example.com:6379/1",
    "username": "user name; confsync percent-encodes it",
    "password": "reference to the password; confsync percent-encodes it",
}
"""The parts of the mapping form of a URL."""

AS_MAPPING = (
    f"write the URL as a mapping: `{wrong_secrets.URL_MAPPING}`, "
    "without user and password in `address`"
)
NO_REFERENCE = "remove the password from the URL: this text can have no reference"
ADDRESS, USERNAME, PASSWORD = tuple(PARTS)
NAMED = "secret"
"""The key of a reference that stands for another one, which a target names. It is no resolver's: a
field of objects has this name, too.
"""
NAMED_FORM = Form(
    "the name of a secret of the target",
    "{secret: NAME}",
    re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*"),
    relative=False,
)
OF, TARGET, OF_TARGET = "of", "target", ("env", "file")
"""`of: target` beside a reference makes it another one for each target, of these kinds."""
VERSION = "version"
"""The key beside a reference for the version of its secret: another one says that it changed."""
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,63}")
VERSION_FORM = Form("a number or a short text", "version: 2", _VERSION)
REFERENCE = "write a reference, without the $: `{env: NAME}`"
_IN_CLEAR = "write a reference, like `{env: NAME}`, and revoke the one in the file"
_ABSENT = {
    ADDRESS: "add `address: …`, like rediss://cache.example.com:6379",
    PASSWORD: "write a URL without a password as one string, like `url: redis://HOST:PORT`",
}


class Reference(Protocol):
    """A kind of reference."""

    @property
    def form(self) -> Form:
        """The form of the value of its key."""


References: TypeAlias = "Mapping[str, Reference]"
"""The kinds of references, by their keys."""


@dataclass
class Reader:
    """Reads secrets and URLs, and collects problems. Methods raise Mistake, and return None for a
    value with collected problems.

    `secrets`: what `{secret: NAME}` stands for, by the names; None: no target is known.
    """

    vault: Vault
    references: References
    problems: list[Problem] = field(default_factory=list)
    secrets: Mapping[str, Ref] | None = None

    def mistake(self, mark: Mark, mistake: Mistake) -> None:
        """Add the problem of a mistake."""
        self.problems.append(mistake.problem(mark))

    def secret(self, node: Node, name: str, *, encoded: bool = False) -> Secret | None:
        """A secret: its reference, or the plain text, sealed. `encoded`: percent-encoded."""
        if isinstance(node, SequenceNode):
            raise Mistake("not-a-secret", f"{name} must be one reference, not a list", INSTEAD)
        if isinstance(node, MappingNode):
            found = self._reference(node, name)
            return None if found is None else Secret(None, found)
        if is_null(node):
            raise Mistake("not-a-secret", f"{name} must be a secret, not null", INSTEAD)
        wrong_secrets.check_secret(node.text, name, self.references)
        self.mistake(node.mark, Mistake(PLAINTEXT, f"{name} is in plain text", INSTEAD))
        try:
            value = text(node, name, trimmed=False)
        except Mistake as mistake:
            hint = f"{INSTEAD}; a string of digits needs quotes"
            raise Mistake(mistake.rule, mistake.message, hint) from None
        return self.vault.seal(percent_encoded(value) if encoded else value, IN_CLEAR)

    def credential(self, node: Node, name: str) -> Secret | None:
        """A reference to a credential. Plain text is refused."""
        if isinstance(node, ScalarNode) and not is_null(node):
            wrong = variable(node.text, name, REFERENCE)
            raise wrong or Mistake("credential-in-clear", f"{name} is in plain text", _IN_CLEAR)
        return self.secret(node, name)

    def url(self, node: Node, path: Path) -> Url | None:
        """A URL: a text, a reference, or the mapping form. A password in it is sealed."""
        name = path_text(path)
        if isinstance(node, ScalarNode):
            return self._plain(node, name)
        if isinstance(node, SequenceNode):
            if path and isinstance(path[-1], int):
                hint = "remove the brackets or the second dash"
                raise Mistake("not-a-list", f"{name} is a nested list", hint)
            hint = "remove the brackets or the dash"
            raise Mistake("not-a-single-value", f"{name} must be one URL, not a list", hint)
        keys = [key.text for key, _ in parted(node)[0].entries]
        if len(keys) > 1 and not {*keys}.isdisjoint(self.references):
            raise wrong_secrets.unknown_reference(node, name, tuple(self.references))
        # Any other single key is a part of a URL, perhaps misspelt.
        if len(keys) != 1 or (keys[0] not in self.references and nearest_name(keys[0], PARTS)):
            return self._mapping(node, name)
        found = self._reference(node, name)
        return None if found is None else Url((), found)

    def _plain(self, node: ScalarNode, name: str) -> Url:
        if is_null(node):
            hint = "write the URL after the dash, or remove the line"
            raise Mistake("null-value", f"{name} has no URL", hint)
        if wrong := wrong_secrets.unfilled(node.text, name, self.references):
            raise wrong
        url = seal_url(text(node, name), self.vault)
        self._check(url, node.mark, name, AS_MAPPING)
        return in_clear(url)

    def check_text(self, value: str, mark: Mark, name: str) -> None:
        """Collect the problem of the password of a URL in an ordinary text. Raises Mistake."""
        self._check(seal_text(value, self.vault), mark, name, NO_REFERENCE)

    def _check(self, url: Url, mark: Mark, name: str, hint: str) -> None:
        if not url.secrets:
            return
        if self.vault.seal(MASK) in url.secrets:
            message = f"{name} contains `{MASK}`, the mask of a hidden password"
            raise Mistake("mask", message, hint)
        fact = f"{name} contains a password in plain text"
        self.mistake(mark, Mistake(PLAINTEXT, fact, hint))

    def _mapping(self, node: MappingNode, name: str) -> Url | None:
        """Read the mapping form, and collect every mistake in it."""
        texts = {USERNAME: ""}
        password: Secret | None = None
        failed = False
        for key, value in node.entries:
            where = f"{name}/{key.text}"
            try:
                if key.text not in PARTS:
                    raise wrong_secrets.unknown_part(key, PARTS)
                if is_broken(value):
                    failed = True
                elif key.text == PASSWORD:
                    password = self.secret(value, where, encoded=True)
                    failed = failed or password is None
                else:
                    texts[key.text] = _part(value, key.text, where)
            except Mistake as mistake:
                self.mistake(value.mark, mistake)
                failed = True
        if failed:
            return None
        if password is not None and ADDRESS in texts:
            return compose(texts[ADDRESS], texts[USERNAME], password)
        for part, hint in _ABSENT.items():
            if node.get(part) is None:
                self.mistake(node.mark, Mistake("missing-url-part", f"{name} has no {part}", hint))
        return None

    def _reference(self, node: MappingNode, name: str) -> Ref | None:
        alone, version = parted(node)
        found = self._source(alone, name)
        if version is None or is_broken(version):
            return found
        (word,) = arguments(version, VERSION_FORM, f"{name}/{VERSION}")
        # A version here and one in the target count both.
        return found and replace(found, version="+".join(filter(None, [word, found.version])))

    def _source(self, node: MappingNode, name: str) -> Ref | None:
        alone = node.entries[0][0].text if len(node.entries) == 1 else ""
        if alone != NAMED and alone not in self.references:
            raise wrong_secrets.unknown_reference(node, name, tuple(self.references))
        ((key, value),) = node.entries
        if any(map(is_broken, value.items if isinstance(value, SequenceNode) else [value])):
            return None
        form = NAMED_FORM if key.text == NAMED else self.references[key.text].form
        first, *rest = arguments(value, form, f"{name}/{key.text}")
        absolute = not form.words and PurePath(first).is_absolute()
        base = str(PurePath(value.mark.file).parent) if form.relative and not absolute else ""
        if key.text != NAMED or self.secrets is None:
            return Ref(key.text, first, base, tuple(rest))
        if first not in self.secrets:
            shown = near_name(first, self.secrets)
            hint = f"{nearest(first, self.secrets)}add it to `secrets` of the target"
            fact = f"{name}: {unknown('secret', shown)}"
            raise Mistake("unknown-reference", fact, hint, value.mark)
        return self.secrets[first]


def parted(node: MappingNode) -> tuple[MappingNode, Node | None]:
    """A mapping without the version beside a reference, and that version."""
    entries = tuple((key, value) for key, value in node.entries if key.text != VERSION)
    if not entries or len(entries) == len(node.entries):
        return node, None
    return replace(node, entries=entries), node.get(VERSION)[1]  # type: ignore[index] # it is there


def in_clear(url: Url) -> Url:
    """A sealed text whose secrets are known to be in plain text."""
    parts = url.parts
    return Url(tuple(replace(p, ref=IN_CLEAR) if isinstance(p, Secret) else p for p in parts))


def variable(text: str, name: str, hint: str) -> Mistake | None:
    """The mistake of a text that is a shell's variable; None for any other text.

    Only a name in braces is repeated: a password may begin with a $.
    """
    found = re.fullmatch(r"\$(?:[A-Z_][A-Z0-9_]*|\{([A-Za-z_][A-Za-z0-9_]*)\})", text)
    if found is None:
        return None
    fact = f"{name} is a $ variable, which confsync does not expand"
    return Mistake("reference-as-text", fact, hint.replace("NAME", found[1] or "NAME"))


def arguments(node: Node, form: Form, name: str) -> list[str]:
    """The words of a reference. Raises Mistake."""
    rule = "reference-command" if form.words else "reference-name"
    hint = f"write {form.takes}, like `{form.example}`"
    items = node.items if isinstance(node, SequenceNode) else (node,)
    if isinstance(node, SequenceNode) != form.words:
        fact = "must be a list of strings" if form.words else f"must be {form.takes}, not a list"
        raise Mistake(rule, f"{name} {fact}", hint, node.mark)
    words: list[str] = []
    for item in items:
        if isinstance(item, ScalarNode) and not is_null(item) and "\0" not in item.text:
            words.append(item.text)
            continue
        fact = (
            "is blank" if isinstance(item, ScalarNode) else f"must be {form.takes}, not a mapping"
        )
        fact = "has an item that is not a string" if form.words else fact
        raise Mistake(rule, f"{name} {fact}", hint, item.mark)
    wrong_secrets.check_name(words[0] if words else "", node, name, form)
    return words


def _part(node: Node, part: str, where: str) -> str:
    """The text of an address or a user name. Raises Mistake."""
    if isinstance(node, MappingNode):
        message = f"{where} must be one string; only the password of a URL can be a reference"
        hint = "write one string, or `{env: NAME}` instead of the whole URL"
        raise Mistake("not-a-single-value", message, hint)
    if isinstance(node, SequenceNode):
        message = f"{where} must be one string, not a list"
        raise Mistake("not-a-single-value", message, "remove the brackets or the dash")
    value = text(node, where, trimmed=part == ADDRESS)
    if part == ADDRESS and (wrong := _wrong_address(value, where)):
        raise wrong
    return value


def is_address(text: str) -> bool:
    """Return True if a text can be the address in the mapping form of a URL."""
    return _wrong_address(text, "") is None


def _wrong_address(address: str, where: str) -> Mistake | None:
    if not re.match(SCHEME, address):
        hint = "add the scheme, like rediss://cache.example.com:6379"
        return Mistake("address-without-scheme", f"{where} has no scheme", hint)
    if "@" in address:
        hint = "move user and password to `username` and `password`; write any other @ as %40"
        return Mistake("credentials-in-address", f"{where} must not contain @", hint)
    if seal_url(address, Vault()).secrets:
        hint = "move it to `password`"
        return Mistake("credentials-in-address", f"{where} must not contain a password", hint)
    return None
