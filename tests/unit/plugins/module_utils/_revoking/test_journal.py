# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import json
import os
import re
from itertools import count
from pathlib import Path
from typing import Any, Callable
from unittest.mock import Mock

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._revoking.journal import OpenFile
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    NOT_FOUND,
    Reply,
    also,
    only,
    token,
)
from ansible_collections.zchat.admin.tests.unit.support.revoking import (
    ALL,
    DEPARTING,
    LOST,
    MISSING,
    REFUSED,
    chat,
    revoke,
    story,
    table,
)


@pytest.fixture(name="path")
def _path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of the journal, and some others next to it in the current directory."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").write_text("earlier\n")
    for name, target in {"link": "folder/target", "link to file": "file", "link to pipe": "pipe"}.items():
        Path(name).symlink_to(target)
    os.mkfifo("pipe")
    return tmp_path / "journal.jsonl"


def failing(error: Exception) -> Callable[..., Any]:
    """Return a function that raises this error."""
    return Mock(side_effect=error)


def events(path: Path) -> list[str]:
    """Return the events of a journal, such as ``delete 1, 0 of 5``."""
    lines = map(json.loads, path.read_text().splitlines())
    return [f"{line['event']} {line['token']}, {line['n']} of {line['of']}" for line in lines]


def test_a_line_before_each_delete_and_one_for_its_outcome(path: Path):
    client = chat(deletes={2: Reply(404, NOT_FOUND), 3: REFUSED, 8: LOST})
    at_delete: list[str] = []
    client.before = lambda line: at_delete.append(events(path)[-1]) if line.startswith("DELETE") else None
    revoke(client, **ALL, own_token="keep", journal=str(path))
    assert at_delete == ["delete 1, 0 of 4", "delete 2, 1 of 4", "delete 3, 1 of 4", *["delete 8, 1 of 4"] * 2]
    assert events(path) == [
        *("delete 1, 0 of 4", "revoked 1, 1 of 4", "delete 2, 1 of 4", "gone 2, 1 of 4", "delete 3, 1 of 4"),
        # The response for token 8 is lost, and the list has no token of another agent, so the DELETE is sent once more.
        *("failed 3, 1 of 4", "delete 8, 1 of 4", "delete 8, 1 of 4", "revoked 8, 2 of 4"),
    ]


SHOWN_AGAIN = [None, *[also(token(1))] * 9]


@table(
    "account, options, expected",
    {
        "contradicted by the list": ({"lists": SHOWN_AGAIN}, {}, ["delete 1, 0", "revoked 1, 1", "failed 1, 0"]),
        "unknown": ({"deletes": {1: LOST}}, {"verify": False}, ["delete 1, 0"]),
        "not attempted": (
            *({"lists": [None, only(3, 8, 9)], "deletes": {1: MISSING}}, {"ids": [1, 2]}),
            ["delete 1, 0", "failed 1, 0", "gone 1, 0"],
        ),
    },
)
def test_only_what_was_sent_has_lines_and_the_last_one_is_final(account, options, expected, path: Path):
    revoke(chat(**account), **{"ids": [1], "journal": str(path), **options})
    assert [event.partition(" of ")[0] for event in events(path)] == expected


def test_after_an_interruption_only_what_was_sent_has_lines(path: Path):
    client = chat()
    client.before = lambda line: setattr(client.waits, "interrupted", line == "DELETE oauth/tokens/1")
    revoke(client, journal=str(path))
    assert events(path) == ["delete 1, 0 of 3", "revoked 1, 1 of 3"]


def test_the_content_of_a_line_and_of_the_system_log(path: Path):
    client = chat(token(1, client_identifier="zöpim\n"), token(2, client_identifier="x access00000003"), token(3))
    revoke(client, ids=[1], journal=str(path))
    delete, revoked = map(json.loads, path.read_text().splitlines())
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", delete.pop("time"))
    account = "https://acme.zendesk.com/api/v2/chat"
    token_fields = {"token": 1, "agent_id": DEPARTING, "client_identifier": "zöpim\ufffd"}
    assert delete == {"account": account, **token_fields, "event": "delete", "n": 0, "of": 1}
    assert (revoked["event"], revoked["n"]) == ("revoked", 1)
    assert client.logged == [f"revoked OAuth token 1 of agent {DEPARTING} at {account} (client zöpim, 1 of 1)"]
    revoke(client, ids=[2], journal=str(path))
    assert json.loads(path.read_text().splitlines()[-1])["client_identifier"] == "x ********"


@table(
    "before, mode",
    {"a new file": (None, 0o600), "an existing file": ("earlier\n", 0o644), "an incomplete line": ('{"tok', 0o644)},
)
def test_each_line_starts_on_a_line_of_its_own(before: str | None, mode: int, path: Path):
    if before:
        path.write_text(before)
        path.chmod(0o644)
    umask = os.umask(0)
    try:
        revoke(chat(), ids=[1], journal=str(path))
    finally:
        os.umask(umask)
    lines = path.read_text().splitlines()
    assert lines[:-2] == ([before.strip()] if before else [])
    assert [json.loads(line)["event"] for line in lines[-2:]] == ["delete", "revoked"]
    assert path.stat().st_mode & 0o777 == mode


# Files that cannot be written


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    "name", ["", "folder", "missing/journal", "pipe", "nul\0l", "link", "link to file", "link to pipe", "/dev/null"]
)
def test_a_file_that_cannot_be_opened_prevents_every_revocation(name: str, check_mode: bool, path: Path):
    before = sorted(path.parent.rglob("*"))
    client = chat()
    result = revoke(client, check_mode, journal=name)
    assert (story(result), client.deleted) == ("not_revoked 1 2 3: failed", [])
    assert (sorted(path.parent.rglob("*")), Path("file").read_text()) == (before, "earlier\n")
    assert re.match(r"Nothing was revoked: The journal .* cannot be written: [a-z]", result["msg"], re.DOTALL)
    assert story(revoke(client, check_mode, ids=[7], journal=name)) == "nothing: verified", "it is not necessary"


@pytest.mark.parametrize(("function", "check_mode"), [("access", True), ("open", True), ("open", False)])
@pytest.mark.usefixtures("path")
def test_missing_permissions(function: str, check_mode: bool, monkeypatch: pytest.MonkeyPatch):
    refuse = failing(PermissionError(errno.EACCES, "Permission denied"))
    monkeypatch.setattr(os, function, refuse if function == "open" else lambda path, mode: False)
    result = revoke(chat(), check_mode, journal="new")
    assert (story(result), "permission denied" in result["msg"]) == ("not_revoked 1 2 3: failed", True)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_append_prevents_every_revocation(
    number: int, path: Path, monkeypatch: pytest.MonkeyPatch
):
    client, open_file = chat(), os.open
    monkeypatch.setattr(
        os,
        "open",
        lambda path, flags, mode: (
            failing(OSError(number, "x"))() if flags & os.O_APPEND else open_file(path, flags, mode)
        ),
    )
    result = revoke(client, journal=str(path))
    assert (story(result), client.deleted) == ("not_revoked 1 2 3: failed", [])
    assert "its file system cannot append to a file" in result["msg"]


def test_no_lock_is_needed(path: Path, monkeypatch: pytest.MonkeyPatch):
    for name, number in (("flock", errno.ENOLCK), ("lockf", errno.ENOSYS)):
        monkeypatch.setattr(f"fcntl.{name}", failing(OSError(number, os.strerror(number))))
    assert story(revoke(chat(), journal=str(path))) == "revoked 1 2 3: verified"


@pytest.mark.parametrize(
    ("function", "number"),
    [*(("write", getattr(errno, name)) for name in ("EACCES", "EROFS", "ESTALE", "EIO")), ("pread", errno.EIO)],
)
def test_a_line_that_cannot_be_written_stops_the_run(
    function: str, number: int, path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Mandatory locks of others, or a file system that became read-only or unavailable."""
    client = chat()
    path.write_text("earlier\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, function, failing(OSError(number, "x")))
        result = revoke(client, journal=str(path))
    assert (story(result), client.deleted) == ("not_revoked 1 2 3: failed", [])
    assert os.strerror(number).lower() in result["msg"].lower()


@pytest.mark.parametrize("name", ["new", "file"])
def test_check_mode_succeeds_if_the_run_does_and_creates_nothing(name: str, path: Path):
    before = sorted(path.parent.rglob("*"))
    assert story(revoke(chat(), check_mode=True, journal=name)) == "revoked 1 2 3: not verified"
    assert story(revoke(chat(), max_revocations=0, journal=name)) == "not_revoked 1 2 3: failed"
    assert sorted(path.parent.rglob("*")) == before
    assert Path("file").read_text() == "earlier\n"
    assert story(revoke(chat(), journal=name)) == "revoked 1 2 3: verified"
    assert Path(name).read_text().count("\n") == (7 if name == "file" else 6)


@pytest.mark.parametrize(
    ("full_at", "expected"), [(1, "not_revoked 1 2 3: failed"), (2, "revoked 1, not_revoked 2 3: failed")]
)
@pytest.mark.parametrize("error", [None, OSError(errno.ENOSPC, "No space left on device")])
def test_a_full_disk_stops_the_run_and_loses_nothing(
    full_at: int, expected: str, error: OSError | None, path: Path, monkeypatch: pytest.MonkeyPatch
):
    client, write, writes = chat(), os.write, count(1)

    def write_until_full(file: int, data: bytes) -> int:
        number = next(writes)
        if number > full_at and error:
            raise error
        if number > full_at:
            return 0
        return write(file, data[:10] if number == full_at else data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_until_full)
        result = revoke(client, journal=str(path))
    assert (story(result), len(client.logged), len(client.lists)) == (expected, len(client.deleted), 2)
    assert "cannot be written: no space left" in result["msg"]
    assert any("lacks the outcome of token 1" in text for text in result["warnings"]) is (full_at == 2)
    # The next run starts on a line of its own.
    revoke(client, ids=[3], journal=str(path))
    *complete, incomplete, _delete, revoked = path.read_text().splitlines()
    assert (len(complete), len(incomplete), json.loads(revoked)["token"]) == (full_at - 1, 10, 3)


def test_a_short_write_is_completed(path: Path, monkeypatch: pytest.MonkeyPatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:40]))
    revoke(chat(), ids=[1], journal=str(path))
    assert events(path) == ["delete 1, 0 of 1", "revoked 1, 1 of 1"]


def test_a_journal_that_cannot_be_closed_loses_no_outcome(path: Path, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr("os.close", failing(OSError(errno.EIO, "Input/output error")))
        result = revoke(chat(), journal=str(path))
    assert story(result) == "revoked 1 2 3: failed"
    assert "cannot be written: input/output error" in result["msg"]


def test_a_journal_that_cannot_be_closed_hides_no_earlier_failure(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.close", failing(OSError(errno.EIO, "Input/output error")))
    result = revoke(chat(lists=[None, Reply(500)]), journal=str(path))
    assert "could not be verified" in result["msg"]
    assert any("cannot be written: input/output error" in text for text in result["warnings"])


def test_a_file_of_the_run_is_never_opened_by_its_name(path: Path):
    """Somebody can replace it meanwhile."""
    file = OpenFile(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    path.rename("moved")
    path.symlink_to("file")
    assert story(revoke(chat(), check_mode=True, journal=file)) == "revoked 1 2 3: not verified"
    assert story(revoke(chat(), journal=file)) == "revoked 1 2 3: verified"
    assert (len(events(Path("moved"))), Path("file").read_text()) == (6, "earlier\n")
    os.close(file.descriptor)  # still open


def test_a_system_log_that_fails_loses_no_outcome(path: Path):
    client = chat()
    client.logged = Mock(append=failing(ValueError("no log")))
    result = revoke(client, journal=str(path))
    assert story(result) == "revoked 1, not_revoked 2 3: failed"
    assert events(path) == ["delete 1, 0 of 3", "revoked 1, 1 of 3"]
    assert "unknown" not in result["not_revoked"][0]["msg"]
