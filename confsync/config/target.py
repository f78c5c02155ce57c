"""One target of `confsync.yaml`: from its nodes to its values, and every mistake in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, get_args

from confsync.config import fields as members
from confsync.config.fields import Gathering
from confsync.config.ignore_paths import ignored_wrongly
from confsync.config.values import Allowance, TargetConfig, Written
from confsync.errors import ConfsyncError, Fault
from confsync.kinds import KINDS
from confsync.store.mistakes import Mistake, near_name
from confsync.store.scalars import is_null
from confsync.store.urls import Reader, Reference
from confsync.sync.risks import RISKS
from confsync.sync.secret import Vault
from confsync.sync.spelling import nearest
from confsync.sync.values import HiddenSecrets, Unlisted
from confsync.yaml.nodes import MappingNode, Mark, Node, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

T = TypeVar("T")

MEMBERS = (
    *("url", "files", "token", "user", "password", "allow", "unlisted", "ignore"),
    *("hidden_secrets", "ca_file", "client_cert", "client_key", "proxy"),
)
DISARMING: Mapping[str, str] = {
    "insecure_http": "--insecure-http",
    "allow_commands": "--allow-commands",
    "yes": "--yes",
}
"""What disarms a guard, as somebody might write it here, and the option that it is."""

_IN_CLEAR = "write where it can be had, like `{env: NAME}`, and have the one in the file revoked"
_REFERENCE = "write it as a reference, without the $: `{env: NAME}`"
_VARIABLE = re.compile(r"\$(?:[A-Z_][A-Z0-9_]*|\{([A-Za-z_][A-Za-z0-9_]*)\})")
_RISK, _UNTIL = "risk", "until"
_A_FILE = "[stores/in-memory.yaml]"
_A_RISK = "[plaintext-secret]"
_A_FIELD = "[InMemoryStore/poolMaxConnections]"


@dataclass(frozen=True)
class Known:
    """What a reader of targets has to be told: the kinds of references, by their keys, and how
    the addresses of a server, and of a proxy to a server, are checked. Both checks raise a
    ConfsyncError that does not repeat the address.
    """

    references: Mapping[str, Reference]
    check_server: Callable[[str], object]
    check_proxy: Callable[[str, str], object]


def disarmed(name: str) -> Mistake | None:
    """What to say of a key that would disarm a guard; None for any other."""
    option = DISARMING.get(name.lower().replace("-", "_"))
    if option is None:
        return None
    fact = f"{option} cannot stand here: whoever may change the file could disarm the guard"
    return Mistake("disarms-a-guard", fact, "remove it, and give the option by hand")


def read_target(name: str, node: Node, known: Known) -> TargetConfig:
    """Read a target. Raises Mistakes with everything that is wrong with it, and where."""
    place = f"targets/{name}"
    fields = members.mapping(node, place, "write `url: …` and `files: …` under it")
    gathering = Gathering()
    for key, _ in fields.entries:
        if key.text not in MEMBERS:
            gathering.add(key.mark, disarmed(key.text) or _unknown(key.text))

    def read(member: str, reader: Callable[[Node, str], T]) -> T | None:
        entry = fields.get(member)
        return entry and gathering.tried(entry[1], f"{place}/{member}", reader)

    url = fields.get("url")
    found = TargetConfig(
        name,
        url=read("url", _server(known)) or "",
        files=read("files", _files) or (),
        url_mark=url and url[1].mark,
        token=read("token", _credential(known)),
        user=read("user", _user(known)),
        password=read("password", _credential(known)),
        allow=read("allow", members.items(_allowance, _A_RISK, lambda item: item.risk)) or (),
        unlisted=read("unlisted", members.choice(get_args(Unlisted))),
        ignore=frozenset(read("ignore", members.items(_ignored, _A_FIELD)) or ()),
        hidden_secrets=read("hidden_secrets", members.choice(get_args(HiddenSecrets))),
        ca_file=read("ca_file", members.path),
        client_cert=read("client_cert", members.path),
        client_key=read("client_key", members.path),
        proxy=read("proxy", members.text),
    )
    for mark, mistake in _together(fields, place, found, known):
        gathering.add(mark, mistake)
    gathering.end()
    return found


def _unknown(name: str) -> Mistake:
    hint = f"{nearest(name, MEMBERS)}it has {', '.join(MEMBERS)}"
    return Mistake("unknown-field", f"a target has no member {near_name(name, MEMBERS)}", hint)


def _together(
    fields: MappingNode, place: str, found: TargetConfig, known: Known
) -> Iterator[tuple[Mark, Mistake]]:
    """What can only be seen of several members at once."""
    at = {key.text: key.mark for key, _ in fields.entries}
    for member, example in (("url", "https://mail.example.com"), ("files", "[stores/…]")):
        if member not in at:
            hint = f"add `{member}: {example}`"
            yield fields.mark, Mistake("missing-field", f"{place} has no {member}", hint)
    if "token" in at and ("user" in at or "password" in at):
        hint = "keep the token alone: it can be limited to what is needed"
        yield at["token"], Mistake("two-logins", f"{place} has a token and a password", hint)
    else:
        for one, other in (("user", "password"), ("password", "user")):
            if one in at and other not in at:
                hint = f"add `{other}: {{env: …}}`, or write a `token` in place of both"
                yield (
                    at[one],
                    Mistake("missing-field", f"{place} has a {one}, but no {other}", hint),
                )
    if "client_key" in at and "client_cert" not in at:
        hint = "add `client_cert: …`, the file of the certificate that the key belongs to"
        fact = f"{place} has a client_key, but no client_cert"
        yield at["client_key"], Mistake("missing-field", fact, hint)
    if found.proxy and found.url:
        try:
            known.check_proxy(found.proxy, found.url)
        except ConfsyncError as error:
            yield (
                at["proxy"],
                Mistake("server-address", f"{place}/proxy: {error.message}", error.hint),
            )


def _files(node: Node, name: str) -> tuple[str, ...]:
    found = members.items(members.path, _A_FILE)(node, name)
    if not found:
        raise Mistake("blank-text", f"{name} is empty", f"write it like `{_A_FILE}`")
    return found


def _server(known: Known) -> Callable[[Node, str], str]:
    """A reader of a server's address."""

    def read(node: Node, name: str) -> str:
        value = members.text(node, name)
        _refuse_variable(value, name, "write the server's address itself, like https://…")
        try:
            known.check_server(value)
        except ConfsyncError as error:
            hint = error.hint
            if "@" in value:
                hint = "write the origin alone; `token: {env: NAME}` beside it says how to log in"
            raise Mistake("server-address", f"{name}: {error.message}", hint) from None
        return value

    return read


def _credential(known: Known) -> Callable[[Node, str], Written]:
    """A reader of a reference to a secret; what stands there in clear is refused."""

    def read(node: Node, name: str) -> Written:
        # Whatever the text is, a number or a word of YAML's too, and whatever is wrong with it.
        if isinstance(node, ScalarNode) and not (node.broken or is_null(node)):
            _refuse_variable(node.text, name, _REFERENCE)
            fact = f"{name} stands in the file in clear, and so in the repository's history"
            raise Mistake("credential-in-clear", fact, _IN_CLEAR)
        found = Reader(Vault(), known.references, tuple(name.split("/")), _nothing).secret(node)
        if found.ref is None:
            raise Fault("a credential that is no text has no reference")
        return Written(found.ref, node.mark)

    return read


def _refuse_variable(text: str, name: str, hint: str) -> None:
    """Raise Mistake for a text that is a shell's variable. The name is repeated only out of braces:
    a password may begin with a $.
    """
    if found := _VARIABLE.fullmatch(text):
        fact = f"{name} is a variable with a $, which confsync does not fill in"
        raise Mistake("reference-as-text", fact, hint.replace("NAME", found[1] or "NAME"))


def _nothing(_: Mark, __: Mistake) -> None:
    """A reference alone has nothing to be noted."""


def _user(known: Known) -> Callable[[Node, str], Written | str]:
    """A reader of a user's name: a text, or a reference to one."""

    def read(node: Node, name: str) -> Written | str:
        if isinstance(node, MappingNode):
            return _credential(known)(node, name)
        value = members.text(node, name)
        _refuse_variable(value, name, _REFERENCE)
        if ":" in value:
            hint = "Basic authentication cannot carry it; the password stands in `password`"
            raise Mistake("user-name", f"{name} holds a colon", hint)
        return value

    return read


def _allowance(node: Node, name: str) -> Allowance:
    """A risk's name, or `{risk: NAME, until: DAY}`."""
    if not isinstance(node, MappingNode):
        return Allowance(_risk(node, name), None, node.mark)
    gathering = Gathering()
    for key, _ in node.entries:
        if key.text not in {_RISK, _UNTIL}:
            hint = f"{nearest(key.text, [_RISK, _UNTIL])}it has {_RISK} and {_UNTIL}"
            fact = f"{name} has no {near_name(key.text, [_RISK, _UNTIL])}"
            gathering.add(key.mark, Mistake("unknown-field", fact, hint))
    risk = _part(node, name, _RISK, _risk, gathering)
    until: date | None = _part(node, name, _UNTIL, members.day, gathering)
    gathering.end()
    return Allowance(risk or "", until, node.mark)


def _part(
    node: MappingNode,
    name: str,
    part: str,
    read: Callable[[Node, str], T],
    gathering: Gathering,
) -> T | None:
    entry = node.get(part)
    if entry is not None:
        return gathering.tried(entry[1], f"{part} in {name}", read)
    hint = "write `{risk: NAME, until: YYYY-MM-DD}`, or the name alone where there is no end"
    gathering.add(node.mark, Mistake("missing-field", f"{name} has no {part}", hint))
    return None


def _risk(node: Node, name: str) -> str:
    value = members.text(node, name)
    if value not in RISKS:
        hint = f"{nearest(value, RISKS)}known are {', '.join(RISKS)}"
        raise Mistake("unknown-risk", f"{name} names no risk that there is", hint)
    return value


def _ignored(node: Node, name: str) -> str:
    value = members.text(node, name)
    wrong = ignored_wrongly(value, KINDS)
    if wrong is not None:
        raise Mistake("unknown-field", f"{name} {wrong[0]}", wrong[1])
    return value
