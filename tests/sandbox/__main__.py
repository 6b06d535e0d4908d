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
from collections.abc import Sequence
from pathlib import Path

from .checks import InputError
from .faults import parse_faults
from .options import VALUE_FORMS, Options
from .seed import read_json, read_seed
from .server import Sandbox


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.sandbox",
        description="A mock server of the Zendesk Chat API on this machine. It keeps its state in memory.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on, in 127.0.0.0/8 (default: %(default)s)")
    add("--port", type=int, default=0, help="port to listen on; 0 selects a free one (default: %(default)s)")
    add("--latency", type=float, default=0.0, metavar="SECONDS", help="minimum duration of each request")
    add(
        "--rate-limit",
        type=int,
        metavar="N",
        help="requests that each endpoint accepts in a window before it returns 429",
    )
    add(
        "--rate-window",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="length of that window (default: %(default)g)",
    )
    add("--requests-per-minute", type=int, metavar="N", help="the same as --rate-limit N --rate-window 60")
    add("--list-cap", type=int, metavar="N", help="limit the token list to the N tokens with the lowest ids")
    add("--own-only", action="store_true", help="limit the token list to the tokens of the calling agent")
    add(
        "--value-form",
        choices=VALUE_FORMS,
        default="full",
        help="form of the listed token values (default: %(default)s)",
    )
    add("--value-length", type=int, metavar="N", help="list only the first N characters of each token value")
    add("--email-case-sensitive", action="store_true", help="look up email addresses only by their exact spelling")
    add("--tokens", type=int, default=0, metavar="N", help="generate N tokens in addition to the seed")
    add("--agents", type=int, default=0, metavar="N", help="generate N agents in addition to the seed")
    add(
        "--seed",
        type=Path,
        metavar="FILE",
        help="JSON file with agents, tokens, clients and credentials to use instead of the demo account",
    )
    add("--faults", type=Path, metavar="FILE", help="JSON file with a list of faults")
    add("--ready-file", type=Path, metavar="FILE", help="write URLs and credentials to this JSON file when ready")
    return parser


def _options(given: argparse.Namespace) -> Options:
    """Return the options from the command line. Raises InputError for an invalid value."""
    rate_limit, rate_window = given.rate_limit, given.rate_window
    if given.requests_per_minute is not None:
        if rate_limit is not None:
            raise InputError("--requests-per-minute and --rate-limit are mutually exclusive")
        rate_limit, rate_window = given.requests_per_minute, 60.0
    return Options(
        host=given.host,
        port=given.port,
        latency=given.latency,
        rate_limit=rate_limit,
        rate_window=rate_window,
        list_cap=given.list_cap,
        own_only=given.own_only,
        value_form=given.value_form,
        value_length=given.value_length,
        email_case_sensitive=given.email_case_sensitive,
        tokens=given.tokens,
        agents=given.agents,
        seed=read_seed(given.seed) if given.seed else None,
        faults=parse_faults(read_json(given.faults), f"{given.faults}: faults") if given.faults else (),
    )


def _write_ready_file(path: Path, sandbox: Sandbox) -> None:
    """Write the URLs and credentials to the ready file. The file appears only when it is complete."""
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM. Return the exit status."""
    given = _parser().parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *unused: ended.set())
    try:
        with Sandbox(_options(given)) as sandbox:
            # With many tokens, a full garbage collection would delay responses. These objects remain in use anyway.
            gc.freeze()
            if given.ready_file:
                _write_ready_file(given.ready_file, sandbox)
            # Flush, because a script may read the text from a pipe.
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
