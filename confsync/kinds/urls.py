"""Secrets and URLs as files write them: references, and the mapping form of a URL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from confsync.kinds.scalars import Mistake, nearest, quoted_name, text
from confsync.sync.document import MappingNode, Node, ScalarNode, SequenceNode
from confsync.sync.secret import Ref, Secret, Vault
from confsync.sync.url import Url, compose, seal_url
from confsync.sync.values import Path, path_text

if TYPE_CHECKING:
    from confsync.sync.document import Mark

_ADDRESS, _USERNAME, _PASSWORD = "address", "username", "password"
_PARTS = (_ADDRESS, _USERNAME, _PASSWORD)
_ARGUMENT = re.compile(r"[^\x00-\x1f\x7f]+")
_PLAINTEXT = "plaintext-secret"
_INSTEAD = "write where it can be had, like `{env: NAME}` or `{file: PATH}`"


@dataclass(frozen=True)
class Reader:
    """Reads one field. `references` are the kinds of references that can be resolved."""

    vault: Vault
    references: tuple[str, ...]
    path: Path

    def secret(self, node: Node) -> Secret:
        """A secret's reference. Raises Mistake, for one in clear too."""
        name = path_text(self.path)
        if isinstance(node, SequenceNode):
            raise Mistake("wrong-type", f"{name} must be a reference, not a list", _INSTEAD)
        if isinstance(node, ScalarNode):
            raise Mistake(_PLAINTEXT, f"{name} stands in the file in clear", _INSTEAD)
        return Secret(None, self._reference(node))

    def url(self, node: Node) -> Url:
        """A URL: a text without a password, a reference, or the mapping form. Raises Mistake."""
        name = path_text(self.path)
        if isinstance(node, SequenceNode):
            raise Mistake(
                "wrong-type", f"{name} must be one URL, not a list", "write the URL alone"
            )
        if isinstance(node, ScalarNode):
            return self._plain(node, name)
        if any(key.text in _PARTS for key, _ in node.entries):
            return self._mapping(node, name)
        return Url((), self._reference(node))

    def _plain(self, node: ScalarNode, name: str) -> Url:
        url = seal_url(text(node, name, trimmed=True), self.vault)
        if url.secrets:
            hint = (
                "write the URL as a mapping: `{address: …, username: …, password: {env: NAME}}`, "
                "with the address as it is without user and password"
            )
            raise Mistake(_PLAINTEXT, f"{name} holds a password in clear", hint)
        return url

    def _mapping(self, node: MappingNode, name: str) -> Url:
        for key, _ in node.entries:
            if key.text not in _PARTS:
                hint = f"{nearest(key.text, _PARTS)}a URL has {', '.join(_PARTS)}"
                message = f"a URL has no part {quoted_name(key.text)}"
                raise Mistake("unknown-field", message, hint, key.mark)
        address = self._part(node, _ADDRESS, name)
        password = node.get(_PASSWORD)
        if address is None or password is None:
            missing = _ADDRESS if address is None else _PASSWORD
            hint = "a URL without a password is written as one text"
            raise Mistake("missing", f"{name} has no {missing}", hint)
        username = self._part(node, _USERNAME, name)
        _, value = password
        if not isinstance(value, MappingNode):
            message = f"{name}/password stands in the file in clear"
            raise Mistake(_PLAINTEXT, message, _INSTEAD, value.mark)
        return compose(
            _address(address, name),
            "" if username is None else text(username, f"{name}/username", trimmed=False),
            Secret(None, self._reference(value)),
        )

    @staticmethod
    def _part(node: MappingNode, part: str, name: str) -> ScalarNode | None:
        entry = node.get(part)
        if entry is None:
            return None
        _, value = entry
        if not isinstance(value, ScalarNode):
            raise Mistake(
                "wrong-type", f"{name}/{part} must be a text", "write one text", value.mark
            )
        return value

    def _reference(self, node: MappingNode) -> Ref:
        name, known = path_text(self.path), ", ".join(self.references)
        if len(node.entries) != 1:
            hint = f"write one of {known}, and where it leads, like `{{env: NAME}}`"
            raise Mistake("reference", f"{name} must be one reference", hint, node.mark)
        ((key, value),) = node.entries
        if key.text not in self.references:
            hint = f"{nearest(key.text, self.references)}known are {known}"
            message = f"there is no reference {quoted_name(key.text)}"
            raise Mistake("reference", message, hint, key.mark)
        if not isinstance(value, ScalarNode):
            raise _no_argument(f"{name}/{key.text} must be a text", value.mark)
        argument = value.text
        if not _ARGUMENT.fullmatch(argument):
            raise _no_argument(f"{name}/{key.text} is blank or holds what no name can", value.mark)
        return Ref(key.text, argument, str(PurePath(value.mark.file).parent))


def _address(node: ScalarNode, name: str) -> str:
    address = text(node, f"{name}/address", trimmed=True)
    if "://" not in address:
        hint = "write it with its scheme, like rediss://cache.example.com:6379"
        raise Mistake("url", f"{name}/address has no scheme", hint, node.mark)
    if "@" in address:
        hint = "user and password have fields of their own; an @ elsewhere is written as %40"
        raise Mistake(_PLAINTEXT, f"{name}/address must not hold an @", hint, node.mark)
    if seal_url(address, Vault()).secrets:
        hint = "the password has a field of its own"
        raise Mistake(_PLAINTEXT, f"{name}/address holds a password in clear", hint, node.mark)
    return address


def _no_argument(message: str, mark: Mark) -> Mistake:
    hint = "name the environment variable, or the file's path, like `{env: NAME}`"
    return Mistake("reference", message, hint, mark)
