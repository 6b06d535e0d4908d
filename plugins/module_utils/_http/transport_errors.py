# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests without a response: the exception of ``requests`` or urllib3, and what it means for the task."""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
from collections.abc import Iterator


class TransportError(Exception):
    """A request without a complete response."""

    def __init__(self, reason: str, retry: bool = True, may_be_executed: bool = True) -> None:
        """``reason`` is a sentence. It never contains the text of an exception of a library, which can contain secrets.

        ``retry``: a repetition can help. ``may_be_executed``: the API may have executed the request.
        """
        super().__init__(reason)
        self.reason = reason
        self.retry = retry
        self.may_be_executed = may_be_executed


_CERTIFICATE = "the TLS certificate could not be verified, so nothing was sent. The reason is: {detail}."
_CLOCK = f"{_CERTIFICATE} Check the clock of this host."


def _final(reason: str) -> TransportError:
    """Return the error of a request that was not sent, and that a repetition cannot help."""
    return TransportError(reason, retry=False, may_be_executed=False)


_ERRORS: tuple[tuple[tuple[str, ...], TransportError], ...] = (
    (
        ("verify 10",),
        _final(f"{_CLOCK} If it is correct, the certificate must be renewed where the connection ends."),
    ),
    (("verify 9",), _final(_CLOCK)),
    (
        ("verify 62", "verify 64", "CertificateError"),
        _final(
            f"{_CERTIFICATE} Another server responds at this address. Check {{source}}, DNS, and whether a proxy "
            "responds instead of it."
        ),
    ),
    (
        ("verify 2", "verify 18", "verify 19", "verify 20", "verify 21"),
        _final(
            f"{_CERTIFICATE} If your own CA signed it, for example that of a proxy, set 'ca_path' or ZCHAT_CA_PATH to the bundle of that "
            "CA. If a public CA signed it, update the CA certificates of this host. The server can also lack an "
            "intermediate certificate."
        ),
    ),
    (
        ("verify 24", *(f"verify {code}" for code in range(79, 94))),
        _final(
            f"{_CERTIFICATE} The CA must issue a new certificate: Python 3.13 and newer, and OpenSSL, reject one that violates RFC 5280. "
            "An older Python may accept it."
        ),
    ),
    (
        ("SSLCertVerificationError",),
        _final(f"{_CERTIFICATE} Check the certificate of the server, and whether a proxy responds instead of it."),
    ),
    (
        ("no CA bundle", "library X509", "library PEM"),
        _final(
            "the CA bundle could not be read, so nothing was sent. It must be a readable file with certificates in PEM format. "
            "Check 'ca_path', ZCHAT_CA_PATH, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE."
        ),
    ),
    (
        ("SlowResponseError",),
        TransportError(
            "the response was too slow ({detail}). For a line that is really this slow, increase 'timeout'."
        ),
    ),
    (("EndlessResponseError",), TransportError("the response does not end ({detail}).", retry=False)),
    (
        ("tunnel 407",),
        _final(
            "the proxy in HTTPS_PROXY could not be used ({detail}). It requires a user and a password. Set them in HTTPS_PROXY, as "
            "in http://user:password@proxy.example.com:3128, with special characters percent-encoded."
        ),
    ),
    (
        ("tunnel 4",),
        _final(
            "the proxy in HTTPS_PROXY could not be used ({detail}). It does not allow connections to this host. Ask its administrator, or add "
            "the host to NO_PROXY."
        ),
    ),
    (
        ("tunnel",),
        TransportError(
            "the proxy in HTTPS_PROXY could not be used ({detail}). It could not connect to this host. Check {source}.",
            may_be_executed=False,
        ),
    ),
    (
        ("InvalidProxyURL", "ProxySchemeUnknown", "LocationParseError"),
        _final("the proxy in HTTPS_PROXY is not a valid URL. The form is http://proxy.example.com:3128."),
    ),
    (
        ("InvalidSchema",),
        _final(
            "the proxy in HTTPS_PROXY is a SOCKS proxy, which requires the library PySocks. Install it for the Python that runs the task, or "
            "use an HTTP proxy."
        ),
    ),
    (
        ("gaierror",),
        TransportError("the host name could not be resolved. Check {source} and DNS.", may_be_executed=False),
    ),
    (
        ("ConnectTimeout", "ConnectTimeoutError"),
        TransportError(
            "no connection within {timeout} s ('timeout'). Usually, a firewall blocks it. Check {source}, and whether this host needs a proxy.",
            may_be_executed=False,
        ),
    ),
    (
        ("ConnectionRefusedError",),
        TransportError(
            "the connection was refused. Nothing listens there, or a firewall blocks it. Check {source}.",
            may_be_executed=False,
        ),
    ),
    (
        ("NewConnectionError",),
        TransportError(
            "the connection failed ({detail}). Check the network of this host.",
            may_be_executed=False,
        ),
    ),
    (
        ("ReadTimeout", "ReadTimeoutError", "timeout", "TimeoutError"),
        TransportError("no data for {timeout} s ('timeout'). If the API is slow, increase it."),
    ),
    (
        (
            *("UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE", "TLSV1_ALERT_PROTOCOL_VERSION"),
            *(
                "SSLV3_ALERT_HANDSHAKE_FAILURE",
                "TLSV1_ALERT_INSUFFICIENT_SECURITY",
                "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
            ),
            *("DH_KEY_TOO_SMALL", "NO_CIPHERS_AVAILABLE", "WRONG_SSL_VERSION"),
        ),
        TransportError(
            "the TLS handshake failed ({detail}). The server and this host support no common version or cipher of TLS. Check {source}, "
            "and whether a proxy responds instead of the server.",
            retry=False,
        ),
    ),
    (
        ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"),
        TransportError(
            "the TLS handshake failed ({detail}). The server does not use TLS at this port. Check {source}. If it is a proxy, its "
            "URL probably begins with http://.",
            retry=False,
        ),
    ),
    (
        ("SSLError", "SSLEOFError"),
        TransportError("the TLS handshake failed ({detail}). Check {source}, proxies and firewalls."),
    ),
    (
        ("InvalidHeader", "InvalidHeadersError"),
        TransportError(
            "the response headers are not valid, or contradict each other. Usually, a proxy changes responses.",
            retry=False,
        ),
    ),
    (
        (
            *(
                "ProtocolError",
                "ChunkedEncodingError",
                "IncompleteRead",
                "ConnectionResetError",
                "ConnectionAbortedError",
            ),
            *("BrokenPipeError", "RemoteDisconnected", "BadStatusLine"),
        ),
        TransportError("the connection broke before the response was complete ({detail})."),
    ),
    (
        ("ContentDecodingError", "DecodeError"),
        TransportError("the response could not be decompressed. Usually, a proxy changes responses.", retry=False),
    ),
    (("ConnectionError", "Timeout", "ProxyError"), TransportError("the request failed ({detail}).")),
)
"""In the order of precedence: signs of a cause (see :func:`_signs`), and the error."""
_OF_FILES = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_OTHER = TransportError("the request could not be sent ({detail}).", retry=False)


def transport_error(error: BaseException, timeout: int, source: str) -> TransportError:
    """Return the error of the collection for an exception of ``requests``, urllib3 or ``http.client``.

    ``timeout`` is the option in seconds, ``source`` the option or variable that sets the base URL.
    """
    causes = list(_causes(error))
    signs = set(_signs(causes))
    found = next((found for signs_of, found in _ERRORS if signs.intersection(signs_of)), _OTHER)
    of_proxy = "ProxyError" in signs and "tunnel" not in signs
    reason = found.reason.format(detail=_detail(causes), timeout=timeout, source="HTTPS_PROXY" if of_proxy else source)
    if of_proxy:
        # urllib3 also reports a connection that breaks behind a proxy, after the request, as an error of the proxy.
        cause = (
            "with the proxy in HTTPS_PROXY," if found.may_be_executed else "the proxy in HTTPS_PROXY could not be used:"
        )
        reason = f"{cause} {reason}"
    return TransportError(reason, found.retry, found.may_be_executed)


def _signs(causes: list[BaseException]) -> Iterator[str]:
    """Yield what identifies the causes: names of classes, and what OpenSSL and proxies report.

    The names are the same in all supported versions of ``requests`` and urllib3; the modules of the classes are not. ``verify 10`` is a
    code of OpenSSL for a certificate, ``tunnel 407`` the response of a proxy to CONNECT.
    """
    for cause in causes:
        yield type(cause).__name__
        if isinstance(cause, ssl.SSLError):
            yield f"verify {getattr(cause, 'verify_code', None)}"
            yield f"library {getattr(cause, 'library', None)}"
            yield str(getattr(cause, "reason", None))
        status = _tunnel_status(cause)
        if status:
            yield from ("tunnel", f"tunnel {status[0]}", f"tunnel {status}")
        # urllib3 and requests raise these only while they load the CA bundle, before they connect.
        of_file = type(cause).__name__ == "SSLError" and any(isinstance(argument, _OF_FILES) for argument in cause.args)
        if of_file or str(cause).startswith("Could not find a suitable TLS CA certificate bundle"):
            yield "no CA bundle"


def _tunnel_status(cause: BaseException) -> str | None:
    """Return the status of a proxy's response to CONNECT."""
    refusal = re.match(r"Tunnel connection failed: ([0-9]{3})\b", str(cause))
    return refusal.group(1) if refusal else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and the exceptions inside it: libraries wrap them as cause, context, argument or reason."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        current = waiting.pop(0)
        if not isinstance(current, BaseException) or any(current is other for other in seen):
            continue
        seen.append(current)
        yield current
        waiting += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]


def _detail(causes: list[BaseException]) -> str:
    """Return a detail without secrets: our own text, a proxy's status, OpenSSL's reason, the operating system's name of the
    error, or the exception's class.
    """
    for cause in causes:
        status = _tunnel_status(cause)
        if status:
            return f"HTTP {status}"
        if type(cause).__name__ in ("SlowResponseError", "EndlessResponseError"):
            return str(cause)
        if type(cause).__name__ == "CertificateError":
            return "host name mismatch"
        if isinstance(cause, ssl.SSLError):
            # Constants of OpenSSL. The first one can contain the host name.
            reason = getattr(cause, "verify_message", None) or getattr(cause, "reason", None)
            if isinstance(reason, str):
                return reason.rstrip(".") if " " in reason else reason.replace("_", " ").lower()
        elif isinstance(cause, OSError) and not isinstance(cause, socket.gaierror) and cause.errno:
            return os.strerror(cause.errno)
    errors = [cause for cause in causes if isinstance(cause, (OSError, http.client.HTTPException))]
    return type((errors or causes)[-1]).__name__
