# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m tests.sandbox``: the sandbox for a person, or for a script that waits for its ready file."""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .checks import InputError
from .faults import parse_faults
from .options import Options
from .seed import read_json, read_seed
from .server import Sandbox


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.sandbox",
        description="A stand-in for the Zendesk Chat API on this machine. It keeps its state in memory until it ends.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen at; only 127.0.0.1 and its like (default: %(default)s)")
    add(
        "--port", type=int, default=0, help="port to listen at; 0 picks a free one and prints it (default: %(default)s)"
    )
    add("--latency", type=float, default=0.0, metavar="SECONDS", help="how long each answer takes, at least")
    add("--rate-limit", type=int, metavar="N", help="requests allowed to each endpoint in a window; then 429")
    add(
        "--rate-window",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="length of that window (default: %(default)g)",
    )
    add("--requests-per-minute", type=int, metavar="N", help="the same as --rate-limit N --rate-window 60")
    add("--list-cap", type=int, metavar="N", help="the list shows only the first N tokens by id")
    add("--value-length", type=int, metavar="N", help="the list shows only N characters of each token value")
    add("--tokens", type=int, default=0, metavar="N", help="generate N tokens besides those of the seed")
    add("--agents", type=int, default=0, metavar="N", help="generate N agents besides those of the seed")
    add(
        "--seed", type=Path, metavar="FILE", help="JSON with agents, tokens and credentials instead of the demo account"
    )
    add("--faults", type=Path, metavar="FILE", help="JSON list of what is to go wrong")
    add("--ready-file", type=Path, metavar="FILE", help="write URLs and credentials here, as JSON, once listening")
    return parser


def _options(given: argparse.Namespace) -> Options:
    """Return the options that the command line means. Raises InputError."""
    rate_limit, rate_window = given.rate_limit, given.rate_window
    if given.requests_per_minute is not None:
        if rate_limit is not None:
            raise InputError("give either --requests-per-minute or --rate-limit")
        rate_limit, rate_window = given.requests_per_minute, 60.0
    return Options(
        host=given.host,
        port=given.port,
        latency=given.latency,
        rate_limit=rate_limit,
        rate_window=rate_window,
        list_cap=given.list_cap,
        value_length=given.value_length,
        tokens=given.tokens,
        agents=given.agents,
        seed=read_seed(given.seed) if given.seed else None,
        faults=parse_faults(read_json(given.faults), f"{given.faults}: faults") if given.faults else (),
    )


def _write_ready_file(path: Path, sandbox: Sandbox) -> None:
    """Write what a script needs to know, so that nobody ever reads half of it."""
    facts = {
        "url": sandbox.url,
        "api_url": sandbox.api_url,
        "legacy_url": sandbox.legacy_url,
        "access_token": sandbox.access_token,
        "email": sandbox.email,
        "password": sandbox.password,
        "pid": os.getpid(),
    }
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(path)


def greeting(sandbox: Sandbox) -> str:
    """Return what a person reads: where, with what, and a playbook to paste."""
    state = sandbox.state
    agents, tokens = state.agents, state.tokens
    own = next((token for token in tokens.values() if token.get("access_token") == sandbox.access_token), {})
    others = Counter(token.get("agent_id") for token in tokens.values() if token.get("agent_id") != own.get("agent_id"))
    agent_id, count = next(iter(others.most_common(1)), (None, 0))
    lines = [
        f"The sandbox stands in for the Zendesk Chat API: {len(agents)} agents, {len(tokens)} tokens, nothing real.",
        "",
        f"  API             {sandbox.api_url}  (Bearer)",
        f"  its old base    {sandbox.legacy_url}  (Basic or Bearer)",
        f"  access token    {sandbox.access_token or '-'}",
        f"  e-mail          {sandbox.email or '-'}",
        f"  password        {sandbox.password or '-'}",
        f"  request log     {sandbox.url}/_sandbox/requests",
        "",
    ]
    if agent_id is not None and sandbox.access_token:
        lines += [
            "Paste this into another terminal, where zchat.admin is installed:",
            "",
            "unset ZCHAT_SUBDOMAIN",
            f"export ZCHAT_API_URL={sandbox.api_url}",
            f"export ZCHAT_ACCESS_TOKEN={sandbox.access_token}",
            "cat > sandbox.yml <<'PLAYBOOK'",
            "- name: Try zchat.admin against the sandbox",
            "  hosts: localhost",
            "  gather_facts: false",
            "  tasks:",
            f"    - name: Revoke every token of agent {agent_id} ({count} of them)",
            "      zchat.admin.zchat_oauth_token:",
            "        state: absent",
            f"        agent_ids: [{agent_id}]",
            "        max_revocations: 20",
            "PLAYBOOK",
            "ansible-playbook sandbox.yml --check --diff   # what would happen",
            "ansible-playbook sandbox.yml                  # it happens",
            "",
        ]
    return "\n".join([*lines, "Ctrl-C ends the sandbox, and with it everything in it."])


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM, and return the exit status."""
    given = _parser().parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *unused: ended.set())
    try:
        with Sandbox(_options(given)) as sandbox:
            # With many tokens a full collection takes long enough to show in an answer's time; these stay anyway.
            gc.freeze()
            if given.ready_file:
                _write_ready_file(given.ready_file, sandbox)
            # What is printed goes out at once, also into a file or a pipe.
            print(greeting(sandbox), flush=True)
            ended.wait()
    except (InputError, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    finally:
        if ended.is_set() and given.ready_file:
            given.ready_file.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
