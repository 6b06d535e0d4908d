# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Follows the guides in docs/docsite/rst, each in order and in its own folder.

A block of YAML is a file, whose name is in its first line. Blocks of bash are run in one shell, one after the other. A block
of text is a part of the output of the command before it; a line ``...`` stands for any output.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
import shutil
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.ansible_run import ROOT
from tests.integration.documentation import shell_environment
from tests.integration.zendesk import Zendesk
from tests.sandbox import COLLEAGUE_ID, DELETED_ID, LEAVER_ID, UNKNOWN_ID, Options, Sandbox, demo_seed, fake_secret

DOCSITE = ROOT / "docs" / "docsite"
_BLOCK = re.compile(r"^\.\. code-block:: (\S+)\n((?:   :.*\n)*)\n((?:   .*\n|\n)+)", re.MULTILINE)
_MARK = "#### end of block"
ACME, GLOBEX, OLD = "acme.zendesk.com", "globex.zendesk.com", "www.zopim.com"
DESK = "desk.example.com"
DESK_TOKEN = "the-token-of-the-service-desk"

READ_ONLY = 1102
"""A token of the Administrator that has only the scope ``read``."""
LEAKED = 1301
CRM_CLIENT = 9205
"""An API client of the departing agent, and the tokens of it."""
CRM_TOKENS = {1204, 1205}
OF_RUNS = 1502
"""The first id of a token that the token endpoint issues."""
GLOBEX_VALUE = fake_secret("globex", READ_ONLY)
"""The value of a token that exists only in one account."""
REFERENCE = "environment_variables"
"""A page without commands."""
NEEDS_RULEBOOK = "ansible-rulebook runs until it is stopped; tests/engines tests the rulebooks"
NEEDS_GALAXY = "requires a network"


@dataclass(frozen=True)
class Guide:
    """What a guide requires, and its effect."""

    revoked: Mapping[str, set[int]] = field(default_factory=dict)
    """The tokens that are revoked at its end, by host."""
    deleted_clients: frozenset[int] = frozenset()
    """The API clients that are deleted at its end, in the first account."""
    typed: Callable[[Sandbox], list[str]] = lambda sandbox: []
    """The lines that the reader enters."""
    connected: bool = True
    """Whether the guide requires the connection in environment variables."""
    fails: tuple[str, ...] = ()
    """The beginnings of the commands that fail."""
    not_run: Mapping[str, str] = field(default_factory=dict)
    """The beginnings of the commands that are not run, each with the reason."""
    unused: Mapping[str, str] = field(default_factory=dict)
    """Files that no command of the guide uses, each with a command that runs it here first, in the initial account."""


def tokens_of(*agents: int) -> set[int]:
    return {token["id"] for token in demo_seed()["tokens"] if token["agent_id"] in agents}


def value(number: int) -> str:
    return fake_secret("access", number)


def _client_of(sandbox: Sandbox) -> list[str]:
    return ["acme", str(sandbox.client_id), str(sandbox.client_secret)]


NIGHTLY = {38, 143, 1201, 1202, 1203, 1207, 1301, 1302, *tokens_of(DELETED_ID)}
"""The tokens that the nightly run revokes."""

_LEAVER = "ansible-playbook leaver.yml -e departing=jonas.weber@example.com"

GUIDES = {
    "guide_first_steps": Guide(
        connected=False,
        typed=lambda sandbox: ["acme", str(sandbox.access_token)],
        not_run=dict.fromkeys(("ansible-galaxy collection install ", "pipx "), NEEDS_GALAXY),
    ),
    "guide_access_token": Guide(
        connected=False,
        typed=lambda sandbox: [
            *("acme", str(sandbox.access_token)),
            *("acme", "a-client-id", value(READ_ONLY), str(sandbox.email), str(sandbox.password)),
        ],
        fails=("ansible-playbook expired.yml\n",),
    ),
    "guide_before_first_use": Guide(typed=lambda sandbox: [value(READ_ONLY)], fails=("read -rs READ_ONLY ",)),
    "guide_offboarding": Guide(
        {ACME: tokens_of(LEAVER_ID, COLLEAGUE_ID, DELETED_ID, UNKNOWN_ID)},
        frozenset({CRM_CLIENT, 9207}),
        fails=("ansible-playbook leaving.yml -e ",),
    ),
    "guide_rescue": Guide(
        {ACME: tokens_of(LEAVER_ID, COLLEAGUE_ID)},
        typed=lambda sandbox: [DESK_TOKEN],
        fails=(
            "ZCHAT_ACCESS_TOKEN=wrong ",
            "HTTPS_PROXY=",
            f"{_LEAVER} -e limit=1\n",
            f"{_LEAVER},",
        ),
    ),
    "guide_leaked_token": Guide({ACME: {LEAKED, 1100}}, typed=lambda sandbox: [fake_secret("refresh", LEAKED)]),
    "guide_breached_integration": Guide({ACME: CRM_TOKENS}, frozenset({CRM_CLIENT})),
    "guide_breach": Guide({ACME: tokens_of(LEAVER_ID, COLLEAGUE_ID, DELETED_ID) - {1209, 1210}}),
    "guide_nightly_run": Guide(
        {ACME: NIGHTLY},
        connected=False,
        typed=_client_of,
        not_run=dict.fromkeys(("sudo useradd ", "sudo install ", "sudo systemctl "), "changes the machine"),
    ),
    "guide_roster": Guide({ACME: tokens_of(LEAVER_ID, COLLEAGUE_ID, DELETED_ID) - {1204, 1205}}),
    "guide_review": Guide(),
    "guide_dry_run": Guide({ACME: tokens_of(COLLEAGUE_ID)}),
    "guide_many_accounts": Guide(
        {
            ACME: tokens_of(LEAVER_ID, COLLEAGUE_ID),
            GLOBEX: {*tokens_of(LEAVER_ID, COLLEAGUE_ID), READ_ONLY},
        },
        connected=False,
        typed=lambda sandbox: ["acme", value(1100), "globex", value(1100), GLOBEX_VALUE],
        fails=("OUTLET_TOKEN=wrong ",),
    ),
    "guide_controller": Guide(not_run={"ansible-playbook controller/configure.yml ": "requires a controller"}),
    "guide_events": Guide(
        {ACME: tokens_of(LEAVER_ID)}, not_run={"ansible-rulebook ": NEEDS_RULEBOOK, "curl ": NEEDS_RULEBOOK}
    ),
    "guide_from_uri": Guide({ACME: tokens_of(LEAVER_ID)}, unused={"before.yml": "ansible-playbook before.yml"}),
    "guide_troubleshooting": Guide(),
}


def blocks(name: str) -> list[tuple[str, str]]:
    """Return the blocks of a guide, each as its type and its text."""
    source = (DOCSITE / "rst" / f"{name}.rst").read_text("utf-8")
    found = [(kind, textwrap.dedent(text).strip("\n") + "\n") for kind, _options, text in _BLOCK.findall(source)]
    # No block is missed: there is no other directive for code, and no literal block.
    assert source.count(".. code") == len(found)
    assert not re.search(
        r"^(?!\.\. ).*::$|^>>> |^\.\. (sourcecode|parsed-literal|literalinclude|prompt)", source, re.MULTILINE
    )
    return found


def test_every_guide_is_on_the_site_and_tested() -> None:
    index = yaml.safe_load((DOCSITE / "extra-docs.yml").read_text("utf-8"))
    on_site = [guide for section in index["sections"] for guide in section["toctree"]]
    assert sorted(on_site) == sorted(path.stem for path in (DOCSITE / "rst").iterdir()) == sorted({*GUIDES, REFERENCE})
    for name in on_site:
        source = (DOCSITE / "rst" / f"{name}.rst").read_text("utf-8")
        assert f"\n.. _ansible_collections.zchat.admin.docsite.{name}:\n" in source
    front_page = (ROOT / "docs" / "site" / "index.rst").read_text("utf-8")
    assert sorted(re.findall(r"`ansible_collections\.zchat\.admin\.docsite\.(\w+)`", front_page)) == sorted(on_site)


def seed(host: str) -> dict[str, Any]:
    document = demo_seed()
    if host == GLOBEX:
        next(token for token in document["tokens"] if token["id"] == READ_ONLY)["access_token"] = GLOBEX_VALUE
    return document


@contextlib.contextmanager
def run_accounts() -> Iterator[dict[str, Sandbox]]:
    """Run a sandbox for each host."""
    with contextlib.ExitStack() as stack:
        yield {host: stack.enter_context(Sandbox(Options(seed=seed(host)))) for host in (ACME, GLOBEX, OLD)}


class _Desk(ThreadingHTTPServer):
    """A service desk that opens a ticket for each POST."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _DeskHandler)
        self.tickets: list[dict[str, Any]] = []


class _DeskHandler(BaseHTTPRequestHandler):
    server: _Desk

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        known = self.headers["Authorization"] == f"Bearer {DESK_TOKEN}" and self.path == "/api/tickets"
        if known:
            self.server.tickets.append(json.loads(body))
        self.send_response(201 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"id": 70 + len(self.server.tickets)}).encode())

    def log_message(self, *_arguments: Any) -> None:
        """Print nothing."""


@contextlib.contextmanager
def run_desk() -> Iterator[_Desk]:
    with _Desk() as desk:
        thread = threading.Thread(target=desk.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield desk
        finally:
            desk.shutdown()
            thread.join(5)


@dataclass(frozen=True)
class Shell:
    """The folder and the environment variables of a reader."""

    folder: Path
    environment: Mapping[str, str]
    tickets: list[dict[str, Any]]
    """What the service desk received."""

    def run(self, script: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=dict(self.environment),
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=240,
        )


@contextlib.contextmanager
def shell_for(guide: Guide, accounts: dict[str, Sandbox], work: Path, collections_path: str) -> Iterator[Shell]:
    home, folder = work / "home", work / "folder"
    home.mkdir()
    folder.mkdir()
    others = {host: sandbox.url for host, sandbox in accounts.items()}
    with (
        run_desk() as desk,
        Zendesk(
            accounts[ACME].url, work / "zendesk", {**others, DESK: f"http://127.0.0.1:{desk.server_port}"}
        ) as zendesk,
    ):
        environment = {
            **shell_environment(home, zendesk),
            "ANSIBLE_COLLECTIONS_PATH": collections_path,
            # For modules of other collections, such as ansible.builtin.uri.
            "SSL_CERT_FILE": str(zendesk.ca_path),
        }
        if guide.connected:
            environment.update(ZCHAT_SUBDOMAIN="acme", ZCHAT_ACCESS_TOKEN=str(accounts[ACME].access_token))
        yield Shell(folder, environment, desk.tickets)


def deleted(sandbox: Sandbox) -> list[int]:
    """Return the tokens that a DELETE revoked, except those that a task got for itself. None of these is left."""
    assert not [token for token in sandbox.state.tokens if token >= OF_RUNS]
    return [number for number in _deleted(sandbox, "tokens") if number < OF_RUNS]


def _deleted(sandbox: Sandbox, kind: str) -> list[int]:
    done = [entry for entry in sandbox.state.requests if entry["method"] == "DELETE" and entry["status"] == 204]
    paths = [str(entry["path"]).split("/") for entry in done]
    return sorted(int(path[-1]) for path in paths if path[-2] == kind)


def as_script(command: str, guide: Guide) -> str:
    """Return a script that runs the command and prints a mark, and ends unless the command has the documented result."""
    if command.startswith(guide.fails):
        command = f"if (\n{command}\n); then echo 'the command must fail'; exit 99; fi\n"
    return f"{command}printf '%s\\n' '{_MARK}'\n"


def check_output(expected: str, output: str, command: str) -> None:
    """Assert that each part of ``expected`` is in ``output``, in order. Line breaks are ignored: Ansible wraps lines."""
    position = 0
    printed = " ".join(output.split())
    for part in re.split(r"^\.\.\.$", expected, flags=re.MULTILINE):
        words = " ".join(part.split())
        found = printed.find(words, position)
        assert found >= 0, f"{words!r} is not in the output of\n{command}\n{output}"
        position = found + len(words)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", [name for name in GUIDES if blocks(name)])
def test_guide(name: str, tmp_path: Path, collections_path: str) -> None:
    guide = GUIDES[name]
    with run_accounts() as accounts, shell_for(guide, accounts, tmp_path, collections_path) as shell:
        follow(name, guide, accounts, shell)


def follow(name: str, guide: Guide, accounts: dict[str, Sandbox], shell: Shell) -> None:
    """Do what the guide describes, and check the output and the requests."""
    acme = accounts[ACME]
    steps: list[tuple[str, str]] = []
    """Commands, each with its expected output."""
    files = set()
    for kind, text in blocks(name):
        if kind == "yaml":
            file = re.match(r"# (\S+\.yml)\n", text)
            assert file, f"a file without a name:\n{text}"
            (shell.folder / file.group(1)).write_text(text, "utf-8")
            files.add(file.group(1))
        elif kind == "bash":
            steps.append((text, ""))
        else:
            assert kind == "text", f"unknown type of block: {kind}"
            assert steps, f"output without a command:\n{text}"
            steps[-1] = (steps[-1][0], f"{steps[-1][1]}{text}")
    left_out = [command for command, _output in steps if command.startswith(tuple(guide.not_run))]
    assert len(left_out) == len(guide.not_run)
    steps = [step for step in steps if step[0] not in left_out]
    commands = "".join(command for command, _output in steps)
    assert {file for file in files if file not in commands} == set(guide.unused)
    for command in guide.unused.values():
        done = shell.run(command)
        assert done.returncode == 0, done.stdout
        assert deleted(acme) == sorted(guide.revoked[ACME])
        acme.reset()

    done = shell.run(
        "".join(as_script(command, guide) for command, _output in steps),
        "".join(f"{line}\n" for line in guide.typed(acme)),
    )
    assert done.returncode == 0, done.stdout
    for (command, expected), output in zip(steps, done.stdout.split(f"{_MARK}\n"), strict=False):
        if expected:
            check_output(expected, output, command)
    for sandbox in accounts.values():
        shown = [secret for secret in {*sandbox.state.secrets, DESK_TOKEN} if secret in done.stdout]
        assert not shown, f"secrets were printed: {shown}"
    assert {host: deleted(sandbox) for host, sandbox in accounts.items()} == {
        host: sorted(guide.revoked.get(host, ())) for host in accounts
    }
    assert {host: _deleted(sandbox, "clients") for host, sandbox in accounts.items()} == {
        host: sorted(guide.deleted_clients if host == ACME else ()) for host in accounts
    }


ROSTER = "Amelie.Laurent@example.com\nmei.tanaka@example.com\nnew.hire@example.com\n"
_ROSTERS_TO_REJECT = {
    "byte order mark": ROSTER.encode("utf-8-sig"),
    "UTF-16": ROSTER.encode("utf-16"),
    "not ASCII": ROSTER.replace("Amelie", "Ame\u0301lie").encode(),
    "second column": ROSTER.replace(".com", ".com,active").encode(),
    "first column": f"E1;{ROSTER}".encode(),
    "header": f"email\n{ROSTER}".encode(),
    "quotes": ROSTER.replace("mei.tanaka@example.com", '"mei.tanaka@example.com"').encode(),
    "empty": b"",
    "truncated in a line": ROSTER[:-2].encode(),
    "duplicates instead of people": (ROSTER.partition("\n")[0] + "\n").encode() * 5,
}


_CASES: Mapping[str, tuple[Sequence[Mapping[str, Any]], str, str]] = {
    "wrong variable": ((), "", "-e offboard_report_dirr=reports"),
    "wrong token": ((), "ZCHAT_ACCESS_TOKEN=wrong", ""),
    "API down": (({"path": ".", "status": 503},), "", ""),
    "limit exceeded": ((), "", "-e limit=1"),
    "partly revoked": (({"method": "DELETE", "path": "/1204$", "status": 500},), "", ""),
    "list fails afterwards": (({"path": "/tokens$", "after": 1, "status": 503},), "", ""),
    "unknown address": ((), "", "-e departing=jonas.weber@example.com,pria.nair@example.com"),
    "dry run": ((), "", "--check"),
    "success": ((), "", ""),
}
"""The cases in the table of the guide: faults of the API, environment variables and arguments of the command."""
_SUCCEED = ("dry run", "success")
_KEEP_FACTS = """
        - name: Keep the facts for the test
          ansible.builtin.copy:
            content: "{{ [offboard_result, offboard_report_files, situation] | to_json }}"
            dest: facts.json
            mode: "0600"
          check_mode: false
"""


@pytest.mark.timeout(400)
def test_the_facts_for_a_rescue_are_as_documented(tmp_path: Path, collections_path: str) -> None:
    """Each row of the table. Each run that leaves something to do fails, and opens one ticket with the situation."""
    source = (DOCSITE / "rst" / "guide_rescue.rst").read_text("utf-8").replace("``", "")
    rows = re.findall(r"^   \* - (.+)\n((?:     - .+\n)+)", source, re.MULTILINE)
    table = {case: re.findall("     - (.+)\n", cells) for case, cells in rows[1:]}
    assert list(table) == list(_CASES)
    (playbook,) = (text for kind, text in blocks("guide_rescue") if kind == "yaml")
    with run_accounts() as accounts, shell_for(Guide(), accounts, tmp_path, collections_path) as shell:
        (shell.folder / "leaver.yml").write_text(playbook + _KEEP_FACTS, "utf-8")
        for case, (faults, variables, arguments) in _CASES.items():
            accounts[ACME].reset(faults)
            shell.tickets.clear()
            done = shell.run(f"DESK_TOKEN={DESK_TOKEN} ZCHAT_RETRIES=1 {variables} {_LEAVER} {arguments} -vvv")
            assert DESK_TOKEN not in done.stdout
            assert (shell.folder / "facts.json").exists(), done.stdout
            result, files, situation = json.loads((shell.folder / "facts.json").read_text("utf-8"))
            (shell.folder / "facts.json").unlink()
            headline, *cells = table[case]
            assert re.fullmatch(".+".join(map(re.escape, headline.split("..."))), result["headline"]), case
            summary, people = result["summary"], result["agents"]
            assert cells == [
                json.dumps(result["complete"]),
                f"{json.dumps(summary['revoked'])}, {json.dumps(summary['not_revoked'])}",
                "agents is null" if people is None else ", ".join(json.dumps(person["enabled"]) for person in people),
                ", ".join(Path(file).suffix[1:] for file in files) or "none",
            ], f"{case}\n{result}"
            assert done.returncode == (0 if case in _SUCCEED else 2), f"{case}\n{done.stdout}"
            subjects = [ticket["subject"] for ticket in shell.tickets]
            assert subjects == ([] if case in _SUCCEED else [f"Chat offboarding: {result['headline']}"]), case
            for ticket in shell.tickets:
                assert ticket["description"].endswith(situation), case
                assert (result["msg"] or result["headline"]) in ticket["description"], case
            assert (result["msg"] is None) == (case in (*_SUCCEED, "unknown address")), case
        # A job that forgot the variable.
        shell.tickets.clear()
        done = shell.run(f"DESK_TOKEN={DESK_TOKEN} ansible-playbook leaver.yml")
        assert (done.returncode, len(shell.tickets)) == (2, 1), done.stdout


@pytest.fixture
def roster(tmp_path: Path, collections_path: str) -> Iterator[tuple[Shell, Sandbox]]:
    """Yield a shell with the playbook of the guide, and the account."""
    with run_accounts() as accounts, shell_for(Guide(), accounts, tmp_path, collections_path) as shell:
        (playbook,) = (text for kind, text in blocks("guide_roster") if kind == "yaml")
        (shell.folder / "roster.yml").write_text(playbook, "utf-8")
        yield shell, accounts[ACME]


@pytest.mark.timeout(400)
def test_a_roster_that_is_not_a_list_of_addresses_stops_before_any_request(roster: tuple[Shell, Sandbox]) -> None:
    """The tokens of an active person would be revoked: their line is not equal to the address of their agent."""
    shell, account = roster
    # As if an earlier proposal was approved.
    (shell.folder / "proposed.json").write_text('[{"id": 1302}]', "utf-8")
    for case, content in _ROSTERS_TO_REJECT.items():
        (shell.folder / "roster.txt").write_bytes(content)
        done = shell.run("ansible-playbook roster.yml --tags all,revoke")
        assert done.returncode != 0, f"{case}\n{done.stdout}"
        assert "roster.txt must contain 3 addresses" in " ".join(done.stdout.split()), f"{case}\n{done.stdout}"
        assert not account.state.requests, f"{case}\n{done.stdout}"


def test_a_roster_with_the_line_ends_of_windows_is_read(roster: tuple[Shell, Sandbox]) -> None:
    shell, account = roster
    content = ROSTER + "o'neil+chat@mail.example.com\nmei.tanaka@example.com \n"
    (shell.folder / "roster.txt").write_bytes(content.replace("\n", "\r\n").encode())
    done = shell.run("ansible-playbook roster.yml && ansible-playbook roster.yml --tags revoke")
    assert done.returncode == 0, done.stdout
    assert deleted(account) == sorted(GUIDES["guide_roster"].revoked[ACME])


@dataclass(frozen=True)
class Machine:
    """The files of the nightly guide in one folder, instead of /opt/chat and the folders of systemd."""

    shell: Shell
    account: Sandbox

    @property
    def last_run(self) -> Path:
        return self.shell.folder / "last-run.json"

    def settings(self, unit: str) -> list[tuple[str, str]]:
        """Return the settings of a unit, such as ``chat-nightly.service``, as systemd expands them."""
        template, at, instance = unit.partition("@")
        instance = instance.removesuffix(".service")
        text = (self.shell.folder / (f"{template}@.service" if at else unit)).read_text("utf-8")
        for specifier, expanded in {"%n": unit, "%i": instance, "%H": "chat-host"}.items():
            text = text.replace(specifier, expanded)
        return [(name, value) for name, equals, value in (line.partition("=") for line in text.splitlines()) if equals]

    def start(self, unit: str) -> subprocess.CompletedProcess[str]:
        """Run a service as systemd does: with the variables of the unit, and those that systemd sets for a user without a home. If it
        fails, start the unit in its ``OnFailure``.
        """
        settings = self.settings(unit)
        environment = {
            # What leads to the mock servers.
            **{name: self.shell.environment[name] for name in ("HTTPS_PROXY", "REQUESTS_CA_BUNDLE")},
            "CURL_CA_BUNDLE": self.shell.environment["REQUESTS_CA_BUNDLE"],
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
            "HOME": "/dev/null/home",
            "USER": "chat",
            "LOGNAME": "chat",
        }
        for name, setting in settings:
            if name == "EnvironmentFile":
                environment.update(line.split("=", 1) for line in Path(setting).read_text("utf-8").splitlines())
            if name == "Environment":
                environment.update([setting.split("=", 1)])
        (command,) = (setting for name, setting in settings if name == "ExecStart")
        folder = dict(settings).get("WorkingDirectory", "/")
        done = Shell(Path(folder), environment, []).run(f"exec {command}")
        for name, setting in settings:
            if name == "OnFailure" and done.returncode != 0:
                alert = self.start(setting)
                assert alert.returncode == 0, alert.stdout
        return done

    def record(self, **changes: Any) -> None:
        """Change the record of the last run."""
        self.last_run.write_text(json.dumps({**json.loads(self.last_run.read_text("utf-8")), **changes}), "utf-8")

    def alerts(self) -> list[str]:
        """Return the subjects of the alerts since the last call."""
        subjects = [ticket["subject"] for ticket in self.shell.tickets]
        self.shell.tickets.clear()
        return subjects


@pytest.fixture
def machine(tmp_path: Path, collections_path: str) -> Iterator[Machine]:
    guide = Guide(connected=False)
    with run_accounts() as accounts, shell_for(guide, accounts, tmp_path, collections_path) as shell:
        for kind, text in blocks("guide_nightly_run"):
            if kind == "yaml":
                (shell.folder / text.split()[1]).write_text(text, "utf-8")
        files = [text for kind, text in blocks("guide_nightly_run") if kind == "bash" and "cat >" in text]
        typed = "".join(f"{line}\n" for line in _client_of(accounts[ACME]))
        done = shell.run("\n".join(files), typed)
        assert done.returncode == 0, done.stdout
        for path in (shell.folder / name for name in ("account.env", "alert.conf")):
            assert path.stat().st_mode & 0o777 == 0o600
        for path in shell.folder.iterdir():
            path.write_text(path.read_text("utf-8").replace("/opt/chat", str(shell.folder)), "utf-8")
        (shell.folder / "collections").symlink_to(collections_path)
        (shell.folder / "venv").symlink_to(Path(sys.executable).parents[1])
        yield Machine(shell, accounts[ACME])


def test_the_nightly_service_runs_for_a_user_without_a_home(machine: Machine) -> None:
    """As systemd runs it. There is one warning, and it is ours. The check of the last run then succeeds."""
    done = machine.start("chat-nightly.service")
    assert done.returncode == 0, done.stdout
    assert deleted(machine.account) == sorted(NIGHTLY)
    printed = " ".join(done.stdout.split())
    assert printed.count("[WARNING]") == printed.count("The state of agent 10000150 is unknown") == 1, done.stdout
    check = machine.start("chat-check.service")
    assert (check.returncode, check.stdout.startswith("OK: ")) == (0, True), check.stdout
    assert not machine.alerts()


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([{"path": ".", "status": 503}], id="API down"),
        pytest.param([{"path": "/oauth2/chat/token", "status": 401}], id="client refused"),
        pytest.param([{"method": "DELETE", "path": "/1402$", "status": 500}], id="a token of the first task is left"),
        pytest.param([{"method": "DELETE", "path": "/1203$", "status": 500}], id="a token of the last task is left"),
    ],
)
def test_a_nightly_run_that_fails_is_an_alert(machine: Machine, faults: list[dict[str, Any]]) -> None:
    """Also if there was a complete run the night before."""
    machine.last_run.write_text('{"finished": "2026-01-01T03:20:00Z", "complete": true}', "utf-8")
    machine.account.reset(faults)
    with (machine.shell.folder / "account.env").open("a", encoding="utf-8") as file:
        file.write("ZCHAT_RETRIES=1\n")  # faster
    done = machine.start("chat-nightly.service")
    assert done.returncode != 0, done.stdout
    assert machine.alerts() == ["chat-nightly.service failed on chat-host"]
    check = machine.start("chat-check.service")
    assert (check.returncode, "is not complete" in check.stdout) == (2, True), check.stdout
    assert machine.alerts() == ["chat-check.service failed on chat-host"]
    secret = str(machine.account.client_secret)
    assert secret not in done.stdout
    assert secret not in check.stdout


def test_a_nightly_run_that_lists_only_own_tokens_is_an_alert(machine: Machine) -> None:
    machine.account.reset(own_only=True)
    done = machine.start("chat-nightly.service")
    assert done.returncode != 0, done.stdout
    assert "lists the tokens of all agents" in " ".join(done.stdout.split())
    assert machine.alerts() == ["chat-nightly.service failed on chat-host"]
    assert machine.start("chat-check.service").returncode == 2


def test_the_check_of_the_last_run(machine: Machine) -> None:
    """It fails if there is no record, or if the record does not prove a complete run in the last 26 hours."""

    def ago(**duration: float) -> str:
        return (datetime.now(timezone.utc) - timedelta(**duration)).strftime("%Y-%m-%dT%H:%M:%SZ")

    assert "no record of a run" in machine.start("chat-check.service").stdout
    assert machine.alerts() == ["chat-check.service failed on chat-host"]
    # A dry run is no run.
    dry = machine.shell.run("set -a && . ./account.env && ansible-playbook nightly.yml --check")
    assert dry.returncode == 0, dry.stdout
    assert not machine.last_run.exists()
    machine.last_run.write_text("{}", "utf-8")
    for record, expected in (
        ({"finished": ago(minutes=1), "complete": True}, 0),
        ({"finished": ago(hours=25.9), "complete": True}, 0),
        ({"finished": ago(hours=26.1), "complete": True}, 2),
        ({"finished": ago(days=400), "complete": True}, 2),
        ({"finished": ago(hours=-1), "complete": True}, 2),
        ({"finished": ago(minutes=1), "complete": False}, 2),
        ({"finished": ago(minutes=1), "complete": None}, 2),
        ({"finished": ago(minutes=1), "complete": "false"}, 2),
        ({"finished": None, "complete": True}, 2),
        ({"finished": "yesterday", "complete": True}, 2),
    ):
        machine.record(**record)
        done = machine.start("chat-check.service")
        assert done.returncode == expected, f"{record}\n{done.stdout}"
        assert len(done.stdout.splitlines()) == 1, done.stdout
        assert len(machine.alerts()) == (1 if expected else 0), record
    for damaged in ("", "[]", "1", '{"finished":', '{"complete": true}'):
        machine.last_run.write_text(damaged, "utf-8")
        done = machine.start("chat-check.service")
        assert (done.returncode, len(done.stdout.splitlines())) == (2, 1), done.stdout


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="requires systemd-analyze")
def test_systemd_accepts_the_units_of_the_nightly_guide(machine: Machine) -> None:
    units = sorted(path.name for path in machine.shell.folder.glob("chat-*.*") if path.suffix in (".service", ".timer"))
    assert len(units) == 5
    for unit in units:
        script = f"SYSTEMD_UNIT_PATH={machine.shell.folder}: systemd-analyze verify --man=no {unit}"
        # An unknown setting is only a warning.
        done = machine.shell.run(script)
        assert (done.returncode, done.stdout) == (0, "")
    for unit in units:
        settings = dict(line.partition("=")[::2] for line in (machine.shell.folder / unit).read_text().splitlines())
        if "OnCalendar" in settings:
            done = machine.shell.run(f"systemd-analyze calendar --iterations=2 '{settings['OnCalendar']}'")
            assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not shutil.which("logrotate"), reason="requires logrotate")
def test_logrotate_accepts_the_file_of_the_nightly_guide(machine: Machine) -> None:
    """The next run begins a new journal."""
    path = machine.shell.folder / "chat-nightly.logrotate"
    path.write_text(re.sub("    su .*\n", "", path.read_text("utf-8")), "utf-8")
    journal = machine.shell.folder / "revocations.jsonl"
    assert machine.start("chat-nightly.service").returncode == 0
    lines = journal.read_text("utf-8")
    done = machine.shell.run(f"logrotate --force --state state {path.name}")
    assert done.returncode == 0, done.stdout
    assert not journal.exists()
    assert journal.with_suffix(".jsonl.1").read_text("utf-8") == lines
    assert machine.start("chat-nightly.service").returncode == 0


def test_the_controller_guide_copies_from_the_installation_that_ansible_uses(
    tmp_path: Path, collections_path: str
) -> None:
    """With two installations, it is the first one in the search path."""
    mine = tmp_path / "mine"
    shutil.copytree(Path(collections_path, "ansible_collections"), mine / "ansible_collections")
    (mine / "ansible_collections/zchat/admin/extensions/controller/mine").touch()
    with run_accounts() as accounts, shell_for(Guide(), accounts, tmp_path, f"{mine}:{collections_path}") as shell:
        command = next(text for kind, text in blocks("guide_controller") if kind == "bash")
        done = shell.run(command)
        assert done.returncode == 0, done.stdout
        assert (shell.folder / "controller" / "mine").exists()


_SOURCES = (
    "plugins/module_utils/**/*.py",
    "plugins/action/*.py",
    "plugins/plugin_utils/_action.py",
    "plugins/plugin_utils/_arguments.py",
    "plugins/plugin_utils/_documents.py",
    "plugins/plugin_utils/_files.py",
    "plugins/plugin_utils/_offboarding.py",
)
"""The files with messages. The other files contain the texts of reports."""
_MESSAGE = re.compile(r"^.{17,}\.[\0 ]*$", re.DOTALL)
"""A message: a sentence, which can end with a value."""
_PART = re.compile(
    r"^(it (contains|has|is|returned) |its |the (\0|agent_id|name) of |the clients \0 and \0 have |the new list lacks |"
    r"(client|token) \0 has no | To select every token|"
    r"\0\. Contact the vendor|\0 (Nothing was revoked based|It may (not )?show)|Check both\. |The token may have a typo|"
    r" It gave no reason| Another one is that| Similar, but not the same|No token to revoke|\0 would be revoked\.|"
    r" If the selection is correct, increase it|"
    r"No API client to delete|\0 deleted, \0 revoked|\0 would be deleted, and \0 would be revoked| This is not verified| \0 kept, because 'exclude'|"
    r"\0 (Check the (certificate|clock) of|If it is correct|Another server|If your own CA|The CA must))"
)
"""The reason or the advice in a message that is explained as a whole, and messages of success."""
_OF_ANSIBLE = "Failed to import the required Python library (requests)"
_IN_PLAYBOOKS = "\n".join(path.read_text("utf-8") for path in (ROOT / "playbooks").glob("*.yml"))


def messages() -> Iterator[str]:
    """Yield the messages in the source, with a NUL for each value."""
    for path in sorted(path for pattern in _SOURCES for path in ROOT.glob(pattern)):
        tree = ast.parse(path.read_text("utf-8"))
        parts: set[Any] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                parts.add(node.value)  # a docstring
            if isinstance(node, ast.JoinedStr):
                parts.update(node.values)
        for node in ast.walk(tree):
            text = ""
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in parts:
                text = node.value
            if " " in text:
                yield text


def test_every_message_is_explained() -> None:
    """The troubleshooting guide quotes the beginning of each message, and no message that does not exist."""
    source = (DOCSITE / "rst" / "guide_troubleshooting.rst").read_text("utf-8")
    quotations = re.findall(r"^``(.+)``\n  \S", source, re.MULTILINE)
    assert len(quotations) == len(set(quotations)) > 50
    found = list(messages())
    explained = set()
    for quotation in quotations:
        # "..." stands for a value.
        pattern = re.compile(".*?".join(map(re.escape, quotation.split("..."))), re.DOTALL | re.IGNORECASE)
        matches = {message for message in found if pattern.match(message)}
        exists = matches or quotation == _OF_ANSIBLE or pattern.search(_IN_PLAYBOOKS)
        assert exists, f"no message begins with: {quotation}"
        explained |= matches
    missing = [text for text in found if _MESSAGE.match(text) and not _PART.match(text) and text not in explained]
    assert not missing, f"not explained: {missing}"
