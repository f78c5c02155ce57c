"""Targets of `confsync.yaml`: their values, and the checks that their shape cannot express."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, cast

from confsync.config.layout import PLACEHOLDER
from confsync.errors import ConfsyncError
from confsync.kinds import FIRST, KINDS
from confsync.store.mistakes import Mistake
from confsync.store.urls import REFERENCE, References, variable
from confsync.sync.names import nearest_name
from confsync.sync.secret import Secret
from confsync.sync.tree import path_text
from confsync.sync.values import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from confsync.store.records import RecordReading, Value
    from confsync.sync.secret import Ref
    from confsync.sync.tree import Path
    from confsync.sync.values import HiddenSecrets, Unlisted
    from confsync.yaml.nodes import Mark

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
    """The values of a target, None or empty if missing. Paths start from the working directory.
    `pem_marks`: the places of the members of `PEM_FILES`.
    """

    name: str
    url: str
    files: tuple[str, ...]
    url_mark: Mark | None = None
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


@dataclass(frozen=True)
class Config:
    """The values of a `confsync.yaml`. `file` is its path from the working directory."""

    file: str
    targets: tuple[TargetConfig, ...]


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
    """One decoded target. `read` is the document that `values` come from; `path` is its place."""

    read: RecordReading
    values: Mapping[str, Value]
    path: Path

    def text(self, member: str) -> str | None:
        """The text of a member. Returns None if it is missing or no text."""
        value = self.values.get(member)
        return value if isinstance(value, str) else None

    def items(self, member: str) -> Iterator[tuple[Value, Path]]:
        """The items of a list with their paths, without invalid ones."""
        values = self.values.get(member)
        for index, value in enumerate(values if isinstance(values, tuple) else ()):
            if value is not None:
                yield value, (*self.path, member, index)

    def mistakes(self, known: Known) -> Iterator[tuple[Mark, Mistake]]:
        """Yield the mistakes that the shape of a target cannot express, with their places."""
        marks, name = self.read.marks, path_text(self.path)
        at = {str(key[-1]): mark for key, mark in self.read.keys.items() if key[:-1] == self.path}
        url, proxy, user = self.text("url"), self.text("proxy"), self.text("user")
        if url is not None and (wrong := _wrong_server(url, f"{name}/url", known)):
            yield marks[*self.path, "url"], wrong
        elif url is not None and proxy is not None:
            try:
                known.check_proxy(proxy, url, f"{name}/proxy")
            except ConfsyncError as error:
                yield at["proxy"], Mistake("server-address", error.message, error.hint)
        if user is not None and (wrong := _wrong_user(user, f"{name}/user")):
            yield marks[*self.path, "user"], wrong
        yield from self._wrong_files()
        yield from self._wrong_fields(known)
        if "token" in at and ("user" in at or "password" in at):
            hint = "keep only the token: its permissions can be limited"
            fact = f"{name} has both a token and a password"
            yield at["token"], Mistake("two-logins", fact, hint)
        for one, (other, hint) in _NEEDS.items():
            if one in at and other not in at and (one == "client_key" or "token" not in at):
                fact = f"{name} has `{one}` without `{other}`"
                yield at[one], Mistake("missing-field", fact, hint)

    def _wrong_files(self) -> Iterator[tuple[Mark, Mistake]]:
        for file, path in self.items("files"):
            if any(sign in str(file) for sign in "*?[") and not os.path.lexists(str(file)):
                hint = "list each file, like [stores/base.yaml, stores/production.yaml]"
                fact = f"{path_text(path)} is a pattern; patterns are not supported here"
                yield self.read.marks[path], Mistake("file-path", fact, hint)

    def _wrong_fields(self, known: Known) -> Iterator[tuple[Mark, Mistake]]:
        fields = [*self.items("ignore")]
        tables = known.tables(self.text("schema")) if fields else None
        if tables is None:
            return
        with tables:
            wrong = [(path, ignored_wrongly(str(field))) for field, path in fields]
        for path, found in wrong:
            if found is not None:
                fact = f"{path_text(path)} {found[0]}"
                yield self.read.marks[path], Mistake("unknown-field", fact, found[1])

    def config(self) -> TargetConfig:
        """The values of a target without mistakes."""
        return TargetConfig(
            str(self.path[-1]),
            url=self.text("url") or "",
            files=tuple(str(file) for file, _ in self.items("files")),
            url_mark=self.read.marks.get((*self.path, "url")),
            pem_marks=tuple(
                (one, self.read.marks[*self.path, one]) for one in PEM_FILES if self.text(one)
            ),
            token=self._written("token"),
            user=self.text("user") or self._written("user"),
            password=self._written("password"),
            allow=tuple(
                _allowance(item, self.read.marks[path]) for item, path in self.items("allow")
            ),
            unlisted=cast("Unlisted | None", self.text("unlisted")),
            ignore=frozenset(str(field) for field, _ in self.items("ignore")),
            hidden_secrets=cast("HiddenSecrets | None", self.text("hidden_secrets")),
            **{one: self.text(one) for one in _TEXTS},
        )

    def _written(self, member: str) -> Written | None:
        value = self.values.get(member)
        if isinstance(value, Secret) and value.ref is not None:
            return Written(value.ref, self.read.marks[*self.path, member])
        return None


def _allowance(item: Value, mark: Mark) -> Allowance:
    parts = item if isinstance(item, dict) else {}
    until = parts.get("until")
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
    """The fact and the hint for an invalid path of a field, like `InMemoryStore/unknown`; None for
    a valid one. Fields are ignored whole: a path into one is invalid. The path is not repeated.
    """
    name, _, rest = path.partition("/")
    known = name in KINDS
    name = name if known else nearest_name(name, KINDS) or FIRST
    fields = [field for one in KINDS[name].shape.objects.values() for field in one.fields]
    if not known:
        near = nearest_name(rest or path, fields)
        hint = f"did you mean {name}/{near}?" if near else f"write {name}/ and a field's name"
        return "does not start with a known object", hint
    field, deeper, _ = rest.partition("/")
    if field in fields:
        fact = "points inside a field: only whole fields can be ignored"
        return (fact, f"write {name}/{field}") if deeper else None
    near, every = nearest_name(field, fields), ", ".join(dict.fromkeys(fields))
    hint = f"did you mean {name}/{near}?" if near else f"write {name}/ and one of {every}"
    return f"is not a field of any variant of {name}", hint
