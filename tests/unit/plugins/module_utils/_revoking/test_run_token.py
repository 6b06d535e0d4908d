# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A token that only one run uses: token 10 of these tests. It ends with the run, and appears nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils import _task
from ansible_collections.zchat.admin.plugins.module_utils._http import client as _client
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import task_options
from ansible_collections.zchat.admin.plugins.module_utils._revoking import revocation
from ansible_collections.zchat.admin.plugins.module_utils._task import run_task
from ansible_collections.zchat.admin.plugins.modules import (
    zchat_agent_info,
    zchat_connection_info,
    zchat_oauth_client,
    zchat_oauth_client_info,
    zchat_oauth_token,
    zchat_oauth_token_info,
)
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    GRANT,
    PAIR,
    RUN_REFRESH_TOKEN,
    RUN_TOKEN,
    UNAUTHORIZED,
    Json,
    MockChat,
    Reply,
    Waits,
    agent,
    api_client,
    token,
    without,
)
from ansible_collections.zchat.admin.tests.unit.support.revoking import (
    ALL,
    DEPARTING,
    HTML,
    LISTS,
    ME,
    OTHER,
    OWN_AGENT,
    ids,
    shown_as,
    story,
    table,
)

RUN = 10
END = f"DELETE oauth/tokens/{RUN}"
TOKENS = (token(1), token(2), token(8, agent_id=OTHER), token(9, agent_id=OWN_AGENT))
"""Two tokens of a departing agent, one of another agent, and an older one of the agent who created the API client."""
ADMINISTRATOR = agent(OWN_AGENT, "own@example.com", roles={"administrator": True, "owner": False})
AGENTS = (agent(OTHER, "other@example.com"), ADMINISTRATOR, agent(DEPARTING, "leaver@example.com"))
CLIENTS = (api_client(41, "Nightly run", PAIR["client_id"], agent_id=OWN_AGENT), api_client(42, "CRM sync", "crm"))
SECRETS = (PAIR["client_secret"], RUN_TOKEN, RUN_REFRESH_TOKEN)


def account(*tokens: Json, script: dict[str, Any] | None = None, **options: Any) -> MockChat:
    options = {"agents": AGENTS, "clients": CLIENTS, "own_agent": OWN_AGENT, **options}
    return MockChat(tokens or TOKENS, grants=True, script=script, **options)


class Runner:
    """Runs modules as Ansible does. No result, warning or line of the log may contain a secret."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.registered: set[str] = set()
        self.logged: list[str] = []
        monkeypatch.setattr(_client, "Interruption", Waits)

    def __call__(self, chat: MockChat, module: Any, check_mode: bool = False, **options: Any) -> Json:
        self._monkeypatch.setattr(
            _task, "ChatClient", lambda connection, secrets, waits, _size: chat.connect(connection, secrets, waits)
        )
        if module is zchat_oauth_token:
            options = {"state": "absent", "concurrency": 1, **options}
        connection = {"subdomain": "acme", **PAIR}
        spec: Json = getattr(module, "SPEC", {})
        defaults = {name: rules["default"] for name, rules in spec.items() if "default" in rules}
        result: Json = run_task(
            module.run,
            lambda: ({**defaults, **options}, [task_options(connection, connection)]),
            check_mode=check_mode,
            log=self.logged.append,
            interruption=chat.waits,
            register=self.registered.update,
        )
        shown = f"{result} {self.logged}"
        assert [secret for secret in SECRETS if secret[:8] in shown] == []
        return result


@pytest.fixture(name="run")
def _run(monkeypatch: pytest.MonkeyPatch) -> Runner:
    return Runner(monkeypatch)


INFO, REVOKE = zchat_oauth_token_info, zchat_oauth_token
EVERY_MODULE = {
    "token info": (INFO, {}, [LISTS]),
    "secrets": (INFO, {"include_secrets": True}, [LISTS]),
    "nothing selected": (REVOKE, {"ids": [99]}, [LISTS]),
    "revoke": (REVOKE, {"ids": [1]}, [LISTS, "DELETE oauth/tokens/1", LISTS]),
    # Only to find the id.
    "agent info": (zchat_agent_info, {"agent_ids": [OTHER]}, [f"GET agents/{OTHER}", LISTS]),
}


@table("module, options, requests", EVERY_MODULE)
def test_each_run_gets_a_token_and_revokes_it_at_its_end(run, module, options, requests):
    client = account()
    result = run(client, module, **options)
    assert "failed" not in result
    assert "warnings" not in result or not result["warnings"]
    assert client.lines == [GRANT, *requests, END]
    assert RUN not in client.tokens
    assert set(SECRETS) <= run.registered
    assert run.logged == [line for line in run.logged if "revoked OAuth token 1 " in line]


@table("module, options, requests", EVERY_MODULE)
def test_a_dry_run_sends_the_same_two_requests_and_otherwise_only_get(run, module, options, requests):
    client = account()
    run(client, module, check_mode=True, **options)
    assert [line for line in client.lines if not line.startswith("GET ")] == [GRANT, END]


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_token_is_in_no_result_no_count_and_no_selection(run, check_mode):
    """Also if everything is selected, or its agent. It is no own token that a guard could protect."""
    client = account()
    result = run(client, INFO)
    assert ids(result["tokens"]) == [1, 2, 8, 9]
    assert (result["listed"], result["own_token_id"]) == ({"tokens": 4, "agents": 3, "own_only": False}, None)
    for selector in ({"all": True}, ALL, {"agent_ids": [OWN_AGENT]}, {"client_identifiers": [PAIR["client_id"]]}):
        client = account(*TOKENS[2:], token(7, agent_id=OWN_AGENT))
        result = run(client, REVOKE, check_mode, **selector)
        selected = {"agent_ids": [7, 9], "client_identifiers": []}.get(next(iter(selector)), [7, 8, 9])
        assert ids(result["revoked"]) == selected
        assert "failed" not in result
        assert (result["own_token_id"], result["listed"]["tokens"]) == (None, 3)
        assert str(RUN) not in result["diff"]["before"]
        assert client.deleted == [*([] if check_mode else selected), RUN]
    # If no other token is left, this one is still the proof of the last list.
    assert (story(result), client.tokens.keys()) == ("nothing: verified", {7, 8, 9})


def test_the_connection_info_returns_it_without_a_finding_about_its_end(run):
    soon = "2099-01-01T00:00:00Z"
    client = account(
        shown=lambda entry: {**entry, "expire_date": "2014-09-09T08:49:20Z" if entry["id"] == RUN else soon}
    )
    result = run(client, zchat_connection_info, expires_within="4000w")
    assert (result["token"]["id"], result["findings"], result["ready"], result["can_revoke"]) == (RUN, [], True, True)
    assert result["listed"] == {"tokens": 4, "agents": 3, "own_only": False}
    assert sorted(client.lines) == sorted([GRANT, ME, LISTS, "GET oauth/clients", "GET agents/0", END])


def test_the_connection_info_reports_that_no_list_shows_the_token(run):
    result = run(account(shown=lambda entry: {**entry, "access_token": "********"}), zchat_connection_info)
    assert [finding["code"] for finding in result["findings"]] == ["own_token_unknown"]
    assert "issued to this run for" in result["findings"][0]["text"]
    assert result["token"] is None


# The end of each run


def fail(line: str) -> None:
    raise RuntimeError(f"{RUN_TOKEN} in {line}")


@table(
    "options, script, part",
    {
        "a guard": ({"all": True, "max_revocations": 1}, {}, "'max_revocations' is 1"),
        "a list that cannot be read": ({"ids": [1]}, {LISTS: [Reply(500)]}, "HTTP 500"),
        "an unknown address": ({"all": True, "exclude": {"agent_emails": ["x@example.com"]}}, {}, "x@example.com"),
    },
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_it_ends_also_after_a_failure(run, options, script, part, check_mode):
    client = account(script=script)
    result = run(client, REVOKE, check_mode, **options)
    assert (result["failed"], part in result["msg"]) == (True, True)
    assert not result.get("warnings")
    assert client.lines[-1] == END
    assert client.tokens.keys() == {1, 2, 8, 9}


@table(
    "module, options",
    {
        "token info": (INFO, {"ids": [0]}),
        "token": (REVOKE, {"agent_emails": ["5"]}),
        "agent info": (zchat_agent_info, {"agent_emails": ["leaver"]}),
        "client": (zchat_oauth_client, {"state": "absent", "ids": [0]}),
        "client info": (zchat_oauth_client_info, {"ids": [0]}),
    },
)
def test_an_invalid_option_fails_before_any_request(run, module, options):
    client = account()
    assert run(client, module, **options)["failed"]
    assert client.lines == []


def test_it_ends_also_after_an_unexpected_exception(run, monkeypatch):
    client = account()
    client.before = lambda line: line == f"GET agents/{OTHER}" and fail(line)
    result = run(client, zchat_agent_info, agent_ids=[OTHER])
    assert "Unexpected RuntimeError in test_run_token.py" in result["msg"]
    assert client.lines[-2:] == [LISTS, END]
    client = account()
    monkeypatch.setattr(revocation, "token_diff", fail)
    assert run(client, REVOKE, ids=[1])["failed"]
    assert client.lines[-1] == END


@pytest.mark.parametrize("moment", [LISTS, "DELETE oauth/tokens/1", GRANT])
def test_it_ends_also_after_an_interruption(run, moment):
    """The client sends nothing else. With fewer repetitions and shorter waits: somebody waits for the end."""
    client = account()
    client.before = lambda line: line == moment and setattr(client.waits, "interrupted", True)
    result = run(client, REVOKE, all=True)
    assert result["failed"]
    assert "interrupted" in result["msg"]
    assert not result.get("warnings")
    after = client.lines[client.lines.index(moment) + 1 :]
    assert after == ([LISTS, END] if moment == GRANT else [END])
    assert RUN not in client.tokens


def test_after_an_interruption_the_end_does_not_take_long(run, monkeypatch):
    seen = []
    monkeypatch.setattr(
        _task, "end_run_token", lambda client: seen.append(client.after_interruption().connection) or []
    )
    client = account()
    run(client, INFO)
    client.before = lambda line: line == LISTS and setattr(client.waits, "interrupted", True)
    run(client, INFO)
    assert [(used.retries, used.rate_limit_timeout) for used in seen] == [(1, 300), (1, 61)]


def test_without_a_token_nothing_is_sent(run):
    """The failure of the POST is that of the task."""
    refused = Reply(401, {"error": "invalid_client", "error_description": PAIR["client_secret"]})
    for reply in (refused, Reply(None), Reply(200, HTML, applied=False)):
        client = account(script={GRANT: [reply]})
        result = run(client, REVOKE, ids=[1])
        assert (result["failed"], client.lines, "warnings" in result) == (True, [GRANT], False)
        assert ("may have issued" in result["msg"]) is (reply.status != 401)


# What cannot be revoked, or is not certain


NOT_REVOKED = (
    f"The access token that the API issued to this run (id {RUN}) is not revoked, and may work until it expires."
)
LOST, LOST_BEFORE = Reply(None), Reply(None, applied=False)
REJECTED = Reply(401, UNAUTHORIZED)


@table(
    "end, me, warning, requests",
    {
        "refused": (Reply(403, {"error": "No"}, applied=False), None, "HTTP 403", [END, ME]),
        "gateway": (Reply(401, HTML, applied=False), None, "HTTP 401", [END, ME]),
        "not there": (
            Reply(404, {"error": "No"}, applied=False),
            None,
            "HTTP 404 for the DELETE of a token",
            [END, ME],
        ),
        "accepted later": (Reply(202, applied=False), None, "HTTP 202", [END, ME]),
        # The use of the token decides.
        "executed, lost": (LOST, None, None, [END, ME]),
        "lost": (LOST_BEFORE, None, "No response from", [END, ME]),
        "lost, and so is the test": (LOST, Reply(None), "No response from", [END, ME]),
        "executed, 5xx": (Reply(502), None, None, [END, ME]),
        "lost, then 404": (Reply(404, {"error": "No"}, repeated=True), None, None, [END]),
        # It is dead already: somebody has revoked it, or its API client.
        "rejected": (REJECTED, None, None, [END, ME]),
        "falsely rejected": (Reply(401, UNAUTHORIZED, applied=False), None, "HTTP 401", [END, ME]),
    },
)
def test_a_delete_without_a_certain_outcome(run, end, me, warning, requests):
    """A warning has the id. It is logged too, because nobody reads the result of a run that Ansible has left."""
    client = account(script={END: [end], ME: [me]})
    result = run(client, INFO)
    assert client.lines == [GRANT, LISTS, *requests]
    assert len(result["tokens"]) == 4
    assert [text.startswith(NOT_REVOKED) for text in result["warnings"]] == [True] * bool(warning)
    assert run.logged == result["warnings"]
    assert warning is None or warning in result["warnings"][0]


def test_a_token_that_was_revoked_meanwhile_needs_no_warning(run):
    client = account()
    client.before = lambda line: line == f"GET agents/{OTHER}" and client.tokens.pop(RUN)
    result = run(client, zchat_agent_info, agent_ids=[OTHER])
    assert client.lines == [GRANT, f"GET agents/{OTHER}", LISTS, ME]
    assert "HTTP 401" in result.get("msg", "HTTP 401")
    assert not result.get("warnings")


def test_a_list_that_cannot_be_read_is_a_warning_without_an_id(run):
    client = account(script={LISTS: [Reply(503)] * 2})
    result = run(client, zchat_agent_info, agent_ids=[OTHER])
    assert "failed" not in result
    (warning,) = result["warnings"]
    assert warning.startswith("The access token that the API issued to this run is not revoked")
    assert "HTTP 503" in warning


@table(
    "form, others, identified",
    {
        "beginning": (lambda value: value[:10], TOKENS, True),
        "too short": (lambda value: value[:7], TOKENS, False),
        "mask": (lambda value: "********", TOKENS, False),
        "nothing": (lambda value: None, TOKENS, False),
        "another one begins alike": (
            lambda value: value[:10],
            (*TOKENS, token(5, access_token=f"{RUN_TOKEN}s")),
            False,
        ),
    },
)
def test_the_list_can_hide_values(run, form, others, identified):
    """A beginning that belongs to one token identifies it. Otherwise it is not revoked, and the rules of a hidden own token apply."""
    client = account(*others, shown=shown_as(form))
    result = run(client, INFO)
    number = max(client.tokens) if not identified else RUN
    assert (number in client.tokens, number in ids(result["tokens"])) == (not identified, not identified)
    assert client.deleted == [RUN] * identified
    assert bool(result["warnings"]) is not identified
    if not identified:
        assert (
            "Use 'access_token' instead of 'client_id' and 'client_secret' for this account." in result["warnings"][-1]
        )
    client = account(*others, shown=shown_as(form))
    result = run(client, REVOKE, all=True)
    assert ("can be the one that this task authenticates with" in result["msg"]) is not identified
    assert client.deleted == ([*sorted({entry["id"] for entry in others}), RUN] if identified else [])


def test_a_token_of_another_client_that_begins_alike_is_never_revoked(run):
    """If the list lacks the token of the run, only the other one has this beginning."""
    other = token(5, access_token=f"{RUN_TOKEN}s")
    client = account(*TOKENS, other, shown=shown_as(lambda value: value[:10]), script={LISTS: [without(RUN)] * 9})
    result = run(client, INFO)
    assert client.deleted == []
    assert "does not show which one it is" in result["warnings"][-1]
    assert 5 in ids(result["tokens"])


def dated(date, **more):
    """Show each token of the run with this creation date."""

    def change(entries):
        return [{**entry, **more, "create_date": date} if entry["id"] == RUN else entry for entry in entries]

    return change


def test_a_token_that_the_api_issued_before_is_never_revoked(run):
    """The API can issue a token that exists already. Other programs use it."""
    client = account(script={LISTS: [dated("2024-01-01T00:00:00Z")] * 9})
    result = run(client, INFO)
    assert (client.deleted, RUN in ids(result["tokens"])) == ([], True)
    assert "does not show which one it is" in result["warnings"][-1]


def test_a_beginning_identifies_only_a_token_with_a_known_date(run):
    client = account(shown=shown_as(lambda value: value[:10]), script={LISTS: [dated(None)] * 9})
    assert "does not show which one it is" in run(client, INFO)["warnings"][-1]
    assert client.deleted == []


def test_another_token_that_begins_alike_in_a_later_list_is_never_revoked(run):
    """That of another run at the same time."""
    client = account(shown=shown_as(lambda value: value[:10]), script={LISTS: [None, *[dated_as(5)] * 9]})
    run(client, REVOKE, ids=[1])
    assert 5 not in client.deleted


def dated_as(number):
    """Show the token of the run with another id."""
    return lambda entries: [{**entry, "id": number} if entry["id"] == RUN else entry for entry in entries]


def test_a_later_list_without_it_is_no_proof(run):
    """An agent who is no Administrator any more may see only a part."""
    client = account(script={LISTS: [None, *[without(RUN)] * 9]})
    result = run(client, REVOKE, ids=[1])
    assert (result["verified"], result["failed"]) == (False, True)
    assert f"the new list lacks token {RUN}, which this task authenticates with." in result["msg"]
    assert client.lines[-1] == END
    client = account(script={LISTS: [None, without(RUN), None]})
    assert story(run(client, REVOKE, ids=[1])) == "revoked 1: verified"


@pytest.mark.parametrize(
    "selector",
    [
        {"ids": [41]},
        {"client_names": ["Nightly run"]},
        {"agent_ids": [OWN_AGENT]},
        {"client_identifiers": [PAIR["client_id"]]},
    ],
)
@pytest.mark.parametrize("form", [str, lambda value: None], ids=["listed", "hidden"])
@pytest.mark.parametrize("listed", [True, False])
def test_the_client_of_the_run_is_never_deleted(run, selector, form, listed):
    """Also if the API hides the token, or lists its client under an identifier that only the option contains."""
    clients = CLIENTS if listed else CLIENTS[1:]
    client = account(clients=clients, shown=shown_as(form))
    result = run(client, zchat_oauth_client, state="absent", **selector)
    assert client.deleted_clients == []
    assert set(client.deleted) <= {RUN}
    if listed or "client_identifiers" in selector:
        assert "is, or can be, the one of the token that this task authenticates with" in result["msg"]
        assert result["failed"]


def test_another_client_is_deleted_with_its_tokens(run):
    client = account(token(1, client_identifier="crm"), token(8, agent_id=OTHER), token(9, agent_id=OWN_AGENT))
    result = run(client, zchat_oauth_client, state="absent", client_names=["CRM sync"])
    assert (ids(result["deleted"]), ids(result["revoked"]), result["verified"]) == ([42], [1], True)
    assert client.deleted == [1, RUN]
    assert client.lines[-1] == END


def test_a_scope_that_the_client_lacks_is_named(run):
    missing = Reply(
        403,
        {"error": "Forbidden", "description": "You are missing the following required scopes: write"},
        applied=False,
    )
    client = account(script={"DELETE oauth/tokens/1": [missing], END: [missing]})
    result = run(client, REVOKE, ids=[1])
    assert "issued to this run for 'client_id' and 'client_secret' lacks the scope 'write'" in str(
        result["not_revoked"]
    )
    assert "Give its API client 'write'." in result["warnings"][-1]
