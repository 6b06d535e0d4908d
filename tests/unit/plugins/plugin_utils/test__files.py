# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report folder: modes, exclusive creation, and that no file of someone else is overwritten, removed or followed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
from ansible.utils.display import Display

from ansible_collections.zchat.admin.plugins.plugin_utils import _files
from ansible_collections.zchat.admin.plugins.plugin_utils._files import ReportFiles
from ansible_collections.zchat.admin.plugins.plugin_utils._output import Output

NAME = "offboard-acme.zendesk.com-20261123T141500Z"


@pytest.fixture(name="output")
def _output():
    """It has the mock of Ansible's display."""
    return Output(Mock(spec=Display), no_log=False)


@pytest.fixture(name="log", autouse=True)
def _log(monkeypatch):
    """The lines of the system log."""
    written = []
    monkeypatch.setattr("syslog.syslog", lambda _level, text: written.append(text))
    return written


def test_a_missing_folder_is_created_for_the_owner_only_and_an_existing_one_keeps_its_mode(tmp_path, output):
    tmp_path.chmod(0o750)
    folder = tmp_path / "reports" / "of today"
    files = ReportFiles(str(folder), NAME, ["jsonl", "json"])
    paths = [tmp_path, folder.parent, folder, files.journal.path]
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o750, 0o700, 0o700, 0o600]
    assert os.listdir(folder) == [f"{NAME}.jsonl"]
    # An empty journal does not remain.
    assert (files.finish(output), os.listdir(folder)) == ([], [])


def link(path):
    path.symlink_to("/dev/null")


@pytest.mark.parametrize("create", [lambda path: path.write_text("x"), os.mkfifo, link])
@pytest.mark.parametrize(
    ("when", "taken", "written"),
    [
        ("before", "jsonl", ["-2.json", "-2.jsonl"]),
        ("before", "json", ["-2.json", "-2.jsonl"]),
        ("during", "json", ["-2.json", ".jsonl"]),
        ("after", "jsonl", [".json"]),
    ],
)
def test_a_file_pipe_or_link_of_someone_else_is_left_alone(when, taken, written, create, tmp_path, output):
    """The files get another name: all of them if the run has not begun. Afterwards, a file of the run can also be replaced."""
    foreign = tmp_path / f"{NAME}.{taken}"
    if when == "before":
        create(foreign)
    files = ReportFiles(str(tmp_path), NAME, ["jsonl", "json"])
    files.journal.path.write_text("{}")
    if when == "after":
        foreign.unlink()
    if when != "before":
        create(foreign)
    before = foreign.lstat()
    assert files.save({}, output) == []
    assert files.finish(output) == [str(tmp_path / f"{NAME}{name}") for name in written]
    assert foreign.lstat() == before


@pytest.mark.parametrize("create", [link, lambda path: None])
def test_a_report_that_is_replaced_or_removed_is_a_problem(create, tmp_path, output):
    files = ReportFiles(str(tmp_path), NAME, ["json"])
    (path,) = tmp_path.iterdir()
    path.unlink()
    create(path)
    before = list(tmp_path.iterdir())
    (problem,) = files.save({}, output)
    assert "was replaced by another file" in problem
    assert (files.finish(output), list(tmp_path.iterdir())) == ([], before)


def test_no_two_runs_get_the_same_name(tmp_path, output):
    def run(_number):
        files = ReportFiles(str(tmp_path), NAME, ["jsonl", "json"])
        assert files.save({"schema": 1}, output) == []
        return files.finish(output)

    with ThreadPoolExecutor(8) as pool:
        written = [name for names in pool.map(run, range(40)) for name in names]
    assert len(set(written)) == len(written) == 40


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("function", "result"), [("write", 0), ("write", FULL), ("fsync", FULL), ("fsync", OSError(errno.EIO, "No space"))]
)
def test_a_full_folder_is_rejected_before_the_run(function, result, tmp_path, monkeypatch):
    monkeypatch.setattr(_files.os, function, Mock(side_effect=[result]))
    with pytest.raises(OSError, match="No space"):
        ReportFiles(str(tmp_path), NAME, ["json"])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("function", ["fsync", "dup"])
def test_a_report_that_the_file_system_did_not_store_is_a_problem(function, tmp_path, output, monkeypatch):
    files = ReportFiles(str(tmp_path), NAME, ["json"])
    monkeypatch.setattr(_files.os, function, Mock(side_effect=FULL))
    (problem,) = files.save({"schema": 1}, output)
    assert "could not be written: [Errno 28] No space left on device." in problem
    assert output._display.display.call_args.args == ('{\n  "schema": 1\n}\n',)
    assert (files.finish(output), os.listdir(tmp_path)) == ([], [])


def test_a_file_system_that_is_no_longer_available_loses_no_result(tmp_path, output, monkeypatch):
    files = ReportFiles(str(tmp_path), NAME, ["json"])
    with monkeypatch.context() as patch:
        for name in ("os.fstat", "os.pread", "os.write"):
            patch.setattr(name, refuse(errno.ESTALE))
        (problem,) = files.save({"schema": 1}, output)
        assert files.finish(output) == []
    assert "Stale file handle" in problem


def refuse(number):
    return Mock(side_effect=OSError(number, os.strerror(number)))


WRITE = os.write


@pytest.mark.parametrize(
    "functions",
    [
        {"os.fsync": refuse(errno.EINVAL)},
        {"fcntl.flock": refuse(errno.ENOLCK), "fcntl.lockf": refuse(errno.ENOSYS)},
        {"os.write": lambda descriptor, data: WRITE(descriptor, data[:1000])},
        {"os.link": refuse(errno.EPERM), "os.symlink": refuse(errno.EPERM)},
        {"os.chmod": refuse(errno.EPERM), "os.fchmod": refuse(errno.EPERM)},
        # Inode numbers that change.
        {"os.path.samestat": lambda *_stats: False},
    ],
)
def test_a_network_file_system_can_lack_much(functions, tmp_path, output, monkeypatch):
    for name, function in functions.items():
        monkeypatch.setattr(name, function)
    files = ReportFiles(str(tmp_path), NAME, ["jsonl", "json"])
    files.journal.path.write_text("{}\n")
    content = "x" * 100_000
    assert files.save({"schema": content}, output) == []
    assert files.finish(output) == [str(tmp_path / f"{NAME}.{extension}") for extension in ("json", "jsonl")]
    assert json.loads((tmp_path / f"{NAME}.json").read_text()) == {"schema": content}


def test_files_are_written_hashed_and_logged(tmp_path, output, log):
    files = ReportFiles(str(tmp_path), NAME, ["jsonl", "json", "html"])
    files.journal.path.write_text("{}\n")
    assert files.save({"name": "Zoë \udcff"}, output, html=lambda: "<html>") == []
    paths = [tmp_path / f"{NAME}.{extension}" for extension in ("json", "html", "jsonl")]
    assert files.finish(output) == list(map(str, paths))
    assert json.loads(paths[0].read_text("utf-8")) == {"name": "Zoë ?"}
    assert paths[1].read_text("utf-8") == "<html>"
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert log == [f"wrote {path}, SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in paths]
    lines = [(call.args[0], call.kwargs) for call in output._display.display.call_args_list]
    assert lines == [(f"zchat.admin: {line}", {"log_only": True}) for line in log]


def test_a_report_that_cannot_be_written_is_printed_and_leaves_the_others(tmp_path, output):
    files = ReportFiles(str(tmp_path), NAME, ["jsonl", "json", "html"])
    (problem,) = files.save({"schema": 1}, output, html=lambda: 1 / 0)
    assert "html could not be written: division by zero." in problem
    assert output._display.display.call_args.args == ('{\n  "schema": 1\n}\n',)
    assert files.finish(output) == [str(tmp_path / f"{NAME}.json")]


def test_earlier_reports_are_read_the_newest_first_and_what_is_none_is_left_out(tmp_path, monkeypatch):
    """A pipe does not block, a link is not followed, and nothing is changed."""
    monkeypatch.setattr(_files, "_MAX_REPORT", 100)
    contents = {"20260101T000000Z": b"1", "20260102T000000Z": b'{"a": 2}', "20260102T000000Z-2": b"[3]"}
    contents.update({"1": b"{", "2": b"", "3": b"\xff", "4": b"[" * 100, "5": b" " * 101, "6": b"1" * 100})
    for end, content in contents.items():
        (tmp_path / f"offboard-acme.zendesk.com-{end}.json").write_bytes(content)
    for name in (
        "offboard-other.zendesk.com-1.json",
        "offboard-acme.zendesk.com-1.jsonl",
        "offboard-acme.zendesk.com-\n.json",
    ):
        (tmp_path / name).write_bytes(b"1")
    of_others = tmp_path / "offboard-acme.zendesk.com-9.json"
    of_others.write_bytes(b"1")
    of_others.chmod(0o620)
    os.mkfifo(tmp_path / "offboard-acme.zendesk.com-pipe.json")
    (tmp_path / "offboard-acme.zendesk.com-folder.json").mkdir()
    (tmp_path / "offboard-acme.zendesk.com-link.json").symlink_to("offboard-acme.zendesk.com-20260101T000000Z.json")
    before = sorted(os.listdir(tmp_path))
    files = ReportFiles(str(tmp_path), NAME, ["jsonl", "json"])
    found = [(name[26:-5], content) for name, content in files.earlier("offboard-acme.zendesk.com-")]
    assert found == [
        ("6", int("1" * 100)),
        ("20260102T000000Z-2", [3]),
        ("20260102T000000Z", {"a": 2}),
        ("20260101T000000Z", 1),
    ]
    assert sorted(os.listdir(tmp_path)) == sorted([*before, f"{NAME}.jsonl"])
    monkeypatch.setattr(os, "listdir", refuse(errno.EACCES))
    assert [*files.earlier("offboard-"), *ReportFiles().earlier("offboard-")] == []


def test_a_hash_is_that_of_a_file(tmp_path):
    """A pipe does not block, and a link is not followed."""
    os.mkfifo(tmp_path / "pipe")
    assert _files.sha256(tmp_path / "pipe") == hashlib.sha256(b"").hexdigest()
    link(tmp_path / "link")
    with pytest.raises(OSError, match="link"):
        _files.sha256(tmp_path / "link")


def test_after_ansible_was_stopped_nothing_is_passed_to_it(log):
    """Nobody reads its pipe any more, so a write could block forever."""
    display = Mock(spec=Display)
    output = Output(display, False, lambda: True)
    output.show("a report")
    output.log("a line")
    assert (display.mock_calls, log) == ([], ["a line"])
