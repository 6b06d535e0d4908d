# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exceptions that a test of the client cannot provoke in every environment. The others are in test_client.py."""

from __future__ import annotations

import errno
import ssl

import pytest
import requests
import urllib3

from ansible_collections.zchat.admin.plugins.module_utils._http.transport_errors import transport_error


def wrapped(error, wrapper, **attributes):
    """Return an exception of a library around ``error``, as its context; the attributes are set on it."""
    try:
        try:
            raise error
        except type(error):
            raise wrapper  # noqa: B904 - the cause is not set, as in the libraries
    except type(wrapper) as outer:
        for name, value in attributes.items():
            setattr(outer, name, value)
        return outer


@pytest.mark.parametrize(
    ("error", "reason", "retry", "may_be_executed"),
    [
        (
            wrapped(TimeoutError(errno.ETIMEDOUT, "secret"), urllib3.exceptions.NewConnectionError(None, "secret")),
            "the connection failed (Connection timed out)",
            True,
            False,
        ),
        (
            wrapped(ConnectionRefusedError(errno.ECONNREFUSED, "secret"), requests.exceptions.ProxyError("secret")),
            "proxy in HTTPS_PROXY could not be used (Connection refused)",
            True,
            False,
        ),
        (
            requests.exceptions.SSLError(
                wrapped(OSError("secret"), ValueError(), reason=ssl.SSLCertVerificationError(1, "secret"))
            ),
            "certificate could not be verified",
            False,
            False,
        ),
        (ssl.SSLError(1, "secret"), "TLS handshake failed (SSLError). Check ZCHAT_API_URL", True, True),
        (requests.ConnectionError("secret"), "the request failed (ConnectionError)", True, True),
        (requests.exceptions.InvalidSchema("secret"), "could not be sent (InvalidSchema)", False, True),
        (UnicodeError("secret"), "could not be sent (UnicodeError)", False, True),
    ],
)
def test_transport_errors(error, reason, retry, may_be_executed):
    found = transport_error(error, 7, "ZCHAT_API_URL")
    assert reason in found.reason
    assert "secret" not in found.reason
    assert (found.retry, found.may_be_executed) == (retry, may_be_executed)


def test_exceptions_that_contain_each_other():
    first, second = OSError("a"), OSError("b")
    first.__cause__, second.__cause__ = second, first
    assert "OSError" in transport_error(first, 7, "ZCHAT_API_URL").reason


def test_braces_in_a_detail_are_shown_unchanged(monkeypatch):
    monkeypatch.setattr("os.strerror", lambda number: "{timeout}")
    assert (
        "({timeout})"
        in transport_error(wrapped(OSError(5, "x"), requests.ConnectionError()), 7, "ZCHAT_API_URL").reason
    )
