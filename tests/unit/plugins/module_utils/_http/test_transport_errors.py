# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exceptions that a test of the client cannot provoke in every environment. The others are in test_client.py."""

from __future__ import annotations

import ssl

import pytest
import requests
import urllib3

from ansible_collections.zchat.admin.plugins.module_utils._http.transport_errors import transport_error


def inside(wrapper, place, error):
    """Return an exception of a library that has ``error`` in this place."""
    setattr(wrapper, place, error)
    return wrapper


def openssl(code=None, message=None, reason=None, library="SSL"):
    """Return an exception of the module ssl. Its text is not used."""
    error = (ssl.SSLError if code is None else ssl.SSLCertVerificationError)(1, "secret")
    for name, value in {"verify_code": code, "verify_message": message, "reason": reason, "library": library}.items():
        setattr(error, name, value)
    return requests.exceptions.SSLError(inside(ValueError(), "reason", error))


def of_proxy(error):
    """Return the exception for a proxy that urllib3 has connected to, or has not."""
    return inside(requests.exceptions.ProxyError(), "__context__", error)


class CertificateError(ValueError):
    """As in urllib3 1."""


REFUSED = ConnectionRefusedError(111, "secret")
TUNNEL = "Tunnel connection failed: %s secret"
CLOCK, CA, ADDRESS = "clock of this host", "set 'ca_path' or ZCHAT_CA_PATH", "Check ZCHAT_API_URL"
NOT_SENT = (False, False)
"""A repetition cannot help, and the API cannot have executed the request."""


@pytest.mark.parametrize(
    ("error", "reason", "advice", "outcome"),
    [
        (openssl(10, "certificate has expired"), "is: certificate has expired. ", CLOCK, NOT_SENT),
        (openssl(9, "certificate is not yet valid"), "is: certificate is not yet valid. ", CLOCK, NOT_SENT),
        (openssl(62, "Hostname mismatch, certificate is not valid for 'x'."), "not valid for 'x'. ", ADDRESS, NOT_SENT),
        (openssl(64, "IP address mismatch"), "is: IP address mismatch. ", ADDRESS, NOT_SENT),
        (CertificateError("secret"), "is: host name mismatch. ", ADDRESS, NOT_SENT),
        (openssl(18, "self-signed certificate"), "is: self-signed certificate. ", CA, NOT_SENT),
        (openssl(19, "self-signed certificate in certificate chain"), "in certificate chain. ", CA, NOT_SENT),
        (openssl(20, "unable to get local issuer certificate"), "local issuer", "intermediate certificate", NOT_SENT),
        (openssl(85, "Missing Authority Key Identifier"), "is: Missing Auth", "Python 3.13 and newer", NOT_SENT),
        (openssl(66, "EE certificate key too weak"), "key too weak. ", "Check the certificate", NOT_SENT),
        (openssl(0), "is: SSLCertVerificationError. ", "Check the certificate", NOT_SENT),
        (openssl(reason="NO_CERTIFICATE_OR_CRL_FOUND", library="X509"), "CA bundle", "PEM format", NOT_SENT),
        (openssl(library="X509"), "CA bundle", "PEM format", NOT_SENT),
        (OSError("Could not find a suitable TLS CA certificate bundle, x"), "CA bundle", "PEM format", NOT_SENT),
        (requests.exceptions.SSLError(PermissionError(13, "secret")), "CA bundle", "'ca_path'", NOT_SENT),
        # A firewall, in the middle of a connection.
        (urllib3.exceptions.ProtocolError("secret", PermissionError(1, "secret")), "broke", "(Operation not", (True, True)),
        (openssl(reason="TLSV1_ALERT_PROTOCOL_VERSION"), "alert protocol version)", "no common version", (False, True)),
        (openssl(reason="UNSUPPORTED_PROTOCOL"), "(unsupported protocol)", "no common version", (False, True)),
        (openssl(reason="WRONG_VERSION_NUMBER"), "(wrong version number)", "does not use TLS", (False, True)),
        (ssl.SSLEOFError(8, "secret"), "TLS handshake failed (", ADDRESS, (True, True)),
        (ssl.SSLError(1, "secret"), "TLS handshake failed (SSLError)", ADDRESS, (True, True)),
        (of_proxy(REFUSED), "the proxy in HTTPS_PROXY could not be used: the connection was", "Check HTTPS_PROXY", (True, False)),
        (of_proxy(openssl(10, "certificate has expired")), "used: the TLS certificate", CLOCK, NOT_SENT),
        (of_proxy(openssl(reason="WRONG_VERSION_NUMBER")), "HTTPS_PROXY", "begins with http://", (False, True)),
        # urllib3 raises this also if the connection through the proxy breaks after a request.
        (of_proxy(ConnectionResetError(104, "secret")), "the connection broke", "HTTPS_PROXY", (True, True)),
        (of_proxy(OSError(TUNNEL % 407)), "(HTTP 407)", "a user and a password", NOT_SENT),
        (of_proxy(OSError(TUNNEL % 403)), "(HTTP 403)", "NO_PROXY", NOT_SENT),
        (of_proxy(OSError(TUNNEL % 502)), "(HTTP 502)", ADDRESS, (True, False)),
        (requests.ConnectionError("secret"), "the request failed (ConnectionError)", "", (True, True)),
        (UnicodeError("secret"), "could not be sent (UnicodeError)", "", (False, True)),
    ],
)  # fmt: skip
def test_transport_errors(error, reason, advice, outcome):
    found = transport_error(error, 7, "ZCHAT_API_URL")
    assert reason in found.reason
    assert advice in found.reason
    assert "secret" not in found.reason
    assert (found.retry, found.may_be_executed) == outcome


def test_exceptions_that_contain_each_other(monkeypatch):
    first, second = OSError(5, "a"), OSError("b")
    first.__cause__, second.__cause__ = second, first
    assert "Input/output error" in transport_error(second, 7, "ZCHAT_API_URL").reason
    monkeypatch.setattr("os.strerror", lambda number: "{timeout}")
    assert "({timeout})" in transport_error(first, 7, "ZCHAT_API_URL").reason
