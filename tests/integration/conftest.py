# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the integration tests share: a sandbox of their own each, and ``ansible-playbook``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.ansible_run import ROOT, Player
from tests.integration.zendesk import Zendesk
from tests.sandbox import Sandbox


@pytest.fixture(scope="session")
def collections_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where Ansible finds the collection: where the caller says that it is installed, else this checkout."""
    given = os.environ.get("ANSIBLE_COLLECTIONS_PATH")
    if given:
        return given
    folder = tmp_path_factory.mktemp("collections")
    namespace = folder / "ansible_collections" / "zchat"
    namespace.mkdir(parents=True)
    (namespace / "admin").symlink_to(ROOT, target_is_directory=True)
    return str(folder)


@pytest.fixture
def player(tmp_path: Path, collections_path: str, sandbox: Sandbox) -> Player:
    """What plays, and sees to it that no secret of the sandbox is ever printed."""
    return Player(tmp_path, collections_path, lambda: sandbox.state.secrets)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox as it starts for a person."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def zendesk(sandbox: Sandbox, tmp_path: Path) -> Iterator[Zendesk]:
    """The sandbox as https://acme.zendesk.com, behind a proxy."""
    with Zendesk(sandbox.url, tmp_path / "zendesk") as zendesk:
        yield zendesk
