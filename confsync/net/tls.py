"""Whom a connection trusts, and how it shows who it is: from files to a TLS context."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn, TypeAlias

from confsync.errors import WrongUsage

File: TypeAlias = "str | Path | None"

_CA_OPTION = "--ca-file (CONFSYNC_CA_FILE)"
_CERT_OPTION = "--client-cert (CONFSYNC_CLIENT_CERT)"
_KEY_OPTION = "--client-key (CONFSYNC_CLIENT_KEY)"

_LONGEST_PATH = 1024
_CONTENT = re.compile(r"\s*(-----BEGIN|LS0tLS1CRUdJTi|M[A-Za-z0-9+/=\s]{63})")
"""How PEM begins, in clear and in base64, and what stands in it."""


def _check_path(file: File, option: str) -> None:
    if file is None:
        return
    text = str(file)
    if not text.strip():
        raise WrongUsage(f"{option} is empty", hint="give the path of a file, or leave it out")
    odd = len(text) > _LONGEST_PATH or not text.isprintable() or "://" in text
    if odd or _CONTENT.match(text):
        # The usual mistake in CI is a variable with the file's content. It is never repeated.
        raise WrongUsage(
            f"{option} holds no path of a file",
            hint="give the path, not the content; GitLab: a variable of type File",
        )


@dataclass(frozen=True)
class Trust:
    """Which certificates count, as PEM files.

    `ca_file` None: those of the system's trust store. Given: those of this file alone.
    `client_cert` may hold its key too; then `client_key` is None. Raises WrongUsage for what cannot
    be the path of a file, and for a key without a certificate.
    """

    ca_file: File = None
    client_cert: File = None
    client_key: File = None

    def __post_init__(self) -> None:
        for file, option in (
            (self.ca_file, _CA_OPTION),
            (self.client_cert, _CERT_OPTION),
            (self.client_key, _KEY_OPTION),
        ):
            _check_path(file, option)
        if self.client_key is not None and self.client_cert is None:
            raise WrongUsage(
                f"{_KEY_OPTION} is set without a certificate",
                hint=f"give its certificate with {_CERT_OPTION}",
            )

    @property
    def without_client(self) -> Trust:
        """The same without the client's certificate."""
        return replace(self, client_cert=None, client_key=None)

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or later, the certificate checked, and the name in it. Raises WrongUsage.

        It is not `ssl.create_default_context`: that one writes the keys of every connection to
        the file that SSLKEYLOGFILE names, and since Python 3.13 it takes fewer private CAs.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # A CA's certificate may stand in the file without the one that signed it, as for curl.
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        if self.ca_file is None:
            context.load_default_certs()
        else:
            _load_ca(context, self.ca_file)
        if self.client_cert is not None:
            _load_client(context, self.client_cert, self.client_key)
        return context


SYSTEM = Trust()
"""The system's trust store, and no certificate of one's own."""


def nobody() -> ssl.SSLContext:
    """For a connection without TLS: should TLS come up all the same, no certificate is good."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _PassphraseAskedForError(Exception):
    """The key is encrypted."""


def _no_passphrase() -> NoReturn:
    """Without an answer of ours OpenSSL would ask at the terminal, and wait."""
    raise _PassphraseAskedForError


def _load_ca(context: ssl.SSLContext, file: str | Path) -> None:
    try:
        context.load_verify_locations(cafile=file)
        usable = context.cert_store_stats()["x509"] > 0
    except ssl.SSLError:
        usable = False
    except OSError as error:
        raise _unreadable(error, file, _CA_OPTION) from None
    if not usable:
        raise WrongUsage(
            "no certificates can be read in it",
            where=str(file),
            hint=f"{_CA_OPTION} is a file of CA certificates in PEM form",
        )


def _load_client(context: ssl.SSLContext, cert: str | Path, key: File) -> None:
    try:
        context.load_cert_chain(cert, key, password=_no_passphrase)
    except _PassphraseAskedForError:
        raise WrongUsage(
            "the key is encrypted, and confsync asks for no passphrase",
            where=str(key or cert),
            hint="give a key without one, in a file that nobody else may read",
        ) from None
    except ssl.SSLError as error:
        if error.reason in {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"}:
            raise WrongUsage(
                "the key does not belong to the certificate",
                where=str(key or cert),
                hint=f"the certificate is {cert}",
            ) from None
        raise _no_pair(cert, key) from None
    except OSError as error:
        unread = cert if key is None or not _opens(cert) else key
        raise _unreadable(error, unread, _CERT_OPTION if unread is cert else _KEY_OPTION) from None


def _no_pair(cert: str | Path, key: File) -> WrongUsage:
    """Which of the two files is not what it should be, as far as it can be seen."""
    if not _holds(cert, b"CERTIFICATE-----"):
        return WrongUsage(
            "there is no certificate in it",
            where=str(cert),
            hint=f"{_CERT_OPTION} is a certificate in PEM form",
        )
    if not _holds(key or cert, b"PRIVATE KEY-----"):
        return WrongUsage(
            "there is no private key in it",
            where=str(key or cert),
            hint=f"{_KEY_OPTION} is a private key in PEM form"
            if key
            else f"give the key with {_KEY_OPTION}",
        )
    return WrongUsage(
        "the certificate or its key cannot be used",
        where=str(cert),
        hint="is it whole, and are its algorithms ones that this system still allows?",
    )


def _unreadable(error: OSError, file: str | Path, option: str) -> WrongUsage:
    facts = {
        FileNotFoundError: "there is no such file",
        PermissionError: "it may not be read",
        IsADirectoryError: "it is a directory",
    }
    fact = facts.get(type(error), "it cannot be read")
    return WrongUsage(fact, where=str(file), hint=f"check {option}")


def _opens(file: str | Path) -> bool:
    try:
        with Path(file).open("rb"):
            return True
    except OSError:
        return False


def _holds(file: str | Path, label: bytes) -> bool:
    try:
        return Path(file).is_file() and label in Path(file).read_bytes()
    except OSError:
        return False
