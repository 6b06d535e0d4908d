# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exceptions that a test of the client cannot provoke in every environment. The others are in test_client.py."""

from __future__ import annotations

import ssl

import pytest
import requests

from ansible_collections.zchat.admin.plugins.module_utils._http.transport_errors import transport_error


def inside(wrapper, place, error):
    """Return an exception of a library that has ``error`` in this place."""
    setattr(wrapper, place, error)
    return wrapper


REFUSED = ConnectionRefusedError(111, "secret")
CERTIFICATE = inside(ValueError(), "reason", ssl.SSLCertVerificationError(1, "secret"))


@pytest.mark.parametrize(
    ("error", "reason", "retry", "may_be_executed"),
    [
        (inside(requests.exceptions.ProxyError(), "__context__", REFUSED), "(Connection refused)", True, False),
        (requests.exceptions.SSLError(CERTIFICATE), "certificate could not be verified", False, False),
        (ssl.SSLError(1, "secret"), "TLS handshake failed (SSLError). Check ZCHAT_API_URL", True, True),
        (requests.ConnectionError("secret"), "the request failed (ConnectionError)", True, True),
        (UnicodeError("secret"), "could not be sent (UnicodeError)", False, True),
    ],
)
def test_transport_errors(error, reason, retry, may_be_executed):
    found = transport_error(error, 7, "ZCHAT_API_URL")
    assert reason in found.reason
    assert "secret" not in found.reason
    assert (found.retry, found.may_be_executed) == (retry, may_be_executed)


def test_exceptions_that_contain_each_other(monkeypatch):
    first, second = OSError(5, "a"), OSError("b")
    first.__cause__, second.__cause__ = second, first
    assert "Input/output error" in transport_error(second, 7, "ZCHAT_API_URL").reason
    monkeypatch.setattr("os.strerror", lambda number: "{timeout}")
    assert "({timeout})" in transport_error(first, 7, "ZCHAT_API_URL").reason
