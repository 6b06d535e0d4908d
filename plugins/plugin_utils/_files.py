# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report folder: names that no other run uses, files with mode 0600, their hashes, and the journal."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import itertools
import json
import os
import re
import syslog
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible.utils.display import Display

_PROBE = 65_536
"""Bytes that must fit into the folder before a run starts."""
JOURNAL = "jsonl"
"""The extension of the journal."""
LOCK_TIMEOUT = 15.0
"""Seconds to wait for a module that still writes its journal. An interrupted module ends earlier."""


def stem(kind: str, account: str | None, started: str) -> str:
    """Return the name of a report without its extension: kind, host of the account (a base URL), and start time."""
    host = urlsplit(account or "").hostname or "unknown"
    return f"{kind}-{re.sub('[^A-Za-z0-9.-]+', '-', host)}-{compact(started)}"


def compact(date: str) -> str:
    """Return a UTC date such as ``2026-11-23T14:15:00Z`` in the form for file names, ``20261123T141500Z``."""
    return re.sub("[-:]", "", date)


def reserve(folder: str, name: str, extensions: Iterable[str]) -> dict[str, Path]:
    """Return a path for each extension, all with one stem that no other run uses. A number is added if ``name`` is taken.

    Creates the folder (mode 0700) if it is missing. Creates the file with the first extension, which reserves the stem as
    long as it exists. Raises ``OSError`` if the folder cannot be written to, or is full.
    """
    root = Path(folder).absolute()
    for part in reversed([root, *root.parents]):
        with contextlib.suppress(FileExistsError):
            if not part.exists():
                part.mkdir(mode=0o700)
    for number in itertools.count(1):
        paths = {extension: root / f"{name}{f'-{number}' * (number > 1)}.{extension}" for extension in extensions}
        first = next(iter(paths.values()))
        try:
            descriptor = os.open(first, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        try:
            _probe(descriptor)
            taken = len(list(root.glob(f"{first.stem}.*"))) > 1
        except BaseException:
            first.unlink()
            raise
        finally:
            os.close(descriptor)
        if not taken:
            return paths
        first.unlink()
    raise AssertionError  # the numbers do not end


def _probe(descriptor: int) -> None:
    """Write to an empty file, and empty it again."""
    if os.write(descriptor, b" " * _PROBE) < _PROBE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)
    os.ftruncate(descriptor, 0)


def save(
    paths: Mapping[str, Path],
    report: Mapping[str, Any],
    html: Callable[[], str],
    display: Display,
    csv: Callable[[], str] | None = None,
) -> list[str]:
    """Write the report to the reserved paths of ``json``, ``html`` and ``csv``. Return a sentence for each one that failed.

    If one failed, the report is printed, so that it is not lost.
    """
    text = as_json(report)
    problems = []
    for extension, path in paths.items():
        if extension == JOURNAL:
            continue
        try:
            content = {"html": html, "csv": csv}.get(extension)
            _write(path, (content() if content else text).encode("utf-8", "replace"))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not hide what was revoked
            with contextlib.suppress(OSError):
                path.unlink()
            problems.append(f"The report {path} could not be written: {error}.")
    if problems:
        display.display(text)
    return problems


def as_json(report: Mapping[str, Any]) -> str:
    """Return the content of a JSON report."""
    return f"{json.dumps(report, indent=2, ensure_ascii=False)}\n"


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def finish(paths: Mapping[str, Path], display: Display) -> list[str]:
    """Remove the files that are empty, and log the name and SHA-256 of the others. Return their paths, the journal last."""
    written = []
    for path in sorted(paths.values(), key=lambda path: path.suffix == f".{JOURNAL}"):
        with contextlib.suppress(OSError):
            if path.stat().st_size:
                _log(f"wrote {path}, SHA-256 {sha256(path)}", display)
                written.append(str(path))
            else:
                path.unlink()
    return written


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits. Raises ``OSError``."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _log(text: str, display: Display) -> None:
    """Write to the system log, if there is one, and to the log file of Ansible, if there is one."""
    syslog.openlog("ansible-zchat.admin")
    syslog.syslog(syslog.LOG_INFO, text.encode("utf-8", "replace").decode())
    display.display(f"zchat.admin: {text}", log_only=True)


def read_journal(path: Path, timeout: float = LOCK_TIMEOUT) -> list[dict[str, Any]]:
    """Return the lines of a journal, after the module that writes it has ended, but after ``timeout`` seconds in any case.

    The last line of a module that was killed can be incomplete: it is left out.
    """
    end = time.monotonic() + timeout
    lines = []
    try:
        with path.open("rb") as file:
            while not _unlocked(file.fileno()) and time.monotonic() < end:
                time.sleep(0.1)
            for line in file:
                with contextlib.suppress(ValueError):
                    lines.append(json.loads(line))
    except OSError:
        pass
    return lines


def _unlocked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
