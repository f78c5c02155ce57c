"""Error messages for connections that fail: fact and hint."""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.errors import ConfsyncError, ConnectionFailed, ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confsync.net.http import Flight
    from confsync.net.tls import Trust

_REACH = "check the URL, DNS and the firewall"
_SLOW = "the server may be overloaded, or a firewall drops packets"
_BAN = "Stalwart also closes connections from banned addresses"
_PORT = f"check that this is the server's HTTP port; {_BAN}"
_CONNECT = "check that the proxy allows CONNECT to this host and port"

# OpenSSL's X509_V_ERR_…, as SSLCertVerificationError.verify_code has them.
_CHAIN, _OTHER = "its certificate, or one in its chain,", "its certificate is for another host name"
_CERTIFICATES: Mapping[int, tuple[str, str]] = {
    9: (f"{_CHAIN} is not valid yet", "check the clock of this machine"),
    10: (f"{_CHAIN} has expired", "renew it, or correct the clock of this machine"),
    62: (_OTHER, "use a host name from the certificate"),
    64: (_OTHER, "use a host name from the certificate, not an IP address"),
}
_BY_SYSTEM = (
    "its certificate is not trusted by this system",
    "pass the CA's certificate with --ca-file (CONFSYNC_CA_FILE), or install it in the system",
)
_BY_FILE = (
    "its certificate is not trusted by the CA file",
    "check that it contains the CA that signed the certificate: no other CA is trusted",
)

# OpenSSL's SSL_R_… without that prefix, as SSLError.reason has them.
_NO_TLS = (
    "WRONG_VERSION_NUMBER HTTP_REQUEST HTTPS_PROXY_REQUEST PACKET_LENGTH_TOO_LONG"
    " UNEXPECTED_MESSAGE BAD_RECORD_TYPE RECORD_LAYER_FAILURE"
)
_OLD_TLS = (
    "TLSV1_ALERT_PROTOCOL_VERSION UNSUPPORTED_PROTOCOL WRONG_SSL_VERSION NO_PROTOCOLS_AVAILABLE"
    " VERSION_TOO_LOW"
)
_CLIENT_REFUSED = (
    "TLSV1_ALERT_UNKNOWN_CA TLSV1_ALERT_ACCESS_DENIED TLSV1_ALERT_DECRYPT_ERROR"
    " SSLV3_ALERT_BAD_CERTIFICATE SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"
    " SSLV3_ALERT_CERTIFICATE_REVOKED SSLV3_ALERT_CERTIFICATE_EXPIRED"
    " SSLV3_ALERT_CERTIFICATE_UNKNOWN"
)
_CLIENT_WANTED = (
    "TLSV13_ALERT_CERTIFICATE_REQUIRED TLSV1_ALERT_CERTIFICATE_REQUIRED SSLV3_ALERT_NO_CERTIFICATE"
    " PEER_DID_NOT_RETURN_A_CERTIFICATE"
)
# Up to TLS 1.2 this is also how a server says that it wants a certificate.
_HANDSHAKE = "SSLV3_ALERT_HANDSHAKE_FAILURE"

_GIVE = "pass one with --client-cert and --client-key (CONFSYNC_CLIENT_CERT, CONFSYNC_CLIENT_KEY)"
_TLS = {
    _NO_TLS: ("it does not speak TLS on this port", "check that this is the https port"),
    _OLD_TLS: (
        "it supports neither TLS 1.2 nor TLS 1.3",
        "enable TLS 1.2 or later there: older versions are not safe",
    ),
    _CLIENT_REFUSED: ("it requires a client certificate", _GIVE),
    _CLIENT_WANTED: ("it requires a client certificate", _GIVE),
    _HANDSHAKE: ("it refused the TLS handshake", f"it may require a client certificate: {_GIVE}"),
}
_TLS_WITH_CLIENT_CERT = {
    **_TLS,
    _CLIENT_REFUSED: (
        "it does not accept the client certificate",
        "check that it is valid, for clients, and signed by a CA that the server trusts",
    ),
    _HANDSHAKE: (
        "it refused the TLS handshake",
        "compare the server's ciphers and its client CA with yours",
    ),
}


@dataclass(frozen=True)
class Route:
    """Server, proxy and trusted certificates, which error messages name."""

    server: str
    proxy: str | None
    trust: Trust

    def failure(self, error: Exception, flight: Flight) -> ConfsyncError:
        """The error for an exception of the library, whose text is not used."""
        tls = next((found for found in _causes(error) if isinstance(found, ssl.SSLError)), None)
        fact, hint = _of_system(error) if tls is None else self._of_tls(tls)
        if flight.sending:
            # In TLS 1.3 a server refuses a client's certificate after the client has begun to send:
            # it may have read the request.
            broke = f"connection to {self.server} lost before an answer"
            if tls is None:
                return ConnectionLost(broke, hint=_PORT)
            return ConnectionLost(f"{broke}: {fact}", hint=hint)
        whom, status = self.server, flight.proxy_status
        if flight.at_proxy:
            whom = f"the proxy {self.proxy}"
            if tls is None and (not fact or hint == _PORT):
                hint = "check that this is the proxy's HTTP port"
            fact = fact or "it does not answer like a proxy"
        failed = ConnectionFailed(f"cannot connect to {whom}{fact and f': {fact}'}", hint=hint)
        if flight.at_proxy and status is not None:
            refusal, hint = f"refused to connect to {self.server}", _CONNECT
            if status == 407:  # noqa: PLR2004 - HTTP's own number
                refusal, hint = "asks for credentials", "use a proxy that needs no login"
            elif status >= 500:  # noqa: PLR2004 - HTTP's own number
                refusal = f"cannot reach {self.server}"
                hint = "check that the proxy can resolve and reach the server"
            failed = ConnectionFailed(f"{whom} {refusal} (HTTP {status})", hint=hint)
        refused = status is not None and status < 500  # noqa: PLR2004 - HTTP's own number
        failed.lasting = refused or _is_lasting(tls)
        return failed

    def late(self, flight: Flight, seconds: float) -> ConfsyncError:
        """The error after the deadline."""
        within = f"within {seconds:.3g} s"
        if flight.sending:
            return ConnectionLost(f"no answer from {self.server} {within}", hint=_SLOW)
        whom = f"the proxy {self.proxy}" if flight.at_proxy else self.server
        return ConnectionFailed(f"cannot connect to {whom}: no answer {within}", hint=_REACH)

    def _of_tls(self, error: ssl.SSLError) -> tuple[str, str]:
        if isinstance(error, ssl.SSLCertVerificationError):
            fallback = _BY_SYSTEM if self.trust.ca_file is None else _BY_FILE
            return _CERTIFICATES.get(error.verify_code, fallback)
        table = _TLS if self.trust.client_cert is None else _TLS_WITH_CLIENT_CERT
        for reasons, found in table.items():
            if error.reason in reasons.split():
                return found
        if not _is_lasting(error):
            return "it closed the connection", f"check that this is the https port; {_BAN}"
        fact = "it ended the TLS handshake"
        return fact, "check that this is the https port, and the server's log"


def _is_lasting(error: ssl.SSLError | None) -> bool:
    """True if TLS was refused, False if it broke off."""
    return error is not None and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)


def _of_system(error: Exception) -> tuple[str, str]:
    for cause in _causes(error):
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused", _REACH
        if isinstance(cause, ConnectionResetError | BrokenPipeError):
            return "it closed the connection", _PORT
        if isinstance(cause, socket.gaierror):
            return "host name not found", _REACH
        if isinstance(cause, OSError) and cause.errno in {errno.EMFILE, errno.ENFILE}:
            return "too many open files", "raise `ulimit -n`"
    return "", _REACH


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
