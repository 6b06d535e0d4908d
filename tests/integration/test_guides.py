# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does what the guides in docs/docsite/rst say, each in its order and in a folder of its own.

Blocks of YAML are files, named in their first line. Blocks of bash are typed one after the other into one shell. A block of
text is what its reader should see of the command before it, where a line ``...`` stands for anything.
"""

from __future__ import annotations

import ast
import contextlib
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.ansible_run import ROOT
from tests.integration.documentation import clone, shell_environment
from tests.integration.zendesk import Zendesk
from tests.sandbox import COLLEAGUE_ID, LEAVER_ID, Options, Sandbox, demo_seed, fake_secret

DOCSITE = ROOT / "docs" / "docsite"
_BLOCK = re.compile(r"^\.\. code-block:: (\S+)\n((?:   :.*\n)*)\n((?:   .*\n|\n)+)", re.MULTILINE)
_MARK = "#### end of block"
ACME, GLOBEX, OLD = "acme.zendesk.com", "globex.zendesk.com", "www.zopim.com"

READ_ONLY = 1102
"""A token of the administrator that can only list."""
LEAKED = 1301
"""A token that somebody has found in a log."""
GLOBEX_VALUE = fake_secret("globex", READ_ONLY)
LEFT_BEHIND, GONE = 1401, 20000007
"""A token whose agent was deleted, and that agent."""


@dataclass(frozen=True)
class Guide:
    """What a guide takes for granted, and what it comes to."""

    revoked: Mapping[str, set[int]] = field(default_factory=dict)
    """The tokens that are to be revoked by its end, by host."""
    typed: Callable[[Sandbox], list[str]] = lambda sandbox: []
    """What its reader pastes, line by line."""
    connected: bool = True
    """Whether it takes for granted that the connection is in the environment."""
    fails: tuple[str, ...] = ()
    """How the commands begin that it shows to fail."""
    untyped: Mapping[str, str] = field(default_factory=dict)
    """How the blocks begin that are not run, each with the reason."""
    unused: Mapping[str, str] = field(default_factory=dict)
    """Files that no command of the guide names, each with the command that runs it here, in an account of its own."""


def tokens_of(*agents: int) -> set[int]:
    return {token["id"] for token in demo_seed()["tokens"] if token["agent_id"] in agents}


def value(number: int) -> str:
    return fake_secret("access", number)


GUIDES = {
    "guide_first_steps": Guide(connected=False, typed=lambda sandbox: [str(sandbox.access_token)]),
    "guide_access_token": Guide(
        connected=False, typed=lambda sandbox: [value(READ_ONLY)], fails=("ansible-playbook expired.yml\n",)
    ),
    "guide_offboarding": Guide({ACME: {*tokens_of(LEAVER_ID, COLLEAGUE_ID), LEFT_BEHIND}}),
    "guide_leaked_token": Guide({ACME: {LEAKED, 1100}}, typed=lambda sandbox: [fake_secret("refresh", LEAKED)]),
    "guide_weekly_cleanup": Guide({ACME: {38, 143, 1101, 1201, 1202, 1203, 1207, 1302, LEFT_BEHIND}}),
    "guide_dry_run": Guide({ACME: tokens_of(COLLEAGUE_ID)}),
    "guide_many_accounts": Guide(
        {
            ACME: tokens_of(LEAVER_ID, COLLEAGUE_ID),
            GLOBEX: {*tokens_of(LEAVER_ID, COLLEAGUE_ID), READ_ONLY},
            OLD: tokens_of(LEAVER_ID, COLLEAGUE_ID),
        },
        connected=False,
        typed=lambda sandbox: [value(1100), value(1100), sandbox.password, GLOBEX_VALUE],
        fails=("GLOBEX_CHAT_TOKEN=wrong ",),
    ),
    "guide_controller": Guide(),
    "guide_events": Guide(
        {ACME: tokens_of(LEAVER_ID)},
        untyped={
            "ansible-rulebook ": "a service that goes on until it is stopped; the rulebooks have tests of their own",
            "curl ": "needs that service",
        },
    ),
    "guide_from_uri": Guide({ACME: tokens_of(LEAVER_ID)}, unused={"before.yml": "ansible-playbook before.yml"}),
    "guide_troubleshooting": Guide(),
}


def blocks(name: str) -> list[tuple[str, str]]:
    """The blocks of a guide, each as its type and its text."""
    source = (DOCSITE / "rst" / f"{name}.rst").read_text("utf-8")
    found = [(kind, textwrap.dedent(text).strip("\n") + "\n") for kind, _options, text in _BLOCK.findall(source)]
    # None escapes: neither another directive nor a literal block.
    assert source.count(".. code") == len(found)
    assert not re.search(
        r"^(?!\.\. ).*::$|^>>> |^\.\. (sourcecode|parsed-literal|literalinclude|prompt)", source, re.MULTILINE
    )
    return found


def test_every_guide_is_on_the_site_and_tested() -> None:
    index = yaml.safe_load((DOCSITE / "extra-docs.yml").read_text("utf-8"))
    on_site = [guide for section in index["sections"] for guide in section["toctree"]]
    assert sorted(on_site) == sorted(path.stem for path in (DOCSITE / "rst").iterdir()) == sorted(GUIDES)
    for name in on_site:
        source = (DOCSITE / "rst" / f"{name}.rst").read_text("utf-8")
        assert f"\n.. _ansible_collections.zchat.admin.docsite.{name}:\n" in source


@pytest.fixture
def accounts() -> Iterator[dict[str, Sandbox]]:
    """A sandbox for each host, in which an agent was deleted whose token lives on."""
    with contextlib.ExitStack() as stack:
        yield {host: stack.enter_context(Sandbox(Options(seed=seed(host)))) for host in (ACME, GLOBEX, OLD)}


def seed(host: str) -> dict[str, Any]:
    document = demo_seed()
    tokens = document["tokens"]
    tokens.append({**tokens[-1], "id": LEFT_BEHIND, "agent_id": GONE, "access_token": value(LEFT_BEHIND)})
    if host == GLOBEX:
        # A value that no other account has.
        next(token for token in tokens if token["id"] == READ_ONLY)["access_token"] = GLOBEX_VALUE
    return document


@dataclass(frozen=True)
class Shell:
    """Where a guide is followed."""

    folder: Path
    environment: Mapping[str, str]

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


@pytest.fixture
def shell(accounts: dict[str, Sandbox], tmp_path: Path, collections_path: str) -> Iterator[Shell]:
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    others = {host: sandbox.url for host, sandbox in accounts.items()}
    with Zendesk(accounts[ACME].url, tmp_path / "zendesk", others) as zendesk:
        environment = {
            **shell_environment(home, zendesk),
            "ANSIBLE_COLLECTIONS_PATH": collections_path,
            # For what is not this collection's, such as ansible.builtin.uri.
            "SSL_CERT_FILE": str(zendesk.ca_path),
        }
        yield Shell(folder, environment)


def deleted(sandbox: Sandbox) -> list[int]:
    """The tokens that a DELETE was accepted for."""
    done = [entry for entry in sandbox.state.requests if entry["method"] == "DELETE" and entry["status"] == 204]
    return sorted(int(entry["path"].rpartition("/")[2]) for entry in done)


def typing(command: str, guide: Guide) -> str:
    """A command as a script that ends with a mark, and goes on only if the command does what the guide says."""
    if command.startswith(guide.fails):
        command = f"if (\n{command}\n); then echo 'it should have failed'; exit 99; fi\n"
    return f"{command}printf '%s\\n' '{_MARK}'\n"


def check_seen(expected: str, output: str, command: str) -> None:
    """Each part of ``expected`` is in ``output``, in order; Ansible breaks its lines where it likes."""
    position = 0
    printed = " ".join(output.split())
    for part in re.split(r"^\.\.\.$", expected, flags=re.MULTILINE):
        words = " ".join(part.split())
        found = printed.find(words, position)
        assert found >= 0, f"{words!r} is not to be seen of\n{command}\n{output}"
        position = found + len(words)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", [name for name in GUIDES if blocks(name)])
def test_guide(name: str, shell: Shell, accounts: dict[str, Sandbox], tmp_path: Path) -> None:
    guide = GUIDES[name]
    acme = accounts[ACME]
    environment = dict(shell.environment)
    if guide.connected:
        environment.update(ZCHAT_SUBDOMAIN="acme", ZCHAT_ACCESS_TOKEN=str(acme.access_token))
    if name == "guide_first_steps":
        build_archive(tmp_path / "checkout", shell)
        del environment["ANSIBLE_COLLECTIONS_PATH"]
    shell = Shell(shell.folder, environment)

    steps: list[tuple[str, str]] = []
    """Commands, each with what is to be seen of it."""
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
            assert kind == "text", f"nobody knows what to do with {kind}"
            assert steps, f"nothing to see before any command:\n{text}"
            steps[-1] = (steps[-1][0], f"{steps[-1][1]}{text}")
    left_out = [command for command, _seen in steps if command.startswith(tuple(guide.untyped))]
    assert len(left_out) == len(guide.untyped)
    steps = [step for step in steps if step[0] not in left_out]
    commands = "".join(command for command, _seen in steps)
    assert {file for file in files if file not in commands} == set(guide.unused)
    for command in guide.unused.values():
        done = Shell(shell.folder, {**environment, "ZCHAT_ACCESS_TOKEN": str(acme.access_token)}).run(command)
        assert done.returncode == 0, done.stdout
        assert deleted(acme) == sorted(guide.revoked[ACME])
        acme.reset()

    done = shell.run(
        "".join(typing(command, guide) for command, _seen in steps), "".join(f"{line}\n" for line in guide.typed(acme))
    )
    assert done.returncode == 0, done.stdout
    for (command, seen), output in zip(steps, done.stdout.split(f"{_MARK}\n"), strict=False):
        if seen:
            check_seen(seen, output, command)
    for sandbox in accounts.values():
        shown = [secret for secret in sandbox.state.secrets if secret in done.stdout]
        assert not shown, f"secrets were printed: {shown}"
    assert {host: deleted(sandbox) for host, sandbox in accounts.items()} == {
        host: sorted(guide.revoked.get(host, ())) for host in accounts
    }


def build_archive(checkout: Path, shell: Shell) -> None:
    """Put the archive of a release where the guide expects it."""
    clone(checkout)
    subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-galaxy"),
            "collection",
            "build",
            "--output-path",
            str(shell.folder),
        ],
        cwd=checkout,
        env=dict(shell.environment),
        check=True,
        stdout=subprocess.DEVNULL,
    )


# What the source holds besides messages, and the parts of messages that are explained with the whole.
_NO_MESSAGES = re.compile(
    r"it (answered|did|holds|is not|lists) |its (list|pages) |agent \x00|token \x00 in|the (\x00|agent_id) of|"  # reasons
    r"It may be mistyped, expired|Check both|Make a token with|Use those of an Admin|"  # advice
    r"e-mail address and password|not shown, since|Token\(|revoked OAuth token|%Y-|\x00 bytes in|[ ,]|"
    r"required scopes|\(\\d"  # regular expressions
)
_SHORTEST = 18
"""Characters of the shortest message; what is shorter is a part of one."""
_NOT_OURS = "Failed to import the required Python library (requests)"
"""A message of Ansible's own; test_network.py plays it."""


def sentences() -> Iterator[str]:
    """The texts in the source that a user may read, with a NUL for each value."""
    for path in sorted((ROOT / "plugins" / "module_utils").glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        parts: set[Any] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                parts.add(node.value)  # a docstring
            if isinstance(node, ast.JoinedStr):
                parts.update(node.values)
        for node in ast.walk(tree):
            text = ""
            if node in parts:
                continue
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
            if " " in text:
                yield text


def test_every_message_is_explained() -> None:
    """The troubleshooting guide quotes messages that exist, and all that exist."""
    source = (DOCSITE / "rst" / "guide_troubleshooting.rst").read_text("utf-8")
    quoted = re.findall(r"^``(.+)``\n  \S", source, re.MULTILINE)
    assert len(quoted) == len(set(quoted)) > 50
    messages = list(sentences())
    explained = set()
    for quotation in quoted:
        # "..." and, at the end of a sentence, "....": any value.
        pattern = ".*?".join(re.escape(part) for part in re.split(r"\.\.\.", quotation))
        found = {message for message in messages if re.match(pattern, message, re.DOTALL)}
        assert found or quotation == _NOT_OURS, f"no message reads: {quotation}"
        explained |= found
    missing = [
        text for text in messages if len(text) >= _SHORTEST and text not in explained and not _NO_MESSAGES.match(text)
    ]
    assert not missing, f"not explained: {missing}"
