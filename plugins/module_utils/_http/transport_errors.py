# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests without a response: the exception of ``requests`` or urllib3, and what it means for the task."""

from __future__ import annotations

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


_ERRORS: tuple[tuple[tuple[str, ...], TransportError], ...] = (
    (
        ("SSLCertVerificationError", "CertificateError"),
        TransportError(
            "the TLS certificate could not be verified, so nothing was sent. If your own CA signed it, set 'ca_path' or "
            "ZCHAT_CA_PATH to the bundle of that CA.",
            retry=False,
            may_be_executed=False,
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
        ("ProxyError",),
        TransportError("the proxy in HTTPS_PROXY could not be used ({detail}).", may_be_executed=False),
    ),
    (
        ("InvalidProxyURL", "ProxySchemeUnknown", "LocationParseError"),
        TransportError("the proxy in HTTPS_PROXY is not a valid URL.", retry=False, may_be_executed=False),
    ),
    (
        ("gaierror",),
        TransportError(
            "the host name could not be resolved. Check {source} and DNS.",
            may_be_executed=False,
        ),
    ),
    (
        ("ConnectTimeout", "ConnectTimeoutError"),
        TransportError("no connection within {timeout} s ('timeout').", may_be_executed=False),
    ),
    (
        ("ConnectionRefusedError",),
        TransportError(
            "the connection was refused. Nothing listens there, or a firewall blocks it. Check {source}.",
            may_be_executed=False,
        ),
    ),
    (("NewConnectionError",), TransportError("the connection failed ({detail}).", may_be_executed=False)),
    (
        ("ReadTimeout", "ReadTimeoutError", "timeout", "TimeoutError"),
        TransportError("no data for {timeout} s ('timeout')."),
    ),
    (("SSLError",), TransportError("the TLS handshake failed ({detail}). Check {source} and the CA bundle.")),
    (
        ("InvalidHeader", "InvalidHeadersError"),
        TransportError("the response headers are not valid, or contradict each other.", retry=False),
    ),
    (
        ("ProtocolError", "ChunkedEncodingError", "IncompleteRead", "ConnectionResetError"),
        TransportError("the connection broke before the response was complete ({detail})."),
    ),
    (
        ("ContentDecodingError", "DecodeError"),
        TransportError("the response could not be decompressed. Its content does not match its headers.", retry=False),
    ),
    (("ConnectionError", "Timeout"), TransportError("the request failed ({detail}).")),
)
"""In the order of precedence: names of exception classes, and the error. The names are the same in all supported versions
of ``requests`` and urllib3; the modules of the classes are not."""
_OTHER = TransportError("the request could not be sent ({detail}).", retry=False)


def transport_error(error: BaseException, timeout: int, source: str) -> TransportError:
    """Return the error of the collection for an exception of ``requests``, urllib3 or ``http.client``.

    ``timeout`` is the option in seconds, ``source`` the option or variable that sets the base URL.
    """
    causes = list(_causes(error))
    names = {type(cause).__name__ for cause in causes}
    found = next((found for classes, found in _ERRORS if names.intersection(classes)), _OTHER)
    reason = found.reason.format(detail=_detail(causes), timeout=timeout, source=source)
    return TransportError(reason, found.retry, found.may_be_executed)


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
    """Return a detail without secrets: our own text, a proxy's status, the operating system's name of the error, or the
    exception's class.
    """
    for cause in causes:
        refusal = re.match(r"Tunnel connection failed: ([0-9]{3})\b", str(cause))
        if refusal:
            return f"HTTP {refusal.group(1)}"
        if type(cause).__name__ in ("SlowResponseError", "EndlessResponseError"):
            return str(cause)
        if isinstance(cause, OSError) and not isinstance(cause, (ssl.SSLError, socket.gaierror)) and cause.errno:
            return os.strerror(cause.errno)
    return type(causes[-1]).__name__
