# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: a sandbox, and requests to it."""

from __future__ import annotations

import pytest
import requests

from tests.sandbox import Sandbox


@pytest.fixture(scope="session")
def shared_sandbox():
    """One running sandbox for the whole test session."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox):
    """The shared sandbox in its initial state."""
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def send(sandbox):
    """Send a request such as ``GET /agents``. ``caller`` is the Authorization header, if it is not that of the automation."""
    with requests.Session() as session:
        session.trust_env = False

        def send(request, caller="", base="/api/v2/chat", **options):
            method, path = request.split(" ")
            headers = {} if caller is None else {"Authorization": caller or f"Bearer {sandbox.access_token}"}
            return session.request(method, sandbox.url + base + path, headers=headers, timeout=10, **options)

        yield send
