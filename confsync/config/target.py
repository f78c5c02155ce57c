"""Targets of `confsync.yaml`: checks that need several members or an address, and their values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, cast

from confsync.config.ignore_paths import ignored_wrongly
from confsync.config.values import Allowance, TargetConfig, Written
from confsync.errors import ConfsyncError
from confsync.kinds import KINDS
from confsync.store.mistakes import Mistake
from confsync.store.urls import REFERENCE, Reference, variable
from confsync.sync.secret import Secret
from confsync.sync.tree import path_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from confsync.store.records import RecordReading, Value
    from confsync.sync.tree import Path
    from confsync.sync.values import HiddenSecrets, Unlisted
    from confsync.yaml.nodes import Mark


@dataclass(frozen=True)
class Known:
    """The kinds of references by their keys, and the checks of a server's address and of a proxy
    to a server. Both checks raise a ConfsyncError that does not repeat the address.
    """

    references: Mapping[str, Reference]
    check_server: Callable[[str], object]
    check_proxy: Callable[[str, str], object]


@dataclass(frozen=True)
class Target:
    """One decoded target. `read` is the document that `values` come from."""

    read: RecordReading
    values: Mapping[str, Value]
    name: str

    @property
    def path(self) -> Path:
        """The target's place in the document."""
        return ("targets", self.name)

    def text(self, member: str) -> str | None:
        """The text of a member. Returns None if it is missing or no text."""
        value = self.values.get(member)
        return value if isinstance(value, str) else None

    def items(self, member: str) -> Iterator[tuple[Value, Path]]:
        """The items of a list with their paths, without those that are invalid."""
        values = self.values.get(member)
        for index, value in enumerate(values if isinstance(values, tuple) else ()):
            if value is not None:
                yield value, (*self.path, member, index)

    def mistakes(self, known: Known) -> Iterator[tuple[Mark, Mistake]]:
        """Every mistake that the shape of a target cannot show, and its place."""
        name = path_text(self.path)
        at = {
            str(path[-1]): mark for path, mark in self.read.keys.items() if path[:-1] == self.path
        }
        yield from self._wrong_values(known, at)
        if "token" in at and ("user" in at or "password" in at):
            hint = "keep the token alone: it can be limited to what is needed"
            yield at["token"], Mistake("two-logins", f"{name} has a token and a password", hint)
        else:
            for one, other in (("user", "password"), ("password", "user")):
                if one in at and other not in at:
                    hint = f"add `{other}: {{env: …}}`, or write a `token` in place of both"
                    fact = f"{name} has a {one}, but no {other}"
                    yield at[one], Mistake("missing-field", fact, hint)
        if "client_key" in at and "client_cert" not in at:
            hint = "add `client_cert: …`, the file of the certificate that the key belongs to"
            fact = f"{name} has a client_key, but no client_cert"
            yield at["client_key"], Mistake("missing-field", fact, hint)

    def _wrong_values(self, known: Known, at: Mapping[str, Mark]) -> Iterator[tuple[Mark, Mistake]]:
        """Mistakes in addresses, users and ignored fields."""
        marks, name = self.read.marks, path_text(self.path)
        url, proxy, user = self.text("url"), self.text("proxy"), self.text("user")
        if url is not None and (wrong := _wrong_server(url, f"{name}/url", known)):
            yield marks[*self.path, "url"], wrong
        elif url is not None and proxy is not None:
            try:
                known.check_proxy(proxy, url)
            except ConfsyncError as error:
                fact = f"{name}/proxy: {error.message}"
                yield at["proxy"], Mistake("server-address", fact, error.hint)
        if user is not None and (wrong := _wrong_user(user, f"{name}/user")):
            yield marks[*self.path, "user"], wrong
        for field, path in self.items("ignore"):
            found = ignored_wrongly(str(field), KINDS)
            if found is not None:
                yield (
                    marks[path],
                    Mistake("unknown-field", f"{path_text(path)} {found[0]}", found[1]),
                )

    def config(self) -> TargetConfig:
        """The values of a target without mistakes."""
        user = self.text("user")
        return TargetConfig(
            self.name,
            url=self.text("url") or "",
            files=tuple(str(file) for file, _ in self.items("files")),
            url_mark=self.read.marks.get((*self.path, "url")),
            token=self._written("token"),
            user=self._written("user") if user is None else user,
            password=self._written("password"),
            allow=tuple(
                _allowance(item, self.read.marks[path]) for item, path in self.items("allow")
            ),
            unlisted=cast("Unlisted | None", self.text("unlisted")),
            ignore=frozenset(str(field) for field, _ in self.items("ignore")),
            hidden_secrets=cast("HiddenSecrets | None", self.text("hidden_secrets")),
            ca_file=self.text("ca_file"),
            client_cert=self.text("client_cert"),
            client_key=self.text("client_key"),
            proxy=self.text("proxy"),
        )

    def _written(self, member: str) -> Written | None:
        value = self.values.get(member)
        if isinstance(value, Secret) and value.ref is not None:
            return Written(value.ref, self.read.marks[*self.path, member])
        return None


def _allowance(item: Value, mark: Mark) -> Allowance:
    parts = item if isinstance(item, dict) else {}
    until = parts.get("until")
    return Allowance(str(parts["risk"]), date.fromisoformat(str(until)) if until else None, mark)


def _wrong_server(url: str, name: str, known: Known) -> Mistake | None:
    """The mistake of an address that is no server's."""
    wrong = variable(url, name, "write the server's address itself, like https://…")
    if wrong is not None:
        return wrong
    try:
        known.check_server(url)
    except ConfsyncError as error:
        hint = error.hint
        if "@" in url:
            hint = "write the origin alone; `token: {env: NAME}` beside it says how to log in"
        return Mistake("server-address", f"{name}: {error.message}", hint)
    return None


def _wrong_user(user: str, name: str) -> Mistake | None:
    """The mistake of a text that is no user's name."""
    if ":" in user:
        hint = "Basic authentication cannot carry it; the password stands in `password`"
        return Mistake("user-name", f"{name} holds a colon", hint)
    return variable(user, name, REFERENCE)
