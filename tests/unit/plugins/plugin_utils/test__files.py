# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import pytest
from ansible.utils.display import Display

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.plugin_utils import _files, _output
from ansible_collections.zchat.admin.plugins.plugin_utils._files import ReportFiles
from ansible_collections.zchat.admin.plugins.plugin_utils._output import Output

NAME = "offboard-acme.zendesk.com-20261123T141500Z"


@pytest.fixture
def display():
    return Mock(spec=Display)


@pytest.fixture
def syslog(monkeypatch):
    written = []
    monkeypatch.setattr(_output.syslog, "syslog", lambda _level, text: written.append(text))
    return written


@pytest.mark.parametrize(
    ("account", "host"),
    [
        ("https://acme.zendesk.com/api/v2/chat", "acme.zendesk.com"),
        ("http://127.0.0.1:8080/api/v2", "127.0.0.1"),
        ("http://[::1]:8080/api/v2", "-1"),
    ],
)
def test_a_stem_has_the_host_and_the_start_time(account, host):
    assert _files.stem("offboard", account, "2026-11-23T14:15:00Z") == f"offboard-{host}-20261123T141500Z"


def test_a_missing_folder_is_created_for_the_owner_only(tmp_path):
    folder = tmp_path / "reports" / "of today"
    files = ReportFiles(str(folder), NAME, ["jsonl", "json"])
    assert files.journal == folder / f"{NAME}.jsonl"
    assert [path.stat().st_mode & 0o777 for path in (folder.parent, folder, files.journal)] == [0o700, 0o700, 0o600]
    assert os.listdir(folder) == [f"{NAME}.jsonl"]


def test_an_existing_folder_keeps_its_mode(tmp_path):
    tmp_path.chmod(0o750)
    assert ReportFiles(str(tmp_path), NAME, ["json"]).journal is None
    assert tmp_path.stat().st_mode & 0o777 == 0o750


def test_without_a_folder_nothing_is_written(display):
    files = ReportFiles(None, NAME, ["jsonl", "json"])
    assert (files.journal, files.save({}, Output(display)), files.finish(Output(display))) == (None, [], [])


def link(path):
    path.symlink_to("/dev/null")


FOREIGN = pytest.mark.parametrize("create", [lambda path: path.write_text("x"), os.mkfifo, link])
"""What someone else can have in a shared folder."""


@FOREIGN
@pytest.mark.parametrize("taken", ["jsonl", "html"])
def test_a_number_is_added_to_a_name_that_is_taken(taken, create, tmp_path, display):
    foreign = tmp_path / f"{NAME}.{taken}"
    create(foreign)
    before = foreign.lstat()
    files = ReportFiles(str(tmp_path), NAME, ["jsonl", "html"])
    assert files.save({}, Output(display), html=lambda: "<html>") == []
    assert files.finish(Output(display)) == [str(tmp_path / f"{NAME}-2.html")]
    assert foreign.lstat() == before


@FOREIGN
def test_a_file_that_appears_during_the_run_is_neither_written_to_nor_removed(create, tmp_path, display):
    files = ReportFiles(str(tmp_path), NAME, ["jsonl", "json"])
    foreign = tmp_path / f"{NAME}.json"
    create(foreign)
    before = foreign.lstat()
    assert files.save({}, Output(display)) == []
    assert files.finish(Output(display)) == [str(tmp_path / f"{NAME}-2.json")]
    assert foreign.lstat() == before


@FOREIGN
def test_a_file_that_replaces_a_reserved_one_is_neither_written_to_nor_removed(create, tmp_path, display):
    files = ReportFiles(str(tmp_path), NAME, ["json"])
    (foreign,) = tmp_path.iterdir()
    foreign.unlink()
    create(foreign)
    before = foreign.lstat()
    (problem,) = files.save({}, Output(display))
    assert "was replaced by another file" in problem
    assert files.finish(Output(display)) == []
    assert foreign.lstat() == before


def test_no_two_runs_get_the_same_name(tmp_path, display):
    def run(_number):
        files = ReportFiles(str(tmp_path), NAME, ["jsonl", "json"])
        assert files.save({"schema": 1}, Output(display)) == []
        return files.finish(Output(display))

    with ThreadPoolExecutor(8) as pool:
        written = [name for names in pool.map(run, range(40)) for name in names]
    assert len(set(written)) == len(written) == 40


@pytest.mark.parametrize("folder", ["/dev/null/reports", "/proc/reports", "\0"])
def test_a_folder_that_cannot_be_written_to(folder):
    with pytest.raises(ChatError, match=r"^The folder in 'report_dir' cannot be written to\. .+\.$"):
        _files.reserve(folder, NAME, ["json"], "report_dir")


@pytest.mark.parametrize("written", [0, OSError(errno.ENOSPC, "No space left on device")])
def test_a_full_folder_is_rejected_before_the_run(written, tmp_path, monkeypatch):
    monkeypatch.setattr(_files.os, "write", Mock(side_effect=[written]))
    with pytest.raises(OSError, match="No space left on device"):
        ReportFiles(str(tmp_path), NAME, ["json"])
    assert os.listdir(tmp_path) == []


def test_files_are_written_hashed_and_logged(tmp_path, display, syslog):
    files = ReportFiles(str(tmp_path), NAME, ["jsonl", "json", "html"])
    files.journal.write_text("{}\n")
    assert files.save({"name": "Zoë \udcff"}, Output(display), html=lambda: "<html>") == []
    json_file, html_file, journal = map(Path, files.finish(Output(display)))
    assert [path.name for path in (json_file, html_file, journal)] == [f"{NAME}.json", f"{NAME}.html", f"{NAME}.jsonl"]
    assert json.loads(json_file.read_text("utf-8")) == {"name": "Zoë ?"}
    assert html_file.read_text("utf-8") == "<html>"
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    digest = hashlib.sha256(json_file.read_bytes()).hexdigest()
    assert syslog[0] == f"wrote {json_file}, SHA-256 {digest}"
    assert display.display.call_args_list[0].args == (f"zchat.admin: {syslog[0]}",)
    assert all(call.kwargs == {"log_only": True} for call in display.display.call_args_list)


def test_an_empty_journal_does_not_remain(tmp_path, display):
    assert ReportFiles(str(tmp_path), NAME, ["jsonl", "json"]).finish(Output(display)) == []
    assert os.listdir(tmp_path) == []


def test_a_report_that_cannot_be_written_is_printed(tmp_path, display):
    files = ReportFiles(str(tmp_path / "reports"), NAME, ["jsonl", "json", "html"])
    files.journal.unlink()
    files.journal.parent.rmdir()
    problems = files.save({"schema": 1}, Output(display), html=lambda: "<html>")
    assert len(problems) == 2
    assert "No such file or directory" in problems[0]
    assert display.display.call_args.args == ('{\n  "schema": 1\n}\n',)
    assert files.finish(Output(display)) == []


def test_one_format_that_fails_leaves_the_other(tmp_path, display):
    files = ReportFiles(str(tmp_path), NAME, ["jsonl", "json", "html"])
    (problem,) = files.save({}, Output(display), html=lambda: 1 / 0)
    assert "html could not be written: division by zero." in problem
    assert files.finish(Output(display)) == [str(tmp_path / f"{NAME}.json")]


def test_a_hash_is_that_of_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert _files.sha256(tmp_path / "pipe") == hashlib.sha256(b"").hexdigest()
    link(tmp_path / "link")
    with pytest.raises(OSError, match="link"):
        _files.sha256(tmp_path / "link")


def test_after_ansible_was_stopped_nothing_is_passed_to_it(display, syslog):
    """Nobody reads its pipe any more, so a write could block forever."""
    output = Output(display, lambda: True)
    output.show("a report")
    output.log("a line")
    assert (display.mock_calls, syslog) == ([], ["a line"])
