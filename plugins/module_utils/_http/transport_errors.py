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
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """Why a request got no complete response."""

    reason: str
    """A sentence. It never contains the text of an exception of a library, which can contain secrets."""
    retry: bool = True
    """Whether a repetition can help."""
    may_have_arrived: bool = True
    """Whether the server may have executed the request."""


_FAULTS: tuple[tuple[tuple[str, ...], Fault], ...] = (
    (
        ("SSLCertVerificationError", "CertificateError"),
        Fault(
            "the TLS certificate could not be verified, so nothing was sent. If your own CA signed it, set 'ca_path' or "
            "ZCHAT_CA_PATH to the bundle of that CA.",
            retry=False,
            may_have_arrived=False,
        ),
    ),
    (
        ("SlowResponseError",),
        Fault("the response was too slow ({detail}). For a line that is really this slow, increase 'timeout'."),
    ),
    (("EndlessResponseError",), Fault("the response does not end ({detail}).", retry=False)),
    (
        ("ProxyError",),
        Fault("the proxy in HTTPS_PROXY could not be used ({detail}).", may_have_arrived=False),
    ),
    (
        ("InvalidProxyURL", "ProxySchemeUnknown", "LocationParseError"),
        Fault("the proxy in HTTPS_PROXY is not a valid URL.", retry=False, may_have_arrived=False),
    ),
    (
        ("gaierror",),
        Fault(
            "the host name could not be resolved. Check {address} and DNS.",
            may_have_arrived=False,
        ),
    ),
    (
        ("ConnectTimeout", "ConnectTimeoutError"),
        Fault("no connection within {timeout} s ('timeout').", may_have_arrived=False),
    ),
    (
        ("ConnectionRefusedError",),
        Fault(
            "the connection was refused. Nothing listens there, or a firewall blocks it. Check {address}.",
            may_have_arrived=False,
        ),
    ),
    (("NewConnectionError",), Fault("the connection failed ({detail}).", may_have_arrived=False)),
    (
        ("ReadTimeout", "ReadTimeoutError", "timeout", "TimeoutError"),
        Fault("no data for {timeout} s ('timeout')."),
    ),
    (("SSLError",), Fault("the TLS handshake failed ({detail}). Check {address} and the CA bundle.")),
    (
        ("InvalidHeader", "InvalidHeadersError"),
        Fault("the response headers are not valid, or contradict each other.", retry=False),
    ),
    (
        ("ProtocolError", "ChunkedEncodingError", "IncompleteRead", "ConnectionResetError"),
        Fault("the connection broke before the response was complete ({detail})."),
    ),
    (
        ("ContentDecodingError", "DecodeError"),
        Fault("the response could not be decompressed. Its content does not match its headers.", retry=False),
    ),
    (("ConnectionError", "Timeout"), Fault("the request failed ({detail}).")),
)
"""In the order of precedence: names of exception classes, and the fault. The names are the same in all supported versions
of ``requests`` and urllib3; the modules of the classes are not."""
_OTHER = Fault("the request could not be sent ({detail}).", retry=False)


def fault_from(error: BaseException, timeout: int, address: str) -> Fault:
    """Return the fault that ``error`` stands for.

    ``timeout`` is the option in seconds, ``address`` the option or environment variable that sets the base URL.
    """
    causes = list(_causes(error))
    names = {type(cause).__name__ for cause in causes}
    fault = next((fault for classes, fault in _FAULTS if names.intersection(classes)), _OTHER)
    return Fault(
        fault.reason.format(detail=_detail(causes), timeout=timeout, address=address),
        fault.retry,
        fault.may_have_arrived,
    )


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
