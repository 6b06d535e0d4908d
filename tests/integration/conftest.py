# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the integration tests: a sandbox for each test, ``ansible-playbook``, and the system log."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.ansible_run import Player
from tests.integration.zendesk import Zendesk
from tests.sandbox import Sandbox

LOG = Path("/dev/log")


def pytest_configure() -> None:
    """Do not ignore SIGINT, as a job in the background does: Ansible would inherit this, and no test could interrupt it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def collections_path() -> str:
    """The path where Ansible finds the collection, installed from its archive."""
    return os.environ["ANSIBLE_COLLECTIONS_PATH"]


@pytest.fixture
def player(tmp_path: Path, collections_path: str, sandbox: Sandbox) -> Player:
    """Runs plays, and fails the test if the output contains a secret of the sandbox."""
    return Player(tmp_path, collections_path, lambda: sandbox.state.secrets)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox with the demo account."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def zendesk(sandbox: Sandbox, tmp_path: Path) -> Iterator[Zendesk]:
    """The sandbox as https://acme.zendesk.com, behind a proxy."""
    with Zendesk(sandbox.url, tmp_path / "zendesk") as zendesk:
        yield zendesk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a file system in memory with the given options. Skips the test if this process cannot mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "zchat-test", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this process cannot mount a file system")
        return folder

    yield mount
    subprocess.run(["umount", str(folder)], capture_output=True, check=False)


@pytest.fixture
def system_log() -> Iterator[list[str]]:
    """The lines that are written to the system log during the test. Skips the test if the host has a system log."""
    with (Path(tempfile.gettempdir()) / "zchat-system-log.lock").open("w") as lock:
        # Another process of pytest-xdist can use the same path.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if LOG.exists() or LOG.is_symlink():
            pytest.skip(f"this host has a system log at {LOG}")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
            try:
                listening.bind(str(LOG))
            except OSError as error:
                pytest.skip(f"{LOG} cannot be created: {error.strerror}")
            LOG.chmod(0o666)
            lines: list[str] = []
            reader = threading.Thread(target=_read, args=(listening, lines), daemon=True)
            reader.start()
            try:
                yield lines
            finally:
                LOG.unlink(missing_ok=True)
                listening.shutdown(socket.SHUT_RDWR)
                reader.join(5)


def _read(listening: socket.socket, lines: list[str]) -> None:
    while True:
        line = listening.recv(65_536)
        if not line:
            return
        lines.append(line.decode("utf-8", "replace"))
