"""Texts by their form, as the server stores them: e-mail addresses, domains, hosts, networks, ids.

Only what is certainly none is refused. The server alone knows others: it wants a public suffix, and
ids of objects that exist. Facts: docs/development/objects.md, sections 2.4, 2.5 and 2.7.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from confsync.store.mistakes import Mistake
from confsync.sync.url import WHITE_SPACE, trim

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confsync.sync.shape import Form

ID = "[a-z792013]+"
"""The alphabet of ids."""

_BLANKS = str.maketrans(dict.fromkeys(WHITE_SPACE))
_LABEL = re.compile("[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
# Programs differ in the punycode of these.
_DEVIATIONS = set("\u00df\u03c2\u200c\u200d")


def email(text: str) -> str | None:
    """An e-mail address: no blanks, lower case, the domain in punycode; None if it is none."""
    local, _, rest = text.translate(_BLANKS).rpartition("@")
    found = domain(rest)
    return f"{local.lower()}@{found}" if local and "@" not in local and found else None


def domain(text: str) -> str | None:
    """A domain: no blanks, lower case, punycode; None if it is none."""
    if _DEVIATIONS.intersection(text):
        return None
    try:
        name = text.translate(_BLANKS).lower().encode("idna").decode("ascii")
    except UnicodeError:
        return None
    labels = name.split(".")
    return name if all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit() else None


def host(text: str) -> str | None:
    """A domain or an IP address; None if it is none."""
    return address(text.translate(_BLANKS)) or domain(text)


def address(text: str) -> str | None:
    """An IP address in its shortest form; None if it is none."""
    try:
        found = ipaddress.ip_address(trim(text))
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    inner = found.ipv4_mapped
    return None if found.scope_id else f"::ffff:{inner}" if inner else str(found)


def network(text: str) -> str | None:
    """A network in its shortest form with the bits of the host, or an IP address; None if it is
    none.
    """
    written, slash, bits = text.translate(_BLANKS).partition("/")
    plain = address(written)
    if plain is None or not slash:
        return plain
    most = ipaddress.ip_address(plain).max_prefixlen
    if not re.fullmatch("[1-9][0-9]{0,2}", bits) or int(bits) > most:
        return None
    return plain if int(bits) == most else f"{plain}/{bits}"


_FORMS: Mapping[str, tuple[Callable[[str], str | None], str, str]] = {
    "email": (email, "an e-mail address", "postmaster@example.com"),
    "domain": (domain, "a domain", "example.com"),
    "host": (host, "a domain or an IP address", "mail.example.com or 192.0.2.7"),
    "address": (address, "an IP address", "192.0.2.7 or 2001:db8::7"),
    "network": (network, "a network or an IP address", "192.0.2.0/24"),
}


def normal(text: str, form: Form, name: str) -> str:
    """A trimmed or exact text in the form of its field. Raises Mistake without repeating it."""
    if form not in _FORMS:
        return text
    function, what, example = _FORMS[form]
    found = function(text)
    if found is None:
        raise Mistake("invalid-text", f"{name} must be {what}", f"write one like {example}")
    return found


def wanted(form: Form) -> str:
    """The name of a form for people; empty for any text."""
    return _FORMS[form][1] if form in _FORMS else ""


def identifier(text: str, name: str) -> str:
    """The id of an object. Raises Mistake."""
    if not re.fullmatch(ID, text):
        hint = "copy it from the server: it has the letters a to z and the digits 0 to 3, 7 and 9"
        raise Mistake("invalid-text", f"{name} must be the id of an object", hint)
    return text
