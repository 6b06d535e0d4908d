# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits of a response, on a simulated clock. How they work on real sockets is in test_client.py."""

from __future__ import annotations

import http.client
import io
import itertools
import socket
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._http import limits


@pytest.mark.parametrize(
    ("size", "seconds", "received"),
    [
        (8192, 4.0, None),
        (1024, 1.0, None),  # just fast enough
        (1000, 1.0, 3_798_000),
        (1, 29.0, 3),  # each wait just shorter than the timeout
        (8192, 29.0, 3 * 8192),
    ],
)
def test_a_response_may_take_three_timeouts_and_a_second_for_each_kilobyte(size, seconds, received, monkeypatch):
    """At the end, its socket is closed."""
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=itertools.count(0.0, seconds).__next__))
    source = io.BytesIO(bytes(size * 5000))
    with limits.LimitedReader(source, 30.0) as reader:
        reader.in_head = False
        with pytest.raises(limits.SlowResponseError, match=f"^{received} bytes") if received else nullcontext():
            assert all(reader.readinto(bytearray(size)) for _part in range(5000))
    assert source.closed


def test_a_response_that_ends_within_its_headers_is_no_response():
    head = b"HTTP/1.1 204 No Content\r\nX-Header: a\r\n\r\n"
    for end in range(1, len(head)):
        server, client = socket.socketpair()
        with server, client, limits.LimitedResponse(client, method="DELETE") as response:
            server.sendall(head[:end])
            server.shutdown(socket.SHUT_WR)
            with pytest.raises(http.client.HTTPException):
                response.begin()
