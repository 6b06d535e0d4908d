# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report folder: files that no other run has, with mode 0600, and their hashes."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._revoking.journal import OpenFile, write_all
from ansible_collections.zchat.admin.plugins.plugin_utils._output import Output

_TEST_SIZE = 65_536
"""Bytes that must fit into the folder before a run starts."""
_MAX_REPORT = 4 * 2**20
"""Bytes of an earlier report that is read: about 10,000 tokens."""
_MAX_REPORTS = 50
_NO_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
"""The errors of a file system that cannot synchronize a file."""
JOURNAL = "jsonl"
"""The extension of the journal."""


def stem(kind: str, account: str, started: str) -> str:
    """Return the name of a report without its extension: kind, host of the account (a base URL), and start time."""
    host = urlsplit(account).hostname or ""
    return f"{kind}-{re.sub('[^A-Za-z0-9.-]+', '-', host)}-{compact(started)}"


def compact(date: str) -> str:
    """Return a UTC date such as ``2026-11-23T14:15:00Z`` in the form for file names, ``20261123T141500Z``."""
    return re.sub("[-:]", "", date)


def reserve(folder: str | None, name: str, extensions: Iterable[str], option: str) -> ReportFiles:
    """Return the files of a run in the folder of this ``option``. Raises :class:`ChatError` if it cannot be written to."""
    try:
        return ReportFiles(folder, name, extensions)
    except (OSError, ValueError) as error:
        raise ChatError(f"The folder in '{option}' cannot be written to. {error}.") from None


class ReportFiles:
    """The files of one run, one for each extension. Without a folder, there are none.

    Each file is created exclusively (a number is added to a name that exists) and written through its descriptor: the run
    never opens, overwrites or removes the file, pipe or link of someone else. That needs no lock, no link and no mode, which some
    network file systems lack.
    """

    def __init__(self, folder: str | None = None, name: str = "", extensions: Iterable[str] = ()) -> None:
        """Create the folder (mode 0700) if it is missing, and the file with the first extension, which reserves the name.

        Raises ``OSError`` if the folder cannot be written to, or is full.
        """
        self._extensions = list(extensions)
        self._created: dict[str, OpenFile] = {}
        if folder is None:
            self._extensions = []
            return
        root = Path(folder).absolute()
        for part in reversed([root, *root.parents]):
            with contextlib.suppress(FileExistsError):
                if not part.exists():
                    part.mkdir(mode=0o700)
        names = (name for name in _numbered(name) if not any(root.glob(f"{name}.*")))
        self._root, self._name = root, self._create(self._extensions[0], root, names)
        try:
            _test_write(self._created[self._extensions[0]][1])
        except OSError:
            self._remove(self._extensions[0])
            raise

    @property
    def journal(self) -> OpenFile | None:
        """The journal, which the run itself writes."""
        return self._created.get(JOURNAL)

    def save(self, document: Mapping[str, Any], output: Output, **contents: Callable[[], str]) -> list[str]:
        """Write the document as ``json`` and in the other formats. Return a sentence for each one that failed.

        ``contents`` returns the text of each other extension. If a file failed, the document is printed, so that it is not
        lost.
        """
        text = as_json(document)
        problems = []
        for extension in self._extensions:
            if extension == JOURNAL:
                continue
            try:
                content = contents[extension]() if extension in contents else text
                if extension not in self._created:
                    self._create(extension, self._root, _numbered(self._name))
                path, descriptor = self._created[extension]
                _write(descriptor, content.encode("utf-8", "replace"))
                if not _is_found(path, descriptor):
                    raise FileExistsError("it was replaced by another file")
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not hide what was revoked
                self._remove(extension)
                problems.append(f"The report {self._root / self._name}.{extension} could not be written: {error}.")
        if problems:
            output.show(text)
        return problems

    def earlier(self, beginning: str) -> Iterator[tuple[str, Any]]:
        """Yield the name and the content of each JSON report in the folder whose name begins like this, the newest name first.

        One that is a link or a pipe, is too large, cannot be read or is not valid is left out, and so is one that someone else has written
        or can change. At most 50 reports are read.
        """
        if not self._extensions:
            return  # there is no folder
        is_report, names = re.compile(rf"{re.escape(beginning)}[A-Za-z0-9.-]+\.json"), []
        with contextlib.suppress(OSError):
            names = [name for name in os.listdir(self._root) if is_report.fullmatch(name)]
        for name in sorted(names, key=lambda name: Path(name).stem, reverse=True)[:_MAX_REPORTS]:
            try:
                content = json.loads(_own_content(self._root / name))
            except (OSError, ValueError, RecursionError):
                continue
            yield name, content

    def finish(self, output: Output) -> list[str]:
        """Remove the files that are empty, and log the name and SHA-256 of the others. Return their paths, the journal last."""
        written = []
        for extension in sorted(self._created, key=lambda extension: extension == JOURNAL):
            path, descriptor = self._created[extension]
            try:
                content = _content(descriptor)
            except OSError:
                content = b""  # the file system is no longer available
            if not (content and _is_found(path, descriptor)):
                self._remove(extension)
                continue
            output.log(f"wrote {path}, SHA-256 {hashlib.sha256(content).hexdigest()}")
            written.append(str(path))
            _close(descriptor)
        self._created = {}
        return written

    def _create(self, extension: str, root: Path, names: Iterable[str]) -> str:
        """Create a file with the first of the ``names`` that does not exist, and return this name."""
        for name in names:
            path = root / f"{name}.{extension}"
            with contextlib.suppress(FileExistsError):
                self._created[extension] = OpenFile(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
                return name
        raise AssertionError  # the numbers do not end

    def _remove(self, extension: str) -> None:
        """Remove a file if it is still the one that this run created."""
        if extension in self._created:
            path, descriptor = self._created.pop(extension)
            with contextlib.suppress(OSError):
                if _is_at(path, descriptor):
                    path.unlink()
            _close(descriptor)


def _close(descriptor: int) -> None:
    # What was written has been stored before, see _sync().
    with contextlib.suppress(OSError):
        os.close(descriptor)


def _numbered(name: str) -> Iterable[str]:
    yield name
    for number in itertools.count(2):
        yield f"{name}-{number}"


def _is_at(path: Path, descriptor: int) -> bool:
    """Return whether the path is that of an open file. False if it changed its inode number, as some network file systems do."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except OSError:
        return False


def _is_found(path: Path, descriptor: int) -> bool:
    """Return whether the path leads to the content of an open file."""
    try:
        return _is_at(path, descriptor) or sha256(path) == hashlib.sha256(_content(descriptor)).hexdigest()
    except OSError:
        return False


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _own_content(path: Path) -> bytes:
    """Return the content of a regular file of this user, which no one else can change. Raises ``OSError`` for anything else.

    A pipe would block, and a file that is too large would take the memory.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        is_own = status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if not (stat.S_ISREG(status.st_mode) and is_own and status.st_size <= _MAX_REPORT):
            raise OSError(errno.EINVAL, "not a file of this user, or too large")
        return os.read(descriptor, _MAX_REPORT)
    finally:
        os.close(descriptor)


def _test_write(descriptor: int) -> None:
    """Write to an empty file, and empty it again."""
    write_all(descriptor, b" " * _TEST_SIZE)
    _sync(descriptor)
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)


def as_json(document: Mapping[str, Any]) -> str:
    """Return the content of a JSON report."""
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n"


def _write(descriptor: int, content: bytes) -> None:
    """Write to a file, and wait until the file system has it. Raises ``OSError``."""
    write_all(descriptor, content)
    _sync(descriptor)


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    # Some network file systems store a file, and report an error, only when a descriptor of it is closed.
    os.close(os.dup(descriptor))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits. Raises ``OSError``, also for a link."""
    # A pipe would block.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()
