# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m tests.sandbox``: the sandbox for manual use, or for a script that waits for the ready file."""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import sys
import threading
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

from .checks import InputError
from .options import Options
from .server import Sandbox


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.sandbox",
        description="A mock server of the Zendesk Chat API on this machine. It keeps its state in memory.",
    )
    for option in fields(Options):
        name = f"--{option.name.replace('_', '-')}"
        parser.add_argument(name, default=option.default, **option.metadata["argument"])
    text = "write URLs and credentials to this JSON file when ready"
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help=text)
    return parser


def _read_json(path: Path) -> Any:
    """Return the content of a JSON file. Raises InputError with the reason if it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: is not JSON: {error}") from error


def _write_ready_file(path: Path, sandbox: Sandbox) -> None:
    """Write the URLs and credentials to the ready file. The file appears only when it is complete."""
    facts = {
        "url": sandbox.url,
        "api_url": sandbox.api_url,
        "legacy_url": sandbox.legacy_url,
        "access_token": sandbox.access_token,
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "email": sandbox.email,
        "password": sandbox.password,
        "pid": os.getpid(),
    }
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(path)


def _greeting(sandbox: Sandbox) -> str:
    """Return the text for the user: the URLs, the credentials, and a playbook to paste."""
    state = sandbox.state
    tokens = state.tokens
    owners = {token.get("agent_id") for token in tokens.values()} - {None}
    own = next((token for token in tokens.values() if token.get("access_token") == sandbox.access_token), {})
    others = Counter(token.get("agent_id") for token in tokens.values() if token.get("agent_id") != own.get("agent_id"))
    agent_id, count = next(iter(others.most_common(1)), (None, 0))
    lines = [
        f"Mock server of the Zendesk Chat API: {len(tokens)} tokens of {len(owners)} agents, all fictitious.",
        "",
        f"  API             {sandbox.api_url}  (Bearer)",
        f"  old base URL    {sandbox.legacy_url}  (Basic or Bearer)",
        f"  access token    {sandbox.access_token or '-'}",
        f"  client id       {sandbox.client_id or '-'}",
        f"  client secret   {sandbox.client_secret or '-'}",
        f"  email           {sandbox.email or '-'}",
        f"  password        {sandbox.password or '-'}",
        f"  request log     {sandbox.url}/_sandbox/requests",
        "",
    ]
    if agent_id is not None and sandbox.access_token:
        lines += [
            "Paste this into another terminal in which zchat.admin is installed:",
            "",
            "unset ZCHAT_SUBDOMAIN",
            f"export ZCHAT_API_URL={sandbox.api_url}",
            f"export ZCHAT_ACCESS_TOKEN={sandbox.access_token}",
            "cat > sandbox.yml <<'PLAYBOOK'",
            "- name: Try zchat.admin against the sandbox",
            "  hosts: localhost",
            "  gather_facts: false",
            "  tasks:",
            f"    - name: Revoke all tokens of agent {agent_id} ({count} tokens)",
            "      zchat.admin.zchat_oauth_token:",
            "        state: absent",
            f"        agent_ids: [{agent_id}]",
            f"        max_revocations: {max(20, count)}",
            "PLAYBOOK",
            "ansible-playbook sandbox.yml --check --diff   # dry run",
            "ansible-playbook sandbox.yml                  # revokes the tokens",
            "",
        ]
    return "\n".join([*lines, "Ctrl-C stops the sandbox and discards its data."])


def main() -> int:
    """Run until Ctrl-C or SIGTERM. Return the exit status."""
    given = vars(_parser().parse_args())
    ready_file: Path | None = given.pop("ready_file")
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *unused: ended.set())
    try:
        options = Options(**{name: _read_json(v) if isinstance(v, Path) else v for name, v in given.items()})
        with Sandbox(options) as sandbox:
            # With many tokens, a full garbage collection would delay responses. These objects remain in use anyway.
            gc.freeze()
            if ready_file:
                _write_ready_file(ready_file, sandbox)
            # Flush, because a script may read the text from a pipe.
            print(_greeting(sandbox), flush=True)
            ended.wait()
    except (InputError, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    finally:
        if ended.is_set() and ready_file:
            ready_file.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
