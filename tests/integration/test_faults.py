# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a faulty or hostile API can do. For each group of attacks, one play shows the rules through real Ansible.

Unit tests show each rule in detail. The plays are here, in other files where named, or in a target (``targets/``):

=====================================================================  =======================================================
rule                                                                   play
=====================================================================  =======================================================
**Outcomes are reported correctly**
a 1xx response is not the final response                               test_outcomes
a list that cannot be true is no proof                                 test_outcomes (empty list), verify (list cannot be read)
the own token's revocation is verified by its use                      own_token, own_token_hidden
a lost response to the last attempt is decided by the list             test_outcomes
a run that was killed leaves its journal                               test_interrupted.py
a token that stays listed after a 404 is not revoked                   verify
without verification, only a response of the API counts                test_outcomes
an address is unknown only if the list of agents lacks it              test_outcomes
a list of only own tokens, or with signs of a next page                test_warnings.py, failed_lists
**Only the selected tokens are revoked**
the own token is protected if its value is not listed                  own_token_hidden
a date that means "never" is not expired; both clocks must agree       test_selection
only the case of ASCII letters is ignored; a shared address            test_selection
**Each task ends**
a response that is not gzip, endless, slow or silent                   test_each_task_ends
agents in pages that are not sorted                                    test_each_task_ends
**No secret is printed**
whatever form the server echoes it in; in a URL; in the system log     test_secrets.py
**An invalid option is rejected before any request**
values that are not addresses or ids, null                             bad_options, connection
=====================================================================  =======================================================
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.ansible_run import Player, Run, chat_defaults, sandbox_variables
from tests.sandbox import AUTOMATION_TOKEN_ID, LEAVER_EMAIL, LEAVER_ID, Options, Sandbox, demo_seed
from tests.unit.support.scripted_server import ScriptedServer, response

if TYPE_CHECKING:
    from tests.unit.support.scripted_server import Step

REVOKE, INFO, AGENTS = (f"zchat.admin.zchat_{name}" for name in ("oauth_token", "oauth_token_info", "agent_info"))
FIRST = 1_000_001
"""The id of the first token that the sandbox generates."""
GENERATED = {"client_identifier": "generated"}
HTML = "<html>Log in</html>"
LISTS = ("revoked", "kept", "gone", "not_revoked")

NewSandbox = Callable[..., Sandbox]


@pytest.fixture
def new_sandbox() -> Iterator[NewSandbox]:
    """A function that starts a further sandbox with these options."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(Sandbox(Options(**options)))


def _at(sandbox: Sandbox) -> dict[str, Any]:
    """Return the connection options for a sandbox."""
    return {"api_url": sandbox.api_url, "access_token": sandbox.access_token, "retries": 0}


def _task(module: str, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    state = {"state": "absent"} if module == REVOKE else {}
    return {"name": name, module: {**state, **options}, "ignore_errors": True}


def _play(player: Player, tasks: Sequence[Mapping[str, Any]]) -> Run:
    return player.play(tasks).check()


def _ids(result: Mapping[str, Any], name: str) -> list[int]:
    return [row["id"] for row in result[name]]


def _outcomes(result: Mapping[str, Any]) -> dict[int, str]:
    """Return the list that contains each token, by the id of the token."""
    return {number: name for name in LISTS for number in _ids(result, name)}


# The faults of the DELETE requests of one token, and the list that must contain the token.
RESPONSES: dict[str, tuple[dict[str, Any], str]] = {
    "a 103 before a 204": ({"interim": 103}, "revoked"),
    "a 102 before a 422": ({"interim": 102, "status": 422}, "not_revoked"),
    "a 204 after them": ({"delay": 0.01}, "revoked"),
    "several 1xx before a 403": ({"interim": 103, "interim_times": 3, "status": 403}, "not_revoked"),
    "another 204 after them": ({"delay": 0.01}, "revoked"),
    "a lost request": ({"drop": "before"}, "not_revoked"),
    "a lost response": ({"drop": "after"}, "revoked"),
    "a 500, executed": ({"status": 500, "apply": True}, "revoked"),
    "a 500, not executed": ({"status": 500}, "not_revoked"),
    "a 202 with content, executed": ({"status": 202, "body": {"status": "queued"}, "apply": True}, "revoked"),
    "a 200 with a web page": ({"status": 200, "body": HTML}, "not_revoked"),
    "a 404, revoked by someone else": ({"status": 404, "body": HTML, "apply": True}, "gone"),
}


def test_outcomes(player: Player, new_sandbox: NewSandbox) -> None:
    """Outcomes are reported correctly: no token that still exists is reported as revoked, and vice versa."""
    numbers = {name: FIRST + position for position, name in enumerate(RESPONSES)}
    faults = [
        {"method": "DELETE", "path": f"/{numbers[name]}$", **fault} for name, (fault, _outcome) in RESPONSES.items()
    ]
    faulty = new_sandbox(tokens=len(RESPONSES), faults=faults)
    unverified = new_sandbox(
        tokens=4,
        faults=[
            {"method": "DELETE", "path": f"/{FIRST}$", "status": 200, "body": HTML},
            {"method": "DELETE", "path": f"/{FIRST + 1}$", "status": 404, "body": HTML},
            {
                "method": "DELETE",
                "path": f"/{FIRST + 2}$",
                "status": 404,
                "body": {"error": "Not Found"},
                "apply": True,
            },
        ],
    )
    empty_list = new_sandbox(
        faults=[{"method": "GET", "path": "/oauth/tokens$", "after": 1, "status": 200, "body": []}]
    )
    gateway = new_sandbox(faults=[{"path": "/agents/email/", "status": 404, "body": HTML}])
    run = _play(
        player,
        [
            # One connection: a 1xx that counts as the response would shift all responses after it.
            _task(REVOKE, "faulty", {**_at(faulty), **GENERATED, "concurrency": 1}),
            _task(REVOKE, "unverified", {**_at(unverified), **GENERATED, "verify": False}),
            _task(REVOKE, "empty list", {**_at(empty_list), "ids": [1301]}),
            _task(REVOKE, "gateway", {**_at(gateway), "agent_emails": [LEAVER_EMAIL.upper(), "nobody@example.com"]}),
        ],
    )
    outcomes = _outcomes(run["faulty"])
    assert outcomes == {numbers[name]: outcome for name, (_fault, outcome) in RESPONSES.items()}
    left = {number for number in faulty.state.tokens if number >= FIRST}
    assert left == {number for number, outcome in outcomes.items() if outcome == "not_revoked"}
    statuses = {row["id"]: row["status"] for row in run["faulty"]["not_revoked"]}
    assert list(statuses.values()) == [422, 403, None, 500, 200]

    assert _outcomes(run["unverified"]) == {
        FIRST: "not_revoked",
        FIRST + 1: "not_revoked",
        FIRST + 2: "gone",
        FIRST + 3: "revoked",
    }
    assert "unknown" in run["unverified"]["not_revoked"][0]["msg"]

    assert run["empty list"]["failed"]
    assert not run["empty list"]["verified"]
    for words in ("not verified", "at the same time", "again"):
        assert words in run["empty list"]["msg"]

    assert len(run["gateway"]["revoked"]) == 12
    assert run["gateway"]["unknown_agent_emails"] == ["nobody@example.com"]
    assert run["gateway"]["verified"]


def _seed(agents: Sequence[Mapping[str, Any]], tokens: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the demo account with further agents and tokens."""
    seed = demo_seed()
    seed["agents"] += agents
    seed["tokens"] += [{"client_identifier": "a", "scopes": "read", **token} for token in tokens]
    return seed


def test_selection(player: Player, new_sandbox: NewSandbox) -> None:
    """Only the selected tokens are revoked."""
    dates = _seed(
        [],
        [
            {"id": 5001, "agent_id": LEAVER_ID, "create_date": "now-9d", "expire_date": "0001-01-01T00:00:00Z"},
            {"id": 5002, "agent_id": LEAVER_ID, "create_date": "now-9d", "expire_date": "1970-01-01T00:00:00Z"},
            # The clock of the API, ten minutes behind, is not past this date.
            {"id": 5003, "agent_id": LEAVER_ID, "create_date": "now-9d", "expire_date": "now-5m"},
            {"id": 5004, "agent_id": LEAVER_ID, "create_date": "now-9d", "expire_date": "now-1d"},
        ],
    )
    people = _seed(
        [
            {"id": 5, "email": "\u212aate@example.com"},
            {"id": 6, "email": "Shared@example.com"},
            {"id": 7, "email": "shared@example.com"},
        ],
        [{"id": 5000 + number, "agent_id": number} for number in (5, 6, 7)],
    )
    clock = new_sandbox(seed=dates, faults=[{"path": "/oauth/tokens$", "headers": {"Date": "{http_date:-600}"}}])
    few, many = new_sandbox(seed=people), new_sandbox(seed=people, agents=60)
    addresses = ["kate@example.com", "shared@example.com"]
    others = [f"agent-{2_000_001 + number}@example.com" for number in range(60)]
    run = _play(
        player,
        [
            _task(REVOKE, "clock", {**_at(clock), "agent_id": LEAVER_ID, "client_identifier": "a", "expired": True}),
            _task(REVOKE, "few", {**_at(few), "agent_emails": addresses}),
            _task(REVOKE, "many", {**_at(many), "agent_emails": [*addresses, *others]}),
        ],
    )
    assert _ids(run["clock"], "revoked") == [5004]
    assert {5001, 5002, 5003} <= clock.state.tokens.keys()
    assert sum("clock" in warning for warning in run["clock"]["warnings"]) == 1
    assert any("5001, 5002" in warning for warning in run["clock"]["warnings"])
    for name, account in (("few", few), ("many", many)):
        assert _ids(run[name], "revoked") == [5006, 5007]
        assert run[name]["unknown_agent_emails"] == ["kate@example.com"]
        assert any("shared@example.com" in warning for warning in run[name]["warnings"])
        assert 5005 in account.state.tokens


HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
BROKEN = "the connection broke before the response was complete"
# What the server sends instead of a list, and what the message must contain.
ENDLESS: dict[str, tuple[Step, str]] = {
    "reset before the response": (lambda exchange: exchange.reset(), BROKEN),
    "closed in the body": (lambda exchange: exchange.send_and_close(HEADERS + b"\r\n[{"), BROKEN),
    "no HTTP": (lambda exchange: exchange.send_and_close(b"220 mail.example.com ESMTP\r\n"), BROKEN),
    "no gzip": (response(200, b"[]", {"Content-Encoding": "gzip"}), "decompressed"),
    "silent after one byte": (lambda exchange: exchange.send_and_stall(b"H"), "no data for 1 s ('timeout')"),
    "slow in the body": (lambda exchange: exchange.send_slowly(HEADERS + b"\r\n[{"), "too slow"),
    "endless 100 responses": (
        lambda exchange: exchange.send_endlessly(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        "does not end",
    ),
    "endless headers": (lambda exchange: exchange.send_endlessly(HEADERS, b"X-Header: a\r\n"), ""),
}


def test_each_task_ends(player: Player, sandbox: Sandbox, new_sandbox: NewSandbox) -> None:
    """Each task ends soon, with the cause, whatever the server sends."""
    unsorted = new_sandbox(agents=250, agent_page_order="reversed")
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(ScriptedServer(step)) for name, (step, _words) in ENDLESS.items()}
        tasks = [
            _task(INFO, name, {**_at(sandbox), "api_url": server.url, "timeout": 1}) for name, server in servers.items()
        ]
        # Concurrent lookups: a response that is not gzip must not take a connection away from the others.
        emails = [f"agent-{number}@example.com" for number in range(12)]
        lookups = {**_at(sandbox), "api_url": servers["no gzip"].url, "timeout": 1, "agent_emails": emails}
        tasks += [_task(AGENTS, "lookups", lookups), _task(AGENTS, "unsorted", _at(unsorted))]
        began = time.monotonic()
        run = _play(player, tasks)
        assert time.monotonic() - began < 45
    for name, (_step, words) in ENDLESS.items():
        assert run[name]["failed"], name
        assert words in run[name]["msg"], (name, run[name]["msg"])
        if name != "no gzip":
            assert [request.split()[0] for request in servers[name].requests] == ["GET"], name
    assert "decompressed" in run["lookups"]["msg"]
    assert "sorted" in run["unsorted"]["msg"]
    assert run["unsorted"]["status"] == 200


def test_missing_fields(player: Player, sandbox: Sandbox) -> None:
    """Fields that are missing, null or unknown: they are null in the result, or absent, and cause no failure."""
    bare = {"agent_id": None, "client_identifier": None}
    seed = demo_seed()
    seed["agents"] += [{"id": 7}, {"id": 8, "email": None, "enabled": None, "roles": None, "last_login": None, "x": 1}]
    seed["tokens"] += [
        {"id": 2001, **bare},
        {"id": 2002, **bare, "access_token": None, "refresh_token": None, "scopes": None, "token_type": None},
        {"id": 2003, "agent_id": 7, "client_identifier": "a", "create_date": 1410248960, "expire_date": 1.5, "scopes": ""},
        {"id": 2004, "agent_id": 7, "client_identifier": "a", "create_date": "", "expire_date": "soon", "scopes": "write,read"},
        {"id": 2005, "agent_id": 7, "client_identifier": "a", "hint": "an-unknown-field", "user": {"name": "unasked"}},
    ]  # fmt: skip
    sandbox.reset(seed=seed)
    odd = [2001, 2002, 2003, 2004, 2005]
    run = player.play(
        [
            _task(INFO, "all", {}),
            _task(INFO, "read", {"ids": odd, "scopes": ["read"]}),
            _task(AGENTS, "agents", {"agent_ids": [7, 8]}),
            _task(REVOKE, "revoke", {"ids": odd, "names": True}),
        ],
        variables=sandbox_variables(sandbox),
        module_defaults=chat_defaults(),
    ).check()
    keys = {"id", "agent_id", "client_identifier", "create_date", "expire_date", "scopes", "token_type"}
    assert _ids(run["all"], "tokens")[-5:] == odd
    assert all(token.keys() == keys for token in run["all"]["tokens"])
    assert run["all"]["tokens"][-5] == {**dict.fromkeys(keys), "id": 2001}
    assert run["all"]["listed"] == {"tokens": 26, "agents": 6, "own_only": False}
    assert run["all"]["own_token_id"] == AUTOMATION_TOKEN_ID
    assert "warnings" not in run["all"]
    assert _ids(run["read"], "tokens") == [2004]
    for agent, number in zip(run["agents"]["agents"], (7, 8), strict=True):
        assert len(agent) == 11
        assert {key: value for key, value in agent.items() if value is not None} == {"id": number}
    assert _ids(run["revoke"], "revoked") == odd
    assert [agent["id"] for agent in run["revoke"]["agents"]] == [7]
    assert "an-unknown-field" not in run.output
    assert "unasked" not in run.output
