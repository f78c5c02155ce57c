"""Resolve every reference of a desired state, and refuse what no secret can be."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from confsync.errors import Problem
from confsync.secrets.resolver import Resolver, Unavailable
from confsync.sync.secret import Ref, Secret, Vault
from confsync.sync.tree import Items, Members, Object, Path, Tree
from confsync.sync.url import MASK, Url, percent_encoded, seal_url, trim

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sync.values import Desired, Origin


@dataclass(frozen=True)
class Resolved:
    """A desired state with as many secrets as could be had, and a problem for each other one."""

    desired: Desired
    problems: tuple[Problem, ...]


def resolve(
    desired: Desired,
    vault: Vault,
    resolvers: Mapping[str, Resolver],
    environment: Mapping[str, str],
) -> Resolved:
    """Seal the text of every reference into the vault.

    Passwords in the mapping form of a URL are percent-encoded. A reference that cannot be
    resolved, or that leads to an empty text, a mask, an encrypted text or control characters,
    stays unresolved and becomes a problem.
    """
    walk = _Walk(desired, vault, resolvers, environment)
    tree = walk.object(desired.tree, ())
    origins = {path: desired.origins[old] for path, old in walk.moved(desired.origins).items()}
    return Resolved(replace(desired, tree=tree, origins=origins), tuple(walk.problems))


@dataclass
class _Walk:
    desired: Desired
    vault: Vault
    resolvers: Mapping[str, Resolver]
    environment: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    kept: dict[Path, list[int]] = field(default_factory=dict)

    def moved(self, origins: Mapping[Path, Origin]) -> dict[Path, Path]:
        """Where each origin's place is, now that members that turned out equal are gone."""
        paths: dict[Path, Path] = {}
        for path in origins:
            kept = self.kept.get(path[:-1])
            if kept is None:
                paths[path] = path
            elif path[-1] in kept:
                paths[(*path[:-1], kept.index(path[-1]))] = path
        return paths

    def object(self, tree: Object, path: Path) -> Object:
        members = {name: self.tree(value, (*path, name)) for name, value in tree.members.items()}
        return Object(tree.tag, members)

    def tree(self, value: Tree, path: Path) -> Tree:
        match value:
            case Object():
                return self.object(value, path)
            case Items():
                items = enumerate(value.items)
                return Items(tuple(self.object(item, (*path, index)) for index, item in items))
            case Members():
                return self._members(value, path)
            case Secret(id=None, ref=ref) if ref is not None:
                text = self._text(ref, path)
                return value if text is None else self.vault.seal(text, ref)
            case Url():
                return self._url(value, path)
            case _:
                return value

    def _members(self, value: Members, path: Path) -> Members:
        members: list[Url] = []
        seen: set[tuple[str | Secret, ...]] = set()
        kept = self.kept[path] = []
        for index, url in enumerate(value.members):
            resolved = self._url(url, (*path, index))
            if resolved.resolved and resolved.parts in seen:
                continue
            seen.add(resolved.parts)
            members.append(resolved)
            kept.append(index)
        return Members(tuple(members))

    def _url(self, url: Url, path: Path) -> Url:
        if url.ref is not None and not url.parts:
            text = self._text(url.ref, path)
            if text is None:
                return url
            whole = seal_url(trim(text), self.vault, url.ref)
            if self.vault.seal(MASK) in whole.secrets:
                hint = "the server would store four asterisks"
                self._problem(path, f"{url.ref} holds a mask in a password's place", hint)
                return url
            return whole
        parts: list[str | Secret] = []
        for part in url.parts:
            if isinstance(part, Secret) and part.id is None and part.ref is not None:
                text = self._text(part.ref, path)
                parts.append(
                    part if text is None else self.vault.seal(percent_encoded(text), part.ref)
                )
            else:
                parts.append(part)
        return Url(tuple(parts), url.ref)

    def _text(self, ref: Ref, path: Path) -> str | None:
        try:
            text = self.resolvers[ref.kind](ref, self.environment)
            _check(text, ref)
        except Unavailable as problem:
            self._problem(path, problem.fact, problem.hint)
            return None
        return text

    def _problem(self, path: Path, fact: str, hint: str) -> None:
        origin = self.desired.origin(path)
        place = (origin.file, origin.line, origin.column)
        self.problems.append(Problem(*place, "secret-unavailable", fact, hint))


def _check(text: str, ref: Ref) -> None:
    if not trim(text):
        raise Unavailable(f"{ref} is empty", "a secret that is meant to be none has '@type': None")
    if text == MASK:
        raise Unavailable(f"{ref} is a mask, not a secret", "the server would store four asterisks")
    if text.startswith("ENC["):
        raise Unavailable(f"{ref} is still encrypted", "decrypt it before confsync runs")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise Unavailable(
            f"{ref} holds a control character", "write the secret as one line of text"
        )
