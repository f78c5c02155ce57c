"""TLS contexts from files: trusted CAs and the client certificate."""

from __future__ import annotations

import os
import re
import ssl
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from confsync.errors import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Mapping

File: TypeAlias = "str | Path | None"

OPTIONS: Mapping[str, str] = {
    "ca_file": "--ca-file (CONFSYNC_CA_FILE)",
    "client_cert": "--client-cert (CONFSYNC_CLIENT_CERT)",
    "client_key": "--client-key (CONFSYNC_CLIENT_KEY)",
}

_LONGEST_PATH = 1024
_CONTENT = re.compile(r"\s*(-----BEGIN|LS0tLS1CRUdJTi|M[A-Za-z0-9+/=\s]{63})")
"""The start of PEM, in clear and in base64, and of its content."""
_UNREADABLE = {
    FileNotFoundError: "no such file",
    PermissionError: "permission denied",
    IsADirectoryError: "is a directory",
}


@dataclass(frozen=True)
class Trust:
    """PEM files: `ca_file` has the only trusted CAs (None: the system's), `client_cert` may hold
    its key too. `names`: where each was set. Raises WrongUsage for an invalid path and for a key
    without a certificate.
    """

    ca_file: File = None
    client_cert: File = None
    client_key: File = None
    names: Mapping[str, str] = field(default_factory=dict, compare=False)

    def name(self, member: str) -> str:
        """Where a file was set."""
        return self.names.get(member, OPTIONS[member])

    @property
    def given(self) -> str:
        """Where the first file was set."""
        return next((self.name(member) for member in OPTIONS if getattr(self, member)), "")

    def __post_init__(self) -> None:
        for member in OPTIONS:
            file, option = getattr(self, member), self.name(member)
            if file is None:
                continue
            text = str(file)
            if not text.strip():
                hint = "pass the path of a file, or remove it"
                raise WrongUsage(f"{option} is empty", hint=hint)
            odd = len(text) > _LONGEST_PATH or "://" in text or not text.isprintable()
            if odd or _CONTENT.match(text):
                # The usual mistake in CI: a variable with the file's content. It is never shown.
                hint = "pass the path, not the content; GitLab: a variable of type File"
                raise WrongUsage(f"{option} is not a file path", hint=hint)
        if self.client_key is not None and self.client_cert is None:
            hint = f"pass its certificate with {self.name('client_cert')}"
            raise WrongUsage(f"{self.name('client_key')} is set without a certificate", hint=hint)

    def context(self) -> ssl.SSLContext:
        """Make a context for TLS 1.2 or later that checks certificate and name. Raises WrongUsage.

        `ssl.create_default_context` writes the keys of every connection to the file that
        SSLKEYLOGFILE names, and since Python 3.13 accepts fewer private CAs.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # The file may have a CA's certificate without the one that signed it, as for curl.
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        if self.ca_file is None:
            context.load_default_certs()
        else:
            _load_ca(context, self.ca_file, self.name("ca_file"))
        if self.client_cert is not None:
            _load_client(context, self)
        return context


SYSTEM = Trust()
"""The system's trust store, without a client certificate."""


class _EncryptedKeyError(Exception):
    pass


def _no_passphrase() -> NoReturn:
    """Keep OpenSSL from asking at the terminal."""
    raise _EncryptedKeyError


def _load_ca(context: ssl.SSLContext, file: str | Path, option: str) -> None:
    _check_regular(file, option)
    try:
        context.load_verify_locations(cafile=file)
        usable = context.cert_store_stats()["x509"] > 0
    except ssl.SSLError:
        usable = False
    except OSError as error:
        raise _unreadable(error, file, option) from None
    if not usable:
        hint = f"{option} needs a PEM file of CA certificates"
        raise WrongUsage("no certificate found", where=str(file), hint=hint)


def _load_client(context: ssl.SSLContext, trust: Trust) -> None:
    cert, key = trust.client_cert or "", trust.client_key
    _check_regular(cert, trust.name("client_cert"))
    if key is not None:
        _check_regular(key, trust.name("client_key"))
    try:
        context.load_cert_chain(cert, key, password=_no_passphrase)
    except _EncryptedKeyError:
        fact = "the key is encrypted: confsync cannot use a key with a passphrase"
        hint = "use a key without a passphrase, in a file that only you can read"
        raise WrongUsage(fact, where=str(key or cert), hint=hint) from None
    except ssl.SSLError as error:
        raise _no_pair(cert, trust, error.reason) from None
    except OSError as error:
        if key is None or not os.access(cert, os.R_OK):
            raise _unreadable(error, cert, trust.name("client_cert")) from None
        raise _unreadable(error, key, trust.name("client_key")) from None


def _no_pair(cert: str | Path, trust: Trust, reason: str) -> WrongUsage:
    """The error for an unusable certificate and key. It names the wrong file if known."""
    key = trust.client_key
    where = key or cert
    if reason in {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"}:
        fact, hint = "the key does not belong to the certificate", f"use the key of {cert}"
    elif not _holds(cert, b"CERTIFICATE-----"):
        where, fact = cert, "no certificate found"
        hint = f"{trust.name('client_cert')} needs a PEM certificate"
    elif not _holds(where, b"PRIVATE KEY-----"):
        fact, option = "no private key found", trust.name("client_key")
        hint = f"{option} needs a PEM private key" if key else f"pass the key with {option}"
    else:
        where, fact = cert, "the certificate or its key cannot be used"
        hint = "check that it is complete, and that this system allows its algorithms"
    return WrongUsage(fact, where=str(where), hint=hint)


def _check_regular(file: str | Path, option: str) -> None:
    """Raise WrongUsage for a pipe, for which OpenSSL would wait, and for a device."""
    try:
        mode = Path(file).stat().st_mode
    except OSError as error:
        raise _unreadable(error, file, option) from None
    if stat.S_ISDIR(mode):
        raise _unreadable(IsADirectoryError(), file, option)
    if not stat.S_ISREG(mode):
        what = "a pipe" if stat.S_ISFIFO(mode) else "a device"
        raise WrongUsage(f"is {what}, not a regular file", where=str(file), hint=f"check {option}")


def _unreadable(error: OSError, file: str | Path, option: str) -> WrongUsage:
    fact = _UNREADABLE.get(type(error), "cannot be read")
    return WrongUsage(fact, where=str(file), hint=f"check {option}")


def _holds(file: str | Path, label: bytes) -> bool:
    try:
        return Path(file).is_file() and label in Path(file).read_bytes()
    except OSError:
        return False
