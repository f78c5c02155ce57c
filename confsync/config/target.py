"""Targets of `confsync.yaml`: their values, and the checks that their shape cannot express."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, TypeVar, cast

from confsync.config.layout import FILES, PLACEHOLDER
from confsync.disk.read import there
from confsync.errors import ConfsyncError
from confsync.kinds import FIRST, KINDS
from confsync.store.mistakes import Mistake
from confsync.store.records import OfTarget
from confsync.store.urls import REFERENCE, References, variable
from confsync.sync.names import nearest_name
from confsync.sync.secret import Secret
from confsync.sync.tree import path_text
from confsync.sync.values import Origin
from confsync.yaml.nodes import MappingNode, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from confsync.config.groups import Entry, Said, Together
    from confsync.sync.secret import Ref
    from confsync.sync.values import HiddenSecrets, Unlisted
    from confsync.yaml.nodes import Mark, Node

T = TypeVar("T", bound="Node")

_NEEDS = {
    "user": ("password", "add `password: {env: …}`, or use a `token` instead"),
    "password": ("user", "add `user: {env: …}`, or use a `token` instead"),
    "client_key": ("client_cert", "add `client_cert: …`, the certificate of this key"),
}
"""Members that need another one, and the hint where it is missing."""


PEM_FILES = {"ca_file": "CERTIFICATE", "client_cert": "CERTIFICATE", "client_key": "PRIVATE KEY"}
"""Members with paths of PEM files, and what these hold."""
_TEXTS = (*PEM_FILES, "proxy", "schema")


@dataclass(frozen=True)
class Written:
    """A reference to a credential, and its place."""

    ref: Ref
    mark: Mark


@dataclass(frozen=True)
class Allowance:
    """An allowed risk; with `until` to the end of that day, UTC."""

    risk: str
    until: date | None
    origin: Origin


@dataclass(frozen=True)
class TargetConfig:
    """The values of a target and its groups, None or empty if missing. Paths start from the working
    directory.

    `groups`: all that it is in, in the order in which they count. `set`: documents that are laid
    over those of the files. `secrets`: what `{secret: NAME}` stands for, with its places in
    `secret_marks`. `where`: the file and the path of each text and reference, like
    `confsync.yaml: groups/all/proxy`. `read`: the files of the configuration. `pem_marks`: the
    places of the members of `PEM_FILES`.
    """

    name: str
    url: str
    files: tuple[str, ...]
    url_mark: Mark
    pem_marks: tuple[tuple[str, Mark], ...] = ()
    token: Written | None = None
    user: Written | str | None = None
    password: Written | None = None
    allow: tuple[Allowance, ...] = ()
    unlisted: Unlisted | None = None
    ignore: frozenset[str] = frozenset()
    hidden_secrets: HiddenSecrets | None = None
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    proxy: str | None = None
    schema: str | None = None
    groups: tuple[str, ...] = ()
    set: tuple[MappingNode, ...] = ()
    secrets: Mapping[str, Ref] = field(default_factory=dict)
    secret_marks: Mapping[str, Mark] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    read: tuple[str, ...] = ()


@dataclass(frozen=True)
class Config:
    """The values of a `confsync.yaml`. `file` is its path from the working directory; `files`:
    that, and the paths of all files that it includes.
    """

    file: str
    targets: tuple[TargetConfig, ...]
    files: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """The kinds of references by their keys, and the checks of a server's address and of a proxy
    to a server. Both checks take a name for the address, and raise a ConfsyncError with that name.
    `tables`: uses the tables of a target with this `schema`; None: they cannot be read, which is an
    error where they are needed.
    """

    references: References
    check_server: Callable[..., object]
    check_proxy: Callable[[str, str, str], object]
    tables: Callable[[str | None], AbstractContextManager[None] | None] = lambda _: nullcontext()


@dataclass(frozen=True)
class Target:
    """One decoded target, with what its groups say. `entry`: the target alone."""

    entry: Entry
    said: Together

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.entry.path[-1])

    def text(self, member: str) -> str | None:
        """The text of a member. Returns None if it is missing or no text."""
        said = self.said.texts.get(member)
        return said.value if said is not None and isinstance(said.value, str) else None

    def items(self, member: str) -> Iterator[Said]:
        """The valid items of a list."""
        yield from self.said.lists.get(member, {}).values()

    def mistakes(self, known: Known) -> Iterator[tuple[Mark, Mistake]]:
        """Yield the mistakes that the shape of a target cannot express, with their places."""
        at, name = self.said.texts, path_text(self.entry.path)
        url, proxy, user = self.text("url"), self.text("proxy"), self.text("user")
        if url is not None and (wrong := _wrong_server(url, at["url"].name, known)):
            yield at["url"].mark, wrong
        elif url is not None and proxy is not None:
            try:
                known.check_proxy(proxy, url, at["proxy"].name)
            except ConfsyncError as error:
                yield at["proxy"].key, Mistake("server-address", error.message, error.hint)
        if user is not None and (wrong := _wrong_user(user, at["user"].name)):
            yield at["user"].mark, wrong
        yield from self._wrong_files()
        yield from self._wrong_fields(known)
        if "token" in at and ("user" in at or "password" in at):
            hint = "keep only the token: its permissions can be limited"
            fact = f"{path_text(at['token'].path[:-1])} has both a token and a password"
            yield at["token"].key, Mistake("two-logins", fact, hint)
        for one, (other, hint) in _NEEDS.items():
            if one in at and other not in at and (one == "client_key" or "token" not in at):
                fact = f"{name} has `{one}` without `{other}`"
                yield at[one].key, Mistake("missing-field", fact, hint)

    def _wrong_files(self) -> Iterator[tuple[Mark, Mistake]]:
        named = self.entry.values.get("in") is not None
        if "files" not in self.said.lists and self.said.whole and named:
            mark, name = self.entry.read.marks[self.entry.path], path_text(self.entry.path)
            fact, hint = f"neither {name} nor its groups have `files`", f"`files: {FILES.example}`"
            yield mark, Mistake("missing-field", fact, f"add {hint}")
        for file in self.items("files"):
            text = str(file.value)
            if any(sign in text for sign in "*?[") and not there(text):
                hint = "list each file, like [stores/base.yaml, stores/production.yaml]"
                fact = f"{file.name} is a pattern; patterns are not supported here"
                yield file.mark, Mistake("file-path", fact, hint)

    def _wrong_fields(self, known: Known) -> Iterator[tuple[Mark, Mistake]]:
        ignored, paths = [*self.items("ignore")], self.said.maps.get("set", {})
        tables = known.tables(self.text("schema")) if ignored or paths else None
        if tables is None:
            return
        with tables:
            wrong = [(one, one.name, ignored_wrongly(str(one.value))) for one in ignored]
            # Below a field, its value is checked together with the files.
            fields = ((path, "/".join(path.split("/")[:2])) for path in paths)
            for path, field in fields:
                name = f"a path in {path_text(paths[path].path[:-1])}"
                wrong.append((paths[path], name, set_wrongly(field)))
        for one, name, found in wrong:
            if found is not None:
                yield one.key, Mistake("unknown-field", f"{name} {found[0]}", found[1])

    def config(self, read: tuple[str, ...]) -> TargetConfig:
        """The values of a target without mistakes. `read`: the files of the configuration."""
        texts, maps = self.said.texts, self.said.maps
        return TargetConfig(
            self.name,
            url=self.text("url") or "",
            files=tuple(str(file.value) for file in self.items("files")),
            url_mark=texts["url"].mark,
            pem_marks=tuple((one, texts[one].mark) for one in PEM_FILES if self.text(one)),
            token=self._written("token"),
            user=self.text("user") or self._written("user"),
            password=self._written("password"),
            allow=tuple(map(_allowance, self.items("allow"))),
            unlisted=cast("Unlisted | None", self.text("unlisted")),
            ignore=frozenset(str(field.value) for field in self.items("ignore")),
            hidden_secrets=cast("HiddenSecrets | None", self.text("hidden_secrets")),
            groups=self.said.groups,
            set=tuple(_layer(path, said) for path, said in maps.get("set", {}).items()),
            secrets={
                name: written.ref
                for name, said in maps.get("secrets", {}).items()
                if (written := self._reference(said))
            },
            secret_marks={name: said.place for name, said in maps.get("secrets", {}).items()},
            where={name: f"{said.key.file}: {said.name}" for name, said in texts.items()},
            read=read,
            **{one: self.text(one) for one in _TEXTS},
        )

    def _written(self, member: str) -> Written | None:
        said = self.said.texts.get(member)
        return None if said is None else self._reference(said)

    def _reference(self, said: Said) -> Written | None:
        ref = said.value.ref if isinstance(said.value, Secret) else None
        if ref is None:
            return None
        return Written(ref.of(self.name) if isinstance(ref, OfTarget) else ref, said.mark)


def same_variables(targets: Iterable[Target]) -> Iterator[tuple[Mark, Mistake]]:
    """Yield the targets whose names lead to the variable of another one: `of: target` has signs
    that a variable has not as `_`.
    """
    users: dict[Ref, Target] = {}
    for target in targets:
        said = (*target.said.texts.values(), *target.said.maps.get("secrets", {}).values())
        refs = (one.value.ref for one in said if isinstance(one.value, Secret))
        for ref in dict.fromkeys(ref for ref in refs if isinstance(ref, OfTarget)):
            own = replace(ref.of(target.name), version="")
            first = users.setdefault(own, target)
            if first is not target:
                path, other = (path_text(one.entry.path) for one in (target, first))
                fact = f"{path} and {other} have the same variable: {own.argument}"
                hint = "rename one of the two, or write its reference without `of: target`"
                yield target.entry.read.keys[target.entry.path], Mistake("target-name", fact, hint)


def _layer(path: str, said: Said) -> MappingNode:
    """The document of a store file with one value, at the place of its key."""
    found, key = _in_group(cast("Node", said.value), said.group), said.place
    for step in reversed(path.split("/")):
        found = MappingNode(key, ((ScalarNode(key, step, plain=True), found),))
    return cast("MappingNode", found)


def _in_group(node: T, group: str) -> T:
    """A node whose places, and those of all nodes in it, belong to a group."""
    found = replace(node, mark=replace(node.mark, group=group))
    if isinstance(found, MappingNode):
        pairs = ((_in_group(key, group), _in_group(value, group)) for key, value in found.entries)
        return replace(found, entries=tuple(pairs))
    if isinstance(found, SequenceNode):
        return replace(found, items=tuple(_in_group(item, group) for item in found.items))
    return found


def _allowance(said: Said) -> Allowance:
    parts = said.value if isinstance(said.value, dict) else {}
    until, mark = parts.get("until"), said.mark
    origin = Origin("file", mark.file, mark.line, mark.column)
    return Allowance(str(parts["risk"]), date.fromisoformat(str(until)) if until else None, origin)


def _wrong_server(url: str, name: str, known: Known) -> Mistake | None:
    if url.lower().rstrip("/") == PLACEHOLDER.lower():
        hint = "write your server's address, like https://mail.example.com"
        return Mistake("server-address", f"{name} is the placeholder of `confsync init`", hint)
    hint = "confsync.yaml has no variables: write the URL itself; --url overrides it"
    wrong = variable(url, name, hint)
    if wrong is None:
        try:
            known.check_server(url, name=name)
        except ConfsyncError as error:
            only = "write https:// and the host only, and add `token: {env: NAME}`"
            hint = f"{only} for the credentials" if "@" in url else error.hint
            wrong = Mistake("server-address", error.message, hint)
    return wrong


def _wrong_user(user: str, name: str) -> Mistake | None:
    if ":" in user:
        hint = "a user name has no colon; write the password as `password: {env: NAME}`"
        return Mistake("user-name", f"{name} contains a colon", hint)
    return variable(user, name, REFERENCE)


def ignored_wrongly(path: str) -> tuple[str, str] | None:
    """The fact and the hint for an invalid path of a field, like `OBJECT/unknown`; None for a
    valid one. Fields are ignored whole: a path into one is invalid. The path is not repeated.
    """
    name, _, rest = path.partition("/")
    field, deeper, _ = rest.partition("/")
    if not deeper or name not in KINDS:
        return set_wrongly(path)
    fact = "points inside a field: only whole fields can be ignored"
    return set_wrongly(f"{name}/{field}") or (fact, f"write {name}/{field}")


def set_wrongly(path: str) -> tuple[str, str] | None:
    """The fact and the hint for a path of no field; None for one like `OBJECT/FIELD`."""
    name, _, field = path.partition("/")
    known = name in KINDS
    name = name if known else nearest_name(name, KINDS) or FIRST
    fields = [field for one in KINDS[name].shape.objects.values() for field in one.fields]
    if not known:
        near = nearest_name(field or path, fields)
        hint = f"did you mean {name}/{near}?" if near else f"write {name}/ and a field's name"
        return "does not start with a known object", hint
    if field in fields:
        return None
    near, every = nearest_name(field, fields), ", ".join(dict.fromkeys(fields))
    hint = f"did you mean {name}/{near}?" if near else f"write {name}/ and one of {every}"
    return f"is not a field of any variant of {name}", hint
