# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of a run: a line before each DELETE, and one for its outcome. It remains however the run ends."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from ansible_collections.zchat.admin.plugins.module_utils._api.resources import TOKEN, Item, Kind
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._text import plain_text, printable


class OpenFile(NamedTuple):
    """A file that its owner has created exclusively. Its path may lead to another file meanwhile."""

    path: Path
    descriptor: int


class Journal:
    """Writes a line of JSON for each event to a file if the task sets one, and each revocation or deletion to the system log.

    Several runs can write to the same file. It needs no lock, which not every file system has: a line is one write that
    appends, and starts on a line of its own.
    """

    def __init__(
        self, file: str | OpenFile | None, account: str, log: Callable[[str], None], mask: Callable[[str], str]
    ) -> None:
        """Create a journal that is not open yet.

        ``account`` is the base URL. ``log`` writes to the system log. ``mask`` hides the values of tokens.
        """
        self._path = str(file.path) if isinstance(file, OpenFile) else file
        self._given = file.descriptor if isinstance(file, OpenFile) else None
        self._account = account
        self._log = log
        self._mask = mask
        self._file: int | None = None
        self._incomplete: ChatError | None = None
        """Why a line is missing. No further DELETE is sent then."""

    def check(self) -> None:
        """Raise :class:`ChatError` if :meth:`open` would fail. Creates nothing."""
        if self._path is None or self._given is not None:
            return
        try:
            os.close(self._open_file(os.O_RDWR))
        except FileNotFoundError:
            folder = os.path.dirname(os.path.realpath(self._path))
            if not self._path or not os.path.isdir(folder):
                raise self._error("its directory does not exist") from None
            if not os.access(folder, os.W_OK | os.X_OK):
                raise self._error("permission denied") from None
        except OSError as error:
            raise self._failure(error) from None

    def open(self) -> None:
        """Open the file; a new one gets mode 0600. Raises :class:`ChatError`."""
        if self._path is None or self._file is not None:
            return
        try:
            self._file = self._open_file(os.O_RDWR | os.O_CREAT) if self._given is None else os.dup(self._given)
        except OSError as error:
            raise self._failure(error) from None

    def _open_file(self, flags: int) -> int:
        """Return a file descriptor. Raises ``OSError``, and :class:`ChatError` for anything but a regular file.

        A pipe or a device could block the run, and somebody else can create a link in a shared directory.
        """
        path = self._path or ""
        if "\0" in path:
            raise self._error("its name contains a null character")
        # O_NONBLOCK: opening a pipe does not wait for its reader.
        descriptor = os.open(path, flags | os.O_APPEND | os.O_NONBLOCK | os.O_NOFOLLOW, 0o600)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise self._error("it is not a regular file")
        return descriptor

    def close(self) -> None:
        """Close the file. Raises :class:`ChatError` if the file system lost lines, which some report only now."""
        if self._file is None:
            return
        descriptor, self._file = self._file, None
        try:
            os.close(descriptor)
        except OSError as error:
            raise self._failure(error) from None

    def record(self, kind: Kind, event: str, item: Item, number: int, of: int) -> None:
        """Record an event: ``delete`` (a DELETE is sent next), ``revoked``, ``gone`` or ``failed``.

        ``number`` items ``of`` all selected ones of this kind are removed so far. Raises :class:`ChatError` if the file cannot be
        written, and for each further DELETE after that.
        """
        try:
            if self._incomplete and event == "delete":
                raise self._incomplete
            self._write(kind, event, item, number, of)
        except ChatError as error:
            self._incomplete = error
            raise
        finally:
            if event == "revoked":
                owner, client = f"agent {item.agent_id}", plain_text(str(item.client_identifier))
                what = (
                    f"OAuth token {item.id} of {owner}"
                    if kind is TOKEN
                    else f"API client {item.id}, created by {owner},"
                )
                self._log(f"{kind.done} {what} at {self._account} (client {client}, {number} of {of})")

    def _write(self, kind: Kind, event: str, item: Item, number: int, of: int) -> None:
        if self._file is None:
            return
        line = json.dumps(
            {
                "time": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
                "account": self._account,
                kind.key: item.id,
                "agent_id": item.agent_id,
                "client_identifier": item.client_identifier and self._mask(printable(item.client_identifier)),
                "event": event,
                "n": number,
                "of": of,
            }
        )
        try:
            write_all(self._file, f"{self._line_break()}{line}\n".encode())
        except OSError as error:
            raise self._failure(error) from None

    def _line_break(self) -> str:
        """Return a line break if the last line is incomplete: its writer was killed, or the file system was full."""
        descriptor = self._file or 0
        size = os.fstat(descriptor).st_size
        return "\n" if size > 0 and os.pread(descriptor, 1, size - 1) != b"\n" else ""

    def _failure(self, error: OSError) -> ChatError:
        reason = os.strerror(error.errno or 0)
        if error.errno == errno.ELOOP:
            reason = "it is a symbolic link"
        if error.errno in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            reason = f"its file system cannot append to a file ({reason}). Use another one"
        return self._error(reason)

    def _error(self, reason: str) -> ChatError:
        return ChatError(f"The journal {self._path} cannot be written: {reason[:1].lower()}{reason[1:]}.")


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``. Raises ``OSError``. Some file systems write less at once."""
    while data:
        count = os.write(descriptor, data)
        if not count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        data = data[count:]
