# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary of all accounts. The headline of one that is not complete is the message of its task. Its page shows the totals."""

from __future__ import annotations

import json

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils import _offboarding
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import not_run, summary_document, task_result
from ansible_collections.zchat.admin.plugins.plugin_utils._offboarding import nobody_document
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import Origin
from ansible_collections.zchat.admin.tests.unit.support import offboarding, review
from ansible_collections.zchat.admin.tests.unit.support.offboarding import report, report_of, token

NOW = "2026-11-23T14:16:00Z"
ORIGIN = Origin(NOW, NOW, "amelie", "1.0.0")
FILES = {"acme": [{"name": "a.json", "sha256": "0f"}]}
PARTLY = {"revoked": [token(38)], "not_revoked": [token(101, msg="x")], **offboarding.FAILED}
DONE, DRY, BROKEN = report(), report(dry_run=True), report(**PARTLY)
REJECTED = report_of(not_run("'agent_ids' is null."))
KEPT = report(revoked=[], kept=[token(1204, reason="own token")])
DONE_HEADLINE = "3 tokens of 2 people revoked, and none is left; 1 person can still sign in"


def run_of(document, *problems):
    """The result of a task with this report."""
    return task_result(document, {}, problems)


def summary_of(runs):
    return summary_document(runs, _offboarding.SUMMARY, ORIGIN, files=FILES)


def at(number, document):
    """The report of another account, but for the first."""
    return {**document, "account": f"https://{number}.example.com"} if number and document["account"] else document


RUNS = {
    "acme": (run_of(DONE), "done", DONE_HEADLINE),
    "broken": (run_of(BROKEN), "not complete", f"{BROKEN['headline']}. Revoked 2 of 3 tokens."),
    "no file": (run_of(DONE, "No file"), "not complete", f"{DONE_HEADLINE}. No file."),
    "rejected": (run_of(REJECTED), "not complete", "NOT COMPLETE: nothing was revoked. 'agent_ids' is null."),
    "unreachable": ({"unreachable": True, "msg": "No route to host."}, "not complete", "No route to host."),
    "dry run": (run_of(DRY), "dry run", DRY["headline"]),
    "never": ({}, "not complete", "This account was not processed."),
    "kept": (run_of(KEPT), "not complete", "NOT COMPLETE: 0 of 1 token revoked, 1 kept; 1 person can still sign in"),
    "unsafe\x00": ({"msg": "\x1b[31m\nNo\u202e route"}, "not complete", "\ufffd[31m No\ufffd route"),
}


def test_a_summary_has_each_account_and_adds_up_what_is_known():
    runs = [run for run, *_expected in RUNS.values()]
    runs = [{**run, "report": at(number, run["report"])} if "report" in run else run for number, run in enumerate(runs)]
    summary = summary_of(dict(zip(RUNS, runs)))
    shown = {row["name"]: (row["result"], row["headline"]) for row in summary["accounts"]}
    assert shown == {name.replace("\x00", "\ufffd"): tuple(expected) for name, (_run, *expected) in RUNS.items()}
    rows = {row.pop("name"): row for row in summary["accounts"]}
    counts = {"revoked": 3, "would_be_revoked": 0, "kept": 0, "gone": 0, "not_revoked": 0}
    done = {"account": offboarding.ACCOUNT, "result": "done", "headline": DONE_HEADLINE, "attention": False}
    assert rows["acme"] == {**done, **counts, "files": FILES["acme"]}
    assert (rows["rejected"]["revoked"], rows["rejected"]["kept"]) == (0, None)
    assert (rows["unreachable"]["account"], rows["unreachable"]["revoked"]) == (None, None)
    totals = {"revoked": 7, "would_be_revoked": 3, "kept": 1, "gone": 0, "not_revoked": 1}
    assert summary["summary"] == {"accounts": 9, "done": 2, "not_complete": 7, "attention": 0, **totals}
    assert (summary["started"], summary["finished"]) == (offboarding.ORIGIN.started, NOW)
    assert summary_of({"never": {}})["started"] == NOW


EVERYBODY, NOBODY_GIVEN = report(), nobody_document(["agent_emails"], dry_run=False, origin=ORIGIN)
X = report(unknown_agent_emails=["x@example.com"], unknown_agent_ids=[7])
LACKS_JONAS = report(agents=offboarding.AGENTS[:1], revoked=[], unknown_agent_emails=["JONAS.weber@example.com"])
UNREAD = report(agents=None, unknown_agent_ids=None)
NOT_LOOKED_UP = report(agents=offboarding.AGENTS[1:], revoked=[])
NOBODY_FOUND = report(
    agents=[], revoked=[], unknown_agent_emails=["x@example.com"], unknown_agent_ids=[offboarding.PRIYA]
)


@pytest.mark.parametrize(
    ("documents", "attention", "unknown", "headline"),
    [
        ([EVERYBODY, EVERYBODY], [False, False], ([], []), "6 tokens revoked in 2 accounts, and every account is done"),
        ([NOBODY_GIVEN], [False], ([], []), "0 tokens revoked in 1 account, and every account is done"),
        # Another account has this person, whatever the case of the address is.
        (
            [EVERYBODY, LACKS_JONAS],
            [False, True],
            ([], []),
            "3 tokens revoked in 2 accounts; 1 account must be checked (1)",
        ),
        (
            [X, EVERYBODY, X],
            [True, False, True],
            (["x@example.com"], [7]),
            (
                "9 tokens revoked in 3 accounts; 2 accounts must be checked (0, 2); 1 address and 1 agent id were found in no account "
                "(x@example.com, agent 7)"
            ),
        ),
        (
            [NOBODY_FOUND, EVERYBODY],
            [True, False],
            (["x@example.com"], []),
            "3 tokens revoked in 2 accounts; 1 account must be checked (0); 1 address was found in no account (x@example.com)",
        ),
        # These do not show whom they have, so nobody is known to be in no account.
        ([X, None], [True, False], (None, None), "NOT COMPLETE: 1 of 2 accounts (1); 1 account must be checked (0)"),
        (
            [X, REJECTED],
            [True, False],
            (None, None),
            "NOT COMPLETE: 1 of 2 accounts (1); 1 account must be checked (0)",
        ),
        ([X, UNREAD], [True, False], (None, None), "6 tokens revoked in 2 accounts; 1 account must be checked (0)"),
        (
            [X, NOT_LOOKED_UP],
            [True, True],
            (None, None),
            "3 tokens revoked in 2 accounts; 2 accounts must be checked (0, 1)",
        ),
    ],
)
def test_what_a_person_must_check_in_a_summary(documents, attention, unknown, headline):
    """A person that no account has, and each account whose own verdict is not green. Such a summary is never "done"."""
    runs = {str(number): run_of(at(number, document)) if document else {} for number, document in enumerate(documents)}
    summary = summary_of(runs)
    assert [account["attention"] for account in summary["accounts"]] == attention
    assert summary["summary"]["attention"] == sum(attention)
    assert (summary["unknown_agent_emails"], summary["unknown_agent_ids"]) == unknown
    assert _offboarding.SUMMARY.headline(summary) == headline


def test_two_hosts_with_the_same_account_must_be_checked():
    """Usually, a subdomain was copied, and the account of one of them was not part of the run."""
    summary = summary_of({"us": run_of(DONE), "eu": run_of(DONE), "broken": run_of(BROKEN)})
    shown = [(account["attention"], account["headline"].rpartition("; ")[2]) for account in summary["accounts"][:2]]
    assert shown == [(True, "the same account as eu"), (True, "the same account as us")]
    assert summary["summary"]["attention"] == 2


def test_the_reason_of_a_run_that_did_not_fail_is_in_its_warnings():
    outcome = run_of(report(verified=False, warnings=["Token 7\ndid not match."]))
    assert outcome["msg"].endswith("but this is not verified; 1 person can still sign in. Token 7 did not match.")
    assert not outcome["failed"]


@pytest.mark.parametrize("document", [report, review.report])
def test_a_report_contains_no_character_that_controls_a_terminal_or_the_direction_of_text(document):
    """Wherever it comes from. Messages have spaces instead of line breaks."""
    unsafe = "a\x00\x1b\x9b\u202e\u2066\u200f\u061cb"
    agent = {**offboarding.AGENTS[0], "display_name": unsafe, "last_login": unsafe}
    more = {"failed": True, "msg": f"No.\r\n {unsafe}", "agents": [agent], "warnings": [unsafe]}
    shown = document(account=unsafe, **more)
    assert shown["msg"] == "No. a" + 7 * "\ufffd" + "b"
    assert not [char for char in json.dumps(shown, ensure_ascii=False) if not char.isprintable()]
