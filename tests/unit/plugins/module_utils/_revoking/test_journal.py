# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import list_tokens
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._revoking.journal import Journal
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import MockChat, token

ACCOUNT = "https://acme.zendesk.com/api/v2/chat"
(TOKEN,) = list_tokens(MockChat([token(38, agent_id=None, client_identifier="zöpim\n")])).tokens


def journal_at(path: Any, log: list[str] | None = None) -> Journal:
    return Journal(None if path is None else str(path), ACCOUNT, ([] if log is None else log).append)


def test_a_line_for_each_event(tmp_path: Path):
    path, log = tmp_path / "journal.jsonl", []
    journal = journal_at(path, log)
    journal.open()
    journal.record("delete", TOKEN, 0, 2)
    assert path.read_text().endswith("}\n"), "it can be followed during the run"
    journal.record("revoked", TOKEN, 1, 2)
    journal.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", lines[0].pop("time"))
    assert lines[0] == {
        "account": ACCOUNT,
        "token": 38,
        "agent_id": None,
        "client_identifier": "zöpim\n",
        "event": "delete",
        "n": 0,
        "of": 2,
    }
    assert [(line["event"], line["n"]) for line in lines] == [("delete", 0), ("revoked", 1)]
    (logged,) = log
    assert "token 38 of agent None" in logged
    assert "1 of 2" in logged


def test_a_new_file_is_private_and_an_existing_one_is_continued(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    before = os.umask(0)
    try:
        journal_at(path).open()
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600

    path.write_text("earlier\n")
    path.chmod(0o644)
    journal = journal_at(path)
    journal.open()
    journal.record("revoked", TOKEN, 1, 1)
    assert path.read_text().startswith("earlier\n{")
    assert path.stat().st_mode & 0o777 == 0o644


def test_an_incomplete_last_line_of_an_earlier_run_is_completed(tmp_path: Path):
    path = tmp_path / "journal"
    path.write_text('{"token": 1}\n{"tok')
    journal = journal_at(path)
    journal.open()
    journal.record("revoked", TOKEN, 1, 2)
    journal.record("revoked", TOKEN, 2, 2)
    journal.close()
    lines = path.read_text().splitlines()
    assert lines[1] == '{"tok'
    assert [json.loads(line)["n"] for line in lines[2:]] == [1, 2]


def test_without_a_path_only_the_system_log_is_written():
    log: list[str] = []
    journal = journal_at(None, log)
    journal.check()
    journal.open()
    journal.record("revoked", TOKEN, 1, 1)
    journal.close()
    assert len(log) == 1


@pytest.mark.parametrize(
    "name", ["", ".", "folder", "folder/", "missing/journal", "file/journal", "looped", "pipe", "nul\0l"]
)
def test_check_fails_if_open_fails(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "looped").symlink_to("looped")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ChatError, match=r"journal .* cannot be written: [a-z]"):
        journal_at(name).check()
    with pytest.raises(ChatError, match=r"journal .* cannot be written: [a-z]"):
        journal_at(name).open()


@pytest.mark.parametrize("name", ["new", "folder/new", "file", "link"])
def test_check_succeeds_if_open_succeeds_and_creates_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("unchanged")
    (tmp_path / "link").symlink_to("folder/target")
    before = sorted(tmp_path.rglob("*"))
    journal_at(name).check()
    assert sorted(tmp_path.rglob("*")) == before
    journal = journal_at(name)
    journal.open()
    journal.close()
    assert (tmp_path / "file").read_text() == "unchanged"


def test_missing_permissions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ChatError, match="permission denied"):
        journal_at(tmp_path / "journal").check()

    def refuse(*arguments: Any) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    for attempt in (journal_at(tmp_path / "journal").check, journal_at(tmp_path / "journal").open):
        with pytest.raises(ChatError, match="permission denied"):
            attempt()


def test_a_full_disk_is_an_error():
    log: list[str] = []
    journal = journal_at("/dev/full", log)
    journal.open()
    with pytest.raises(ChatError, match="/dev/full cannot be written: no space left"):
        journal.record("revoked", TOKEN, 1, 1)
    journal.close()
    assert len(log) == 1, "the system log contains the revocation anyway"


def test_a_short_write_is_completed_and_an_incomplete_line_does_not_destroy_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "journal"
    journal = journal_at(path)
    journal.open()
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:40]))
    journal.record("revoked", TOKEN, 1, 3)

    def write_once(file: int, data: bytes) -> int:
        if data.startswith(b"{"):
            return write(file, data[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", write_once)
    with pytest.raises(ChatError, match="no space left"):
        journal.record("revoked", TOKEN, 2, 3)
    monkeypatch.setattr(os, "write", write)
    journal.record("revoked", TOKEN, 3, 3)
    lines = path.read_text().splitlines()
    assert [json.loads(lines[number])["n"] for number in (0, 2)] == [1, 3]
    assert len(lines[1]) == 20
