# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an API can answer, refuse or fail to answer: each case ends in plain words, and in a ledger that adds up.

A case is a task of its own, or, where only a DELETE goes wrong, a token of its own.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.ansible_run import Player, Run, chat_defaults, sandbox_variables
from tests.sandbox import LEAVER_ID, Sandbox, demo_seed
from tests.unit.support.scripted_server import ScriptedServer, answer

if TYPE_CHECKING:
    from tests.unit.support.scripted_server import Act

REVOKE, INFO = "zchat.admin.zchat_oauth_token", "zchat.admin.zchat_oauth_token_info"
FIRST = 1_000_001
"""The id of the first token that the sandbox generates."""
TOKEN = {"id": 38, "agent_id": LEAVER_ID, "client_identifier": "zopim"}
TWO_MEGABYTES = "Nothing but words. " * 110_000
JSON = {"Content-Type": "application/json"}

Case = tuple[Mapping[str, Any], "int | None", str]
"""The fault, the status that the task reports for it, and what its message says as a regular expression."""


def _json(text: str) -> dict[str, Any]:
    return {"status": 200, "headers": JSON, "body": text}


def _items(*items: Any) -> dict[str, Any]:
    return {"status": 200, "body": list(items)}


def _token(**fields: Any) -> dict[str, Any]:
    return _items({**TOKEN, **fields})


NOT_A_LIST = "did not answer with a list of Chat OAuth tokens: "
NO_ID = NOT_A_LIST + "it lists a token without a whole number as its id. Nothing was revoked"

ANSWERS: dict[str, Case] = {
    "a web page as JSON": (_json("<!doctype html><title>Log in</title>"), 200, NOT_A_LIST + "it is not JSON.*web page"),
    "nothing": ({"status": 200}, 200, NOT_A_LIST + "it is not valid JSON"),
    "cut-off JSON": (_json('[{"id": 38, "agent_id": 100000204, "client_id'), 200, NOT_A_LIST + "it is not valid JSON"),
    "a number that is none": (_json('[{"id": NaN}]'), 200, NOT_A_LIST + "it is not valid JSON"),
    "endless nesting": (_json("[" * 100_000), 200, NOT_A_LIST + "it is not valid JSON"),
    "null": (_json("null"), 200, NOT_A_LIST + "it answered a single value"),
    "a number": (_json("38"), 200, NOT_A_LIST + "it answered a single value"),
    "a string": (_json('"38"'), 200, NOT_A_LIST + "it answered a single value"),
    "an object": (_json('{"38": {}}'), 200, NOT_A_LIST + "it answered an object where"),
    "an empty Support list": (_json('{"tokens": []}'), 200, NOT_A_LIST + ".*'tokens' in it.*Support API.*/api/v2/chat"),
    "lists": (_items([38]), 200, NOT_A_LIST + "it lists something that is not an object"),
    "nulls": (_items(TOKEN, None), 200, NOT_A_LIST + "it lists something that is not an object"),
    "no id": (_items({**TOKEN}, {"agent_id": 1, "client_identifier": "a"}), 200, NO_ID),
    "a float as id": (_token(id=38.0), 200, NO_ID),
    "a path as id": (_token(id="38/../1100"), 200, NO_ID),
    "an id below 1": (_token(id=0), 200, NO_ID),
    "one id twice": (_items(TOKEN, {**TOKEN, "agent_id": 5}), 200, NOT_A_LIST + "it lists token 38 twice, with different"),
    "an agent in words": (_token(agent_id="100000204"), 200, NOT_A_LIST + "the agent_id of token 38 in it is not a whole"),
    "a list of scopes": (_token(scopes=["read"]), 200, NOT_A_LIST + "the scopes of token 38 in it is not text"),
    "a number as value": (_token(access_token=12345678), 200, NOT_A_LIST + "the access_token of token 38 in it is not text"),
    "an object as date": (_token(expire_date={}), 200, NOT_A_LIST + "the expire_date of token 38 in it is not text"),
}  # fmt: skip

ELSEWHERE = "redirects to /api/v2/chat/oauth/tokens .HTTP {}., and redirects are never followed. Correct 'subdomain'"
AGAIN = {"Location": "/api/v2/chat/oauth/tokens"}
REFUSALS: dict[str, Case] = {
    **{
        str(status): ({"status": status, "headers": AGAIN, "body": "Moved"}, status, ELSEWHERE.format(status))
        for status in (301, 302, 303, 307, 308)
    },
    "300 to nowhere": ({"status": 300}, 300, "answered .* with HTTP 300. It gave no reason.$"),
    "302 to nowhere": ({"status": 302, "body": "Moved"}, 302, "answered .* with HTTP 302. The API says: Moved.$"),
    "304": ({"status": 304, "headers": AGAIN}, 304, "answered .* with HTTP 304. It gave no reason.$"),
    "401 in HTML": ({"status": 401, "body": "<html><h1>Who?</h1></html>"}, 401, "rejected the access token.*HTTP 401.*Admin Center"),
    "401 in two megabytes": ({"status": 401, "body": TWO_MEGABYTES}, 401, "rejected the access token.*HTTP 401"),
    "403 in text": ({"status": 403, "body": "Keep out"}, 403, "HTTP 403.*Administrator.*The API says: Keep out"),
    "403 for two scopes": (
        {"status": 403, "body": {"error": "Missing the following required scopes: read, chat"}},
        403,
        "access token .* lacks the scopes read and chat, which .*HTTP 403.. Make a token with those scopes.$",
    ),
    "403 with nothing": ({"status": 403}, 403, "HTTP 403.*Administrator[^:]*$"),
    "404 in HTML": ({"status": 404, "body": "<p>Not&nbsp;here"}, 404, "no Chat API at.*Check 'subdomain'.*says: Not here"),
    "400 with nothing": ({"status": 400}, 400, "answered .* with HTTP 400. It gave no reason.$"),
    "418 in odd JSON": ({"status": 418, "body": [["I"], {"am": "a teapot"}]}, 418, "with HTTP 418. It gave no reason.$"),
    "451 in HTML of two megabytes": ({"status": 451, "body": "<b>" + TWO_MEGABYTES}, 451, r"with HTTP 451.*words.*\.\.\."),
    "500 in HTML": ({"status": 500, "body": "<h1>Oops</h1><script>x</script>"}, 500, "with HTTP 500. The API says: Oops.?$"),
    "503 in JSON": ({"status": 503, "body": {"error": {"title": "Away", "message": "Soon back"}}}, 503, "says: Away: Soon back"),
    "504 in two megabytes": ({"status": 504, "body": TWO_MEGABYTES}, 504, r"with HTTP 504.*words.*\.\.\."),
    "204 for a list": ({"status": 204}, 204, "answered .* with HTTP 204. It gave no reason"),
    "206 for a list": ({"status": 206, "body": [TOKEN]}, 206, "answered .* with HTTP 206"),
}  # fmt: skip


def _play(player: Player, sandbox: Sandbox, tasks: Sequence[Mapping[str, Any]]) -> Run:
    return player.play(tasks, variables=sandbox_variables(sandbox), module_defaults=chat_defaults()).check()


def _revoke(name: str, **options: Any) -> dict[str, Any]:
    return {"name": name, REVOKE: {"state": "absent", "retries": 0, **options}, "ignore_errors": True}


def _info(name: str, **options: Any) -> dict[str, Any]:
    return {"name": name, INFO: {"retries": 0, **options}, "ignore_errors": True}


def _ids(result: Mapping[str, Any], book: str) -> list[int]:
    return [entry["id"] for entry in result[book]]


def _tries(sandbox: Sandbox, token_id: int) -> list[float]:
    """When each DELETE of a token came."""
    path = f"/oauth/tokens/{token_id}"
    return [e["at"] for e in sandbox.state.requests if e["method"] == "DELETE" and e["path"].endswith(path)]


@pytest.mark.parametrize("cases", [ANSWERS, REFUSALS], ids=["answers", "refusals"])
def test_no_list(cases: Mapping[str, Case], player: Player, sandbox: Sandbox) -> None:
    """Without a Chat token list nothing is revoked, nothing is followed, and the message is short."""
    sandbox.reset(faults=[{**fault, "times": 1} for fault, _status, _words in cases.values()])
    run = _play(player, sandbox, [_revoke(name, ids=[38]) for name in cases])
    for name, (_fault, status, words) in cases.items():
        result = run[name]
        assert result["failed"], name
        assert result["status"] == status, (name, result)
        assert re.search(words, result["msg"]), (name, result["msg"])
        assert len(result["msg"]) < 500, name
        assert (result["changed"], result["verified"], result["not_revoked"]) == (False, False, [])
    # One request for each, and the account is as it was.
    assert [entry["method"] for entry in sandbox.state.requests] == ["GET"] * len(cases)
    assert [entry["status"] for entry in sandbox.state.requests] == [status for _f, status, _w in cases.values()]
    assert len(sandbox.state.tokens) == 18


def test_odd_tokens(player: Player, sandbox: Sandbox) -> None:
    """What is missing or null is tolerated, warned about where a selector needed it, and unknown fields stay inside."""
    seed = demo_seed()
    bare = {"agent_id": None, "client_identifier": None}
    seed["tokens"] += [
        {"id": 2001, **bare},
        {"id": 2002, **bare, "access_token": None, "refresh_token": None, "scopes": None, "token_type": None},
        {"id": 2003, "agent_id": 7, "client_identifier": "a", "create_date": 1410248960, "expire_date": 1.5, "scopes": ""},
        {"id": 2004, "agent_id": 7, "client_identifier": "a", "create_date": "", "expire_date": "soon", "scopes": "read"},
        {"id": 2005, "agent_id": 7, "client_identifier": "a", "hint": "an-unknown-field", "user": {"name": "unasked"}},
    ]  # fmt: skip
    sandbox.reset(seed=seed)
    odd = [2001, 2002, 2003, 2004, 2005]
    run = _play(
        player,
        sandbox,
        [
            _info("all"),
            _info("scopes", ids=odd, scopes=["read"]),
            _info("expired", ids=odd, expired=True),
            _info("age", ids=odd, age="1s"),
            _revoke("revoke", ids=odd),
        ],
    )
    documented = {"id", "agent_id", "client_identifier", "create_date", "expire_date", "scopes", "token_type"}
    assert _ids(run["all"], "tokens")[-5:] == odd
    assert all(token.keys() == documented for token in run["all"]["tokens"])
    assert run["all"]["tokens"][-5] == {**dict.fromkeys(documented), "id": 2001}
    assert run["all"]["listed"] == {"tokens": 23, "agents": 4}
    assert "warnings" not in run["all"]
    assert _ids(run["scopes"], "tokens") == [2004]
    for name, date in (("expired", "expire_date"), ("age", "create_date")):
        assert run[name]["tokens"] == []
        (warning,) = run[name]["warnings"]
        assert f"The {date} of these tokens is missing or unreadable" in warning
        assert warning.endswith("2001, 2002, 2003, 2004, 2005.")
    assert _ids(run["revoke"], "revoked") == odd
    assert "an-unknown-field" not in run.output
    assert "unasked" not in run.output


DELETES: dict[str, Case] = {
    **{name: case for name, case in REFUSALS.items() if not name.startswith(("2", "401", "404"))},
    "404 in HTML": ({"status": 404, "apply": True, "body": "<p>Not here"}, 404, "it was gone already: no failure"),
    "301 to another host": (
        {"status": 301, "headers": {"Location": "https://evil.example/?id=38"}},
        301,
        "redirects to https://evil.example/ .HTTP 301.",
    ),
    "reset before": ({"drop": "before"}, None, "No answer from .*the connection broke before the answer was complete"),
    "reset after": ({"drop": "after"}, None, "No answer from .*the connection broke before the answer was complete"),
}  # fmt: skip


def test_refused_deletes(player: Player, sandbox: Sandbox) -> None:
    """Each refusal of a DELETE is a failure of that token alone; no redirect is followed."""
    numbers = {name: FIRST + position for position, name in enumerate(DELETES)}
    sandbox.reset(
        tokens=len(DELETES) + 1,
        faults=[{"path": f"/{numbers[name]}$", **fault} for name, (fault, _status, _words) in DELETES.items()],
    )
    run = _play(player, sandbox, [_revoke("revoke", client_identifier="generated")])
    result = run["revoke"]
    absent = {number for name, number in numbers.items() if name.startswith("404")}
    lost = {numbers["reset after"]}
    told = {entry["id"]: entry for entry in result["not_revoked"]}
    for name, (_fault, status, words) in DELETES.items():
        if numbers[name] not in absent:
            assert told[numbers[name]]["status"] == status, name
            assert re.search(words, told[numbers[name]]["msg"]), (name, told[numbers[name]])
    assert result["already_absent"] == sorted(absent)
    assert _ids(result, "revoked") == [FIRST + len(DELETES)]
    assert told.keys() == set(numbers.values()) - absent
    assert result["msg"].startswith(f"Revoked 1 of {len(told) + 1} tokens. ")
    assert result["msg"].endswith("more reasons.")
    assert len(result["msg"]) < 1600
    verbs = Counter(entry["method"] for entry in sandbox.state.requests)
    assert verbs == {"GET": 2, "DELETE": len(DELETES) + 1}
    assert (
        sandbox.state.tokens.keys() & {*numbers.values(), FIRST + len(DELETES)} == set(numbers.values()) - lost - absent
    )


def test_retries(player: Player, sandbox: Sandbox) -> None:
    """`retries` counts exactly, waits grow and differ, and a lost answer is found out by the 404 to its repeat."""
    cases: dict[str, tuple[list[dict[str, Any]], int, str]] = {
        **{f"503 for good, {n}": ([{"status": 503}], 3, "not_revoked") for n in range(6)},
        "resets for good": ([{"drop": "before"}], 3, "not_revoked"),
        "403": ([{"status": 403}], 1, "not_revoked"),
        "two faults": ([{"status": 502, "times": 1}, {"drop": "before", "times": 1}], 3, "revoked"),
        "lost answer": ([{"drop": "after", "times": 1}], 2, "revoked"),
        "lost to a 500": ([{"status": 500, "apply": True, "times": 1}], 2, "revoked"),
        "lost halfway": ([{"status": 500, "body": "Oops", "apply": True, "truncate": 2, "times": 1}], 2, "revoked"),
        "lost and 410": ([{"drop": "after", "times": 1}, {"status": 410}], 2, "revoked"),
        "404 at once": ([{"status": 404, "apply": True}], 1, "already_absent"),
        "a wait is no retry": ([{"status": 429, "headers": {"Retry-After": "1"}, "times": 1}, {"status": 503}], 4, "not_revoked"),
    }  # fmt: skip
    numbers = {name: FIRST + position for position, name in enumerate(cases)}
    sandbox.reset(
        tokens=len(cases),
        faults=[
            {"method": "DELETE", "path": f"/{numbers[name]}$", **fault}
            for name, (faults, _tries_made, _book) in cases.items()
            for fault in faults
        ],
    )
    run = _play(player, sandbox, [_revoke("revoke", client_identifier="generated", retries=2, concurrency=16)])
    result = run["revoke"]
    books = {
        **{number: book for book in ("revoked", "not_revoked") for number in _ids(result, book)},
        **dict.fromkeys(result["already_absent"], "already_absent"),
    }
    assert books == {numbers[name]: book for name, (_faults, _tries_made, book) in cases.items()}
    assert {name: len(_tries(sandbox, number)) for name, number in numbers.items()} == {
        name: tries_made for name, (_faults, tries_made, _book) in cases.items()
    }
    assert result["not_revoked"][0]["msg"].endswith(
        "with HTTP 503. It gave no reason. That was try 3 of 3. Run the task again later."
    )
    # Half a second and then a second at most, with jitter; the answers themselves take no time to speak of. One of the
    # tokens was told to wait a second, and all with it, so only what is known for sure is looked at.
    gaps = [_tries(sandbox, FIRST + n)[2] - _tries(sandbox, FIRST + n)[1] for n in range(6)]
    assert all(gap >= 0.5 for gap in gaps), gaps
    assert max(gaps) - min(gaps) > 0.001, gaps


def test_retries_of_a_list(player: Player, sandbox: Sandbox) -> None:
    """One request more than `retries`, and not one too many."""
    sandbox.reset(faults=[{"status": 502, "times": 1 + 4}, {"drop": "before"}])
    names = ("502", "502, three retries", "reset", "reset, three retries")
    run = _play(player, sandbox, [_info(name, retries=3 if "three" in name else 0) for name in names])
    assert [run[name].get("status") for name in names] == [502, 502, None, None]
    at = [entry["at"] for entry in sandbox.state.requests]
    assert len(at) == 2 * (1 + 4)
    for first, name in ((1, names[1]), (6, names[3])):
        assert run[name]["msg"].endswith("That was try 4 of 4. Run the task again later.")
        waits = [at[first + n + 1] - at[first + n] for n in range(3)]
        assert [wait >= least for wait, least in zip(waits, (0.25, 0.5, 1.0), strict=True)] == [True] * 3, waits
    assert "That was try" not in run["502"]["msg"] + run["reset"]["msg"]


def test_rate_limits(player: Player, sandbox: Sandbox) -> None:
    """Any `Retry-After` is survived; nothing floods the API."""
    waits = {"negative": "-5", "garbage": "soon", "zero": "0", "past": "{http_date:-60}", "half": "0.5", "empty": ""}
    numbers = {name: FIRST + position for position, name in enumerate(waits)}
    sandbox.reset(tokens=len(numbers), faults=[_told_to_wait(numbers[name], value) for name, value in waits.items()])
    began = time.monotonic()
    run = _play(player, sandbox, [_revoke("revoke", client_identifier="generated", concurrency=1)])
    assert time.monotonic() - began < 50
    assert _ids(run["revoke"], "revoked") == list(numbers.values())
    for name, number in numbers.items():
        first, second = _tries(sandbox, number)
        assert 0.25 <= second - first < 5, name


@pytest.mark.parametrize("value", ["999999999", "{http_date:86400}"])
def test_hopeless_rate_limits(player: Player, sandbox: Sandbox, value: str) -> None:
    """A wait that is too long is not waited out, and nobody else asks meanwhile; every token says so."""
    sandbox.reset(tokens=3, faults=[_told_to_wait(FIRST + 1, value)])
    run = _play(
        player, sandbox, [_revoke("revoke", client_identifier="generated", concurrency=1, rate_limit_timeout=60)]
    )
    result = run["revoke"]
    assert _ids(result, "revoked") == [FIRST]
    assert _ids(result, "not_revoked") == [FIRST + 1, FIRST + 2]
    for entry in result["not_revoked"]:
        assert entry["status"] == 429
        assert re.search(r"wants another \d+ s of patience, which passes 'rate_limit_timeout' \(60 s\)", entry["msg"])
    assert [len(_tries(sandbox, FIRST + position)) for position in range(3)] == [1, 1, 0]


def _told_to_wait(number: int, retry_after: str) -> dict[str, Any]:
    headers = {"Retry-After": retry_after}
    return {"method": "DELETE", "path": f"/{number}$", "status": 429, "headers": headers, "times": 1}


def test_rate_limits_add_up(player: Player, sandbox: Sandbox) -> None:
    """`rate_limit_timeout` bounds what one request waits in all; 0 waits for nothing."""
    sandbox.reset(faults=[{"status": 429, "headers": {"Retry-After": "1"}}])
    run = _play(player, sandbox, [_info("two", rate_limit_timeout=2), _info("none", rate_limit_timeout=0)])
    assert run["two"]["status"] == run["none"]["status"] == 429
    assert "another 1 s of patience, after 2 s already waited, which passes" in run["two"]["msg"]
    assert "another 1 s of patience, which passes 'rate_limit_timeout' (0 s)" in run["none"]["msg"]
    assert len(sandbox.state.requests) == 3 + 1


def test_others_wait_with_the_one_that_was_told_to(player: Player, sandbox: Sandbox) -> None:
    """After one 429 nobody sends anything before its `Retry-After` is over."""
    sandbox.reset(
        tokens=12,
        faults=[
            {"method": "DELETE", "times": 1, "status": 429, "headers": {"Retry-After": "3"}},
            # Those that are under way at that moment are answered later than the 429.
            {"method": "DELETE", "delay": 0.5},
        ],
    )
    run = _play(player, sandbox, [_revoke("revoke", client_identifier="generated", concurrency=4)])
    assert len(run["revoke"]["revoked"]) == 12
    at = sorted(entry["at"] for entry in sandbox.state.requests if entry["method"] == "DELETE")
    assert len(at) == 13
    before = [moment for moment in at if moment < at[0] + 2.9]
    assert len(before) <= 4
    assert before[-1] < at[0] + 0.5


def test_proof_that_cannot_be_had(player: Player, sandbox: Sandbox) -> None:
    """A list that is no list after the DELETE requests, and one that never runs dry."""
    page: dict[str, Any] = {"method": "GET", "after": 1, "status": 200, "body": "<html>Log in</html>"}
    head = {**TOKEN, "client_identifier": "hydra"}
    endless = [
        {"method": "DELETE", "path": f"/{number}$", "mint": [{**head, "id": number + 1}]}
        for number in range(5000, 5030)
    ]
    seed = demo_seed()
    seed["tokens"].append({**head, "id": 5000})
    sandbox.reset(faults=[page])
    unproven = _play(player, sandbox, [_revoke("revoke", ids=[1301, 1302])])["revoke"]
    assert _ids(unproven, "revoked") == [1301, 1302]
    assert unproven["not_revoked"] == []
    assert re.match("Revoked 2 of 2 tokens. Whether they are gone could not be verified.*web page", unproven["msg"])
    sandbox.reset(faults=endless, seed=seed)
    rounds = _play(player, sandbox, [_revoke("revoke", client_identifier="hydra")])["revoke"]
    assert _ids(rounds, "revoked") == list(range(5000, 5020))
    assert _ids(rounds, "not_revoked") == [5020]
    assert "after 20 rounds of revoking the API still lists more" in rounds["msg"]
    assert 5020 in sandbox.state.tokens


# Below HTTP


def _stall(beginning: bytes) -> Act:
    return lambda turn: turn.send_and_stall(beginning)


def _drip(beginning: bytes) -> Act:
    return lambda turn: turn.send_and_drip(beginning)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
BROKE = "No answer from .*the connection broke before the answer was complete"
SILENT = r"No answer from .*it sent no data for 1 s \('timeout'\)"
SLOW = r"No answer from .*its answer came too slowly, \d+ bytes in 3 s, and was given up\. .* raise 'timeout'"
RAW: dict[str, tuple[Act, str]] = {
    "reset before the answer": (lambda turn: turn.reset(), BROKE),
    "closed before the answer": (lambda turn: turn.send_and_close(b""), BROKE),
    "reset in the status line": (lambda turn: turn.send_and_reset(b"HTTP/1.1 20"), BROKE),
    "closed in the headers": (lambda turn: turn.send_and_close(HEAD[:40]), NOT_A_LIST + "it is not valid JSON"),
    "reset in the body": (lambda turn: turn.send_and_reset(HEAD + b"[{"), BROKE),
    "closed in the body": (lambda turn: turn.send_and_close(HEAD + b"[{"), BROKE),
    "a broken chunk": (
        lambda turn: turn.send_and_close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n[]"),
        BROKE,
    ),
    "no HTTP": (lambda turn: turn.send_and_close(b"220 mail.example.com ESMTP\r\n"), BROKE),
    "a gzip that is none": (answer(200, b"[]", {"Content-Encoding": "gzip"}), "No answer from .*its answer could not be decompressed"),
    "not UTF-8": (answer(200, b'[{"id": "\xff\xfe"}]'), NOT_A_LIST + "it is not valid JSON"),
    "silence": (_stall(b""), SILENT),
    "one byte and silence": (_stall(b"H"), SILENT),
    "half a body and silence": (_stall(HEAD + b"[{"), SILENT),
    "headers that drip for ever": (_drip(HEAD[:-2] + b"X-Slow: "), SLOW),
    "a body that drips for ever": (_drip(HEAD + b"[{"), SLOW),
}  # fmt: skip


def test_broken_conversations(player: Player, sandbox: Sandbox) -> None:
    """Whatever the network does to an answer, the task ends soon and says what happened."""
    servers = {name: ScriptedServer(act) for name, (act, _words) in RAW.items()}
    token: dict[str, Any] = {"access_token": sandbox.access_token}
    try:
        for server in servers.values():
            server.__enter__()
        began = time.monotonic()
        run = player.play(
            [_revoke(name, api_url=server.url, timeout=1, ids=[38], **token) for name, server in servers.items()]
        ).check()
        assert time.monotonic() - began < 60
    finally:
        for server in servers.values():
            server.__exit__(None, None, None)
    for name, (_act, words) in RAW.items():
        assert run[name]["failed"], name
        assert re.search(words, run[name]["msg"]), (name, run[name]["msg"])
        assert [request.split()[0] for request in servers[name].requests] == ["GET"], name
