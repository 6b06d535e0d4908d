# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: a sandbox and an HTTP session for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

# The sandbox is part of the repository, not of an installed package. This allows the import of tests.sandbox from any working
# directory.
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


@pytest.fixture(scope="session")
def shared_sandbox():
    """One running sandbox for the whole test session."""
    pytest.importorskip("flask", reason="the sandbox requires flask")
    from tests.sandbox import Sandbox

    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox):
    """The shared sandbox in its initial state."""
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def session(sandbox):
    """A session that sends the access token of the automation."""
    requests = pytest.importorskip("requests")
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {sandbox.access_token}"
        yield session
