# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
from ansible.utils.display import Display

from ansible_collections.zchat.admin.plugins.plugin_utils import _files

NAME = "offboard-acme.zendesk.com-20261123T141500Z"


@pytest.fixture
def display():
    return Mock(spec=Display)


@pytest.fixture
def syslog(monkeypatch):
    written = []
    monkeypatch.setattr(_files.syslog, "syslog", lambda _level, text: written.append(text))
    return written


@pytest.mark.parametrize(
    ("account", "host"),
    [
        ("https://acme.zendesk.com/api/v2/chat", "acme.zendesk.com"),
        ("http://127.0.0.1:8080/api/v2", "127.0.0.1"),
        ("http://[::1]:8080/api/v2", "-1"),
        (None, "unknown"),
    ],
)
def test_a_stem_has_the_host_and_the_start_time(account, host):
    assert _files.stem("offboard", account, "2026-11-23T14:15:00Z") == f"offboard-{host}-20261123T141500Z"


def test_a_missing_folder_is_created_for_the_owner_only(tmp_path):
    folder = tmp_path / "reports" / "of today"
    paths = _files.reserve(str(folder), NAME, ["jsonl", "json"])
    assert paths == {"jsonl": folder / f"{NAME}.jsonl", "json": folder / f"{NAME}.json"}
    assert [path.stat().st_mode & 0o777 for path in (folder.parent, folder, paths["jsonl"])] == [0o700, 0o700, 0o600]
    assert os.listdir(folder) == [f"{NAME}.jsonl"]


def test_an_existing_folder_keeps_its_mode(tmp_path):
    tmp_path.chmod(0o750)
    _files.reserve(str(tmp_path), NAME, ["json"])
    assert tmp_path.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("taken", ["jsonl", "html"])
def test_a_number_is_added_to_a_name_that_is_taken(taken, tmp_path):
    (tmp_path / f"{NAME}.{taken}").write_text("a report")
    paths = _files.reserve(str(tmp_path), NAME, ["jsonl", "html"])
    assert [path.name for path in paths.values()] == [f"{NAME}-2.jsonl", f"{NAME}-2.html"]
    assert sorted(os.listdir(tmp_path)) == sorted([f"{NAME}.{taken}", f"{NAME}-2.jsonl"])


def test_no_two_runs_get_the_same_name(tmp_path, display):
    def run(_number):
        paths = _files.reserve(str(tmp_path), NAME, ["jsonl", "json"])
        assert _files.save(paths, {"schema": 1}, str, display) == []
        return _files.finish(paths, display)

    with ThreadPoolExecutor(8) as pool:
        written = [name for names in pool.map(run, range(40)) for name in names]
    assert len(set(written)) == len(written) == 40


@pytest.mark.parametrize("folder", ["/dev/null/reports", "/proc/reports"])
def test_a_folder_that_cannot_be_written_to(folder):
    with pytest.raises(OSError, match="/"):
        _files.reserve(folder, NAME, ["json"])


@pytest.mark.parametrize("written", [0, OSError(errno.ENOSPC, "No space left on device")])
def test_a_full_folder_is_rejected_before_the_run(written, tmp_path, monkeypatch):
    monkeypatch.setattr(_files.os, "write", Mock(side_effect=[written]))
    with pytest.raises(OSError, match="No space left on device"):
        _files.reserve(str(tmp_path), NAME, ["json"])
    assert os.listdir(tmp_path) == []


def test_files_are_written_hashed_and_logged(tmp_path, display, syslog):
    paths = _files.reserve(str(tmp_path), NAME, ["jsonl", "json", "html"])
    paths["jsonl"].write_text("{}\n")
    assert _files.save(paths, {"name": "Zoë \udcff"}, lambda: "<html>", display) == []
    assert _files.finish(paths, display) == [str(paths[extension]) for extension in ("json", "html", "jsonl")]
    assert json.loads(paths["json"].read_text("utf-8")) == {"name": "Zoë ?"}
    assert paths["html"].read_text("utf-8") == "<html>"
    assert {path.stat().st_mode & 0o777 for path in paths.values()} == {0o600}
    digest = hashlib.sha256(paths["json"].read_bytes()).hexdigest()
    assert syslog[0] == f"wrote {paths['json']}, SHA-256 {digest}"
    assert display.display.call_args_list[0].args == (f"zchat.admin: {syslog[0]}",)
    assert all(call.kwargs == {"log_only": True} for call in display.display.call_args_list)


def test_an_empty_journal_does_not_remain(tmp_path, display):
    paths = _files.reserve(str(tmp_path), NAME, ["jsonl", "json"])
    assert _files.finish(paths, display) == []
    assert os.listdir(tmp_path) == []


def test_a_report_that_cannot_be_written_is_printed(tmp_path, display):
    paths = _files.reserve(str(tmp_path / "reports"), NAME, ["jsonl", "json", "html"])
    paths["jsonl"].unlink()
    paths["jsonl"].parent.rmdir()
    problems = _files.save(paths, {"schema": 1}, lambda: "<html>", display)
    assert len(problems) == 2
    assert "No such file or directory" in problems[0]
    assert display.display.call_args.args == ('{\n  "schema": 1\n}\n',)
    assert _files.finish(paths, display) == []


def test_one_format_that_fails_leaves_the_other(tmp_path, display):
    paths = _files.reserve(str(tmp_path), NAME, ["jsonl", "json", "html"])
    assert [
        "html could not be written: division by zero." in text
        for text in _files.save(paths, {}, lambda: 1 / 0, display)
    ]
    assert _files.finish(paths, display) == [str(paths["json"])]


def test_a_journal_is_read_after_the_module_has_ended(tmp_path, monkeypatch):
    path = tmp_path / "journal.jsonl"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_SH)

    def finish(_seconds):
        os.write(descriptor, b'{"token": 1}\n{"token": 2}\n{"tok')
        os.close(descriptor)

    monkeypatch.setattr(_files.time, "sleep", finish)
    assert _files.read_journal(path) == [{"token": 1}, {"token": 2}]


def test_a_module_that_does_not_end_is_not_waited_for(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"token": 1}\n')
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert _files.read_journal(path, timeout=0.2) == [{"token": 1}]
    assert _files.read_journal(tmp_path / "missing") == []
