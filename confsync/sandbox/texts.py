"""Texts as the server changes them on the way in (wire page objects.md, section 2.5).

The schema says little of this. Rule: texts and URIs are trimmed, members of sets too; `_OTHERS`
names the fields of settings objects that are treated otherwise.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Unicode White_Space. Python's own idea of it has U+001C to U+001F too.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_BLANKS = str.maketrans(dict.fromkeys(WHITE_SPACE))
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
# The list of public suffixes has thousands of endings; these are certainly none.
_NO_SUFFIX = re.compile(r"example|invalid|onion|[0-9]+")


class Refused(Exception):
    """A value or a name that an update may not hold: `invalidPatch` (wire section 5.2).

    `below` leads from the patch entry to the culprit inside its value.
    """

    def __init__(self, *below: str) -> None:
        super().__init__()
        self.below = below


def keep(text: str) -> str:
    """Return the text unchanged."""
    return text


def trim(text: str) -> str:
    """Return the text without white space around it."""
    return text.strip(WHITE_SPACE)


def solid(text: str) -> str:
    """Return the text unchanged; a blank one is empty."""
    return text if trim(text) else ""


def email(text: str) -> str:
    """Return the address in lower case, its domain as punycode; raises `Refused`."""
    local, at, host = text.translate(_BLANKS).rpartition("@")
    if not at or not local or "@" in local:
        raise Refused
    return f"{local.lower()}@{domain(host)}"


def domain(text: str) -> str:
    """Return the domain in lower case as punycode; raises `Refused`.

    A single label has no public suffix.
    """
    try:
        name = text.translate(_BLANKS).lower().encode("idna").decode()
    except UnicodeError:
        raise Refused from None
    labels = name.split(".")
    if len(labels) == 1 or _NO_SUFFIX.fullmatch(labels[-1]):
        raise Refused
    if not all(map(_LABEL.fullmatch, labels)):
        raise Refused
    return name


def host(text: str) -> str:
    """Return an IP address, or a domain as `domain` does; raises `Refused`."""
    try:
        return address(text.translate(_BLANKS))
    except Refused:
        return domain(text)


def address(text: str) -> str:
    """Return the IP address in its shortest form, as Rust writes it; raises `Refused`."""
    try:
        found = ipaddress.ip_address(trim(text))
    except ValueError:
        raise Refused from None
    inner = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return f"::ffff:{inner}" if inner else str(found)


def network(text: str) -> str:
    """Return a network in its shortest form, host bits kept; raises `Refused` (section 2.4)."""
    written, slash, bits = text.translate(_BLANKS).partition("/")
    plain = address(written)
    most = ipaddress.ip_address(plain).max_prefixlen
    if not slash:
        return plain
    if not re.fullmatch("[1-9][0-9]{0,2}", bits) or int(bits) > most:
        raise Refused
    return plain if int(bits) == most else f"{plain}/{bits}"


_OTHERS: dict[str, Callable[[str], str]] = {
    "x:CalendarAlarm/fromEmail": email,
    "x:Expression/else": keep,
    "x:ExpressionMatch/if": keep,
    "x:ExpressionMatch/then": keep,
    "x:MailExchanger/hostname": host,
    "x:ReportSettings/outboundReportDomain": domain,
    "x:SecretKeyEnvironmentVariable/variableName": solid,
    "x:SecretKeyFile/filePath": solid,
    "x:Service/hostname": host,
    "x:SieveUserInterpreter/defaultSubjectPrefix": keep,
    "x:SystemSettings/defaultHostname": host,
    "x:SystemSettings/providerInfo": keep,
}
_FORMATS: dict[str, Callable[[str], str]] = {
    "html": keep,
    "text": keep,
    "secret": solid,
    "secretText": solid,
    "ipAddress": address,
    "ipNetwork": network,
}


def cleaner(field: str, format_: str) -> Callable[[str], str]:
    """Look up what the server does to a text of a field, named like `x:RedisStore/url`."""
    return _OTHERS.get(field) or _FORMATS.get(format_, trim)


def key_cleaner(format_: str) -> Callable[[str], str]:
    """Look up what the server does to members of sets and keys of maps: an e-mail address is not
    checked there (section 2.4).
    """
    return network if format_ == "ipNetwork" else trim
