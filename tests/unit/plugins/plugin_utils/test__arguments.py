# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of the role ``offboard`` and of its host -> options and connection. A typo or null never disables a guard."""

from __future__ import annotations

import certifi
import pytest
from ansible.errors import AnsibleError

from ansible_collections.zchat.admin.plugins.action.zchat_offboard import ActionModule
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import connection_from
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import CONNECTION_OPTIONS, CREDENTIALS
from ansible_collections.zchat.admin.plugins.plugin_utils._arguments import PLAYBOOK, PREFIX, OptionNames, arguments

HOST = {"zchat_subdomain": "acme", "zchat_access_token": "host-token"}
OMIT = "__omit_place_holder__1"


def template(values):
    """As Ansible does: a value that refers to an undefined variable is an error."""
    (value,) = values.values()
    if value == "{{ undefined }}":
        raise AnsibleError("Error: 'undefined' is undefined. 'undefined' is undefined")
    if value == "secret{{":
        raise ValueError(f"String: {value}")
    return values


def given(variables=None, task_args=None, host=None, prefix="offboard_", extra=None):
    """The arguments of a task of the role, or of a user if there is no ``prefix``."""
    variables = {**(variables or {}), **(extra or {})}
    names, task_vars = (
        OptionNames(ActionModule.OPTIONS, prefix),
        {"omit": OMIT, **(HOST if host is None else host), **variables},
    )
    return arguments(task_args or {}, task_vars, names, template, ActionModule.OTHER_VARIABLES, extra or {})


def rejection(*args, **more):
    with pytest.raises(ChatError) as error:
        given(*args, **more)
    return error.value.msg


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("agent_emails", "a@example.com, b@example.com", ["a@example.com", "b@example.com"]),
        ("agent_ids", "5, 6", [5, 6]),
        ("agent_ids", 5, [5]),
        ("max_revocations", "0", 0),
        ("max_revocations", OMIT, None),
    ],
)
def test_every_variable_accepts_a_string_from_the_command_line(option, value, expected):
    options = given({f"offboard_{option}": value}).options
    assert options == {**given().options, option: expected}
    assert options.keys() == {*ActionModule.OPTIONS, *CONNECTION_OPTIONS}


class Vaulted:
    """A value with ``!vault``, as ansible-core 2.16 to 2.18 have it in variables and arguments."""

    __ENCRYPTED__ = True

    def __init__(self, text):
        self._text = text

    def __str__(self):
        if self._text is None:
            raise AnsibleError("Decryption failed on a-secret-value")
        return self._text


def test_a_value_with_vault_is_decrypted():
    host = {**HOST, "zchat_validate_certs": Vaulted("no"), "zchat_timeout": Vaulted("5")}
    found = given(
        {"offboard_max_revocations": Vaulted("3"), "offboard_agent_emails": [Vaulted("a@b.example")]}, host=host
    )
    assert (found.options["max_revocations"], found.options["agent_emails"]) == (3, ["a@b.example"])
    connection = connection_from(found.sources)
    assert (connection.verify, connection.timeout) == (False, 5)
    assert given(prefix="", task_args={"agent_ids": [Vaulted("5")]}).options["agent_ids"] == [5]
    assert "'zchat_timeout' cannot be evaluated" in rejection(host={"zchat_timeout": Vaulted(None)})
    assert "cannot be decrypted. Check the vault" in rejection(prefix="", task_args={"agent_ids": Vaulted(None)})


@pytest.mark.parametrize(
    ("variables", "part"),
    [
        ({"offboard_agent_emails": ""}, "'offboard_agent_emails' is null or empty"),
        ({"offboard_max_revocations": ""}, "'offboard_max_revocations' is null or empty"),
        ({"offboard_agent_emails": ["a@example.com", None]}, "'offboard_agent_emails' contains an empty value"),
        ({"offboard_agent_emails": "a@example.com, "}, "'offboard_agent_emails' contains an empty value"),
        ({"offboard_agent_ids": "1e2"}, "1e2"),
        ({"offboard_report_formats": []}, "'offboard_report_formats' is empty. Set one or more of json, html"),
        ({"offboard_max_revocations": "x"}, "offboard_max_revocations"),
        *(({name: None}, f"'{name}' is null") for name in ("zchat_timeout", *HOST)),
        # A template of an undefined variable must never disable a limit, or select nobody.
        *(
            ({name: "{{ undefined }}"}, f"The variable '{name}' cannot be evaluated: 'undefined' is undefined.")
            for name in ("offboard_max_revocations", "offboard_agent_emails", "zchat_access_token", "zchat_timeout")
        ),
        ({"zchat_access_token": "secret{{"}, "'zchat_access_token' cannot be evaluated: its template is not valid"),
        ({"offboard_subdomain": "x"}, "'offboard_subdomain' (set the zchat_ variable, or the environment variable)"),
        ({"offboard_check": True}, "'offboard_check' (use --check)"),
        ({"offboard_exclude": {}}, "'offboard_exclude' (only the modules have this option)"),
        ({"offboard_token": "secret"}, "'offboard_token' (set the zchat_ variable, or the environment variable)"),
        ({"offboard_agent_emails": [["a@example.com"]]}, "'offboard_agent_emails' contains a list or a dictionary"),
        ({"offboard_agent_ids": {"id": 5}}, "'offboard_agent_ids' contains a list or a dictionary"),
        ({"offboard_agent_ids": 5.0}, "'offboard_agent_ids' must contain integers"),
        *(
            ({f"offboard_{name}": value}, f"'offboard_{name}' must")
            for name in ("max_revocations", "agent_ids")
            for value in ("1e3", "1_0", "1.0", 1.0, True)
        ),
        ({"offboard_report_dir": "/tmp/$ZCHAT_PASSWORD"}, "'offboard_report_dir' contains the character '$'"),
    ],
)
def test_a_variable_that_is_null_or_invalid_is_an_error_that_names_it(variables, part):
    message = rejection(variables)
    assert part in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("valid", "names"),
    [
        ("offboard_agent_emails", "agent_email agnet_emails agent_mails emails email agent_emails_file"),
        ("offboard_agent_ids", "ids agentids agents"),
        ("offboard_report_dir", "report_directory dir report_path report_folder report_file report repot_folder"),
        ("offboard_max_revocations", "max_revocation maxrevocations max_tokens max limit max_revocations_per_account"),
        ("offboard_accounts", "acounts account"),
        ("zchat_access_token", "zchat_token zchat_tokn zchat_tokens"),
        ("zchat_ca_path", "zchat_ca_bundle zchat_ca_file zchat_ca"),
        ("zchat_rate_limit_timeout", "zchat_rate_limit"),
    ],
)
def test_a_misspelled_variable_is_an_error_with_the_valid_name(valid, names):
    for name in names.split():
        wrong = name if name.startswith("zchat_") else f"offboard_{name}"
        assert f"no variable '{wrong}' (use '{valid}')" in rejection({wrong: "x"})


def test_other_variables_are_ignored():
    names = "ticket reason date manager manager_email notify_emails report_mail_to report_title report_mail"
    names += " job_template organization webhook_agent_emails report_files result results accounts"
    others = dict.fromkeys(("zchat_group", "offboard", "offboard_", "review_agent_email"))
    assert given({**others, **{f"offboard_{name}": "x" for name in names.split()}})


PLAYED = {PLAYBOOK: True}


@pytest.mark.parametrize(
    ("valid", "names"),
    [
        (
            "offboard_max_revocations",
            "max_revocations max-revocations MAX_REVOCATIONS Max-Revocations maxRevocations max_revocation max.revocations limit Max",
        ),
        (
            "offboard_max_revocations",
            "offboard-max-tokens offboard-max-revocations OFFBOARD_MAX_REVOCATIONS Offboard-Max_Revocations offboardMaxRevocations OFFBOARD_LIMIT",
        ),
        ("offboard_agent_emails", "agent_emails agent-emails agent_email OFFBOARD_EMAILS"),
        ("offboard_report_dir", "report_dir REPORT_DIR offboard-report-directory Offboard-Report-Folder"),
        ("offboard_own_token", "own_token"),
        ("offboard_accounts", "accounts ACCOUNTS offboard-accounts OFFBOARD_ACCOUNTS offboard-account"),
        ("zchat_timeout", "ZCHAT_TIMEOUT zchat-timeout zchatTimeout"),
        ("zchat_access_token", "ZCHAT_ACCESS_TOKEN zchat-token"),
        ("zchat_subdomain", "subdomain SUBDOMAIN ZCHAT_SUBDOMAIN"),
        ("zchat_api_url", "api_url api-url"),
    ],
)
def test_a_playbook_rejects_an_extra_variable_that_it_would_ignore(valid, names):
    for name in names.split():
        assert f"'-e {name}' (use '{valid}')" in rejection(PLAYED, extra={name: "x"}), name
        # Outside of the playbooks, the variable can be meant for the play.
        assert name.startswith(("offboard_", "zchat_")) or given(extra={name: "x"})


@pytest.mark.parametrize(
    ("extra", "part"),
    [
        *(
            ({name: {"verified": True}}, f"'-e {name}' (only the role sets it)")
            for name in ("offboard_result", "offboard_report_files")
        ),
        ({"OFFBOARD-RESULT": {}}, "'-e OFFBOARD-RESULT' (only the role sets it)"),
        ({"dry_run": True}, "'-e dry_run' (use --check)"),
        ({"exclude": {}}, "'-e exclude' (only the modules have this option)"),
        *(
            ({name: "secret b@example.com"}, "(-e) contain words that are not key=value")
            for name in ("_raw_params", "")
        ),
    ],
)
def test_a_playbook_rejects_forged_facts_and_lost_words(extra, part):
    message = rejection(PLAYED, extra=extra)
    assert part in message
    assert "secret" not in message


@pytest.mark.parametrize(
    "name", ["dryrun", "dryrun_only", "limits", "limit_tokens", "maximum", "exclude_ids", "excluded", "DryRun"]
)
def test_a_variable_that_begins_like_a_guard_is_an_error(name):
    assert f"'offboard_{name.lower()}'" in rejection({f"offboard_{name.lower()}": "1"})


def test_a_misspelled_extra_variable_is_named_once():
    message = rejection({PLAYBOOK: True}, extra={"offboard_max_revocation": "1"})
    assert message.count("(use 'offboard_max_revocations')") == 1


@pytest.mark.parametrize("name", ["ofboard_max_revocations", "offbord_report_dir", "offboarding_accounts"])
def test_a_misspelled_prefix_of_an_extra_variable_is_an_error(name):
    assert f"'-e {name}' (use 'offboard_" in rejection({PLAYBOOK: True}, extra={name: "1"})
    given({PLAYBOOK: True}, extra={"company_report_dir": "1", "offboarding_ticket": "1", "offboard_ticket": "1"})


@pytest.mark.parametrize("prefix", ["offboard_", ""])
@pytest.mark.parametrize("played", [{}, PLAYED])
def test_no_extra_variable_replaces_an_internal_one(played, prefix):
    for name in (PREFIX, PLAYBOOK, "__offboard_run", "__offboard_not_run", "__review_run", "__zchat_x"):
        for value in (None, "", "review_", False):
            message = rejection(played, extra={name: value}, prefix=prefix)
            assert f"only the collection itself sets '{name}'" in message


@pytest.mark.parametrize("value", [5, "5", None])
def test_a_variable_that_is_called_omit_disables_no_limit(value):
    """Since ansible-core 2.19, an extra variable replaces that of Ansible."""
    assert given({"offboard_max_revocations": "5", "omit": value}).options["max_revocations"] == 5
    assert "'offboard_max_revocations' is null" in rejection({"offboard_max_revocations": None, "omit": value})


def test_extra_variables_that_are_valid_or_of_others():
    names = "ticket email token run item awx_job_id ansible_user leavers review_report_dir report timeout"
    valid = {
        "offboard_agent_emails": "a@example.com",
        "zchat_timeout": 5,
        "offboard_report_mail_to": "x",
        "offboard_ticket": 1,
    }
    extra = {**dict.fromkeys(names.split(), "x"), **valid}
    assert given(PLAYED, extra=extra).options["agent_emails"] == ["a@example.com"]


def connection(*args, **more):
    return connection_from(given(*args, **more).sources)


def test_the_connection_comes_from_the_task_then_the_host_then_the_environment(monkeypatch):
    monkeypatch.setenv("ZCHAT_TIMEOUT", "9")
    monkeypatch.setenv("ZCHAT_RETRIES", "8")
    used = connection({"zchat_retries": "2", "zchat_rate_limit_timeout": OMIT}, {"subdomain": "other"})
    assert used.base_url == "https://other.zendesk.com/api/v2/chat"
    assert (used.access_token, used.timeout, used.retries, used.rate_limit_timeout) == ("host-token", 9, 2, 300)


OTHER_VALUES = {
    "timeout": "9",
    "retries": "2",
    "rate_limit_timeout": "8",
    "validate_certs": "no",
    "ca_path": certifi.where(),
}


@pytest.mark.parametrize("option", OTHER_VALUES)
@pytest.mark.parametrize("source", ["task", "host", "environment"])
def test_each_option_of_the_connection_can_be_set_in_each_place(source, option, monkeypatch):
    value, host, task = OTHER_VALUES[option], dict(HOST), {}
    if source == "environment":
        monkeypatch.setenv(f"ZCHAT_{option.upper()}", value)
    elif source == "host":
        host[f"zchat_{option}"] = value
    else:
        task[option] = value
    used = connection({}, task, host=host)
    found = used.verify if option in ("validate_certs", "ca_path") else str(getattr(used, option))
    assert found == {"validate_certs": False}.get(option, value)
    assert {*OTHER_VALUES, "subdomain", "api_url", *CREDENTIALS} == set(CONNECTION_OPTIONS)


def test_with_accounts_environment_variables_never_apply(monkeypatch):
    monkeypatch.setenv("ZCHAT_TIMEOUT", "9")
    monkeypatch.setenv("ZCHAT_SUBDOMAIN", "other")
    used = connection({"offboard_accounts": "all"})
    assert (used.base_url, used.timeout) == ("https://acme.zendesk.com/api/v2/chat", 30)


def test_two_accounts_are_an_error_that_names_both(monkeypatch):
    monkeypatch.setenv("ZCHAT_SUBDOMAIN", "other")
    assert "zchat_subdomain and ZCHAT_SUBDOMAIN are both set" in rejection()
    assert given(task_args={"subdomain": "third"}), "the task decides"
    monkeypatch.setenv("ZCHAT_SUBDOMAIN", "acme")
    assert given()
    monkeypatch.setenv("ZCHAT_EMAIL", "a@example.com")
    monkeypatch.setenv("ZCHAT_PASSWORD", "pass-word")
    message = rejection()
    assert "zchat_access_token and ZCHAT_EMAIL and ZCHAT_PASSWORD are both set" in message
    assert "pass-word" not in message


def test_a_task_of_a_user_ignores_variables_and_has_its_own_names(monkeypatch):
    monkeypatch.setenv("ZCHAT_SUBDOMAIN", "other")
    monkeypatch.setenv("ZCHAT_ACCESS_TOKEN", "x")
    used = connection({"zchat_tiemout": 5, "max_revocation": 5}, {"max_revocations": 5}, prefix="")
    assert used.base_url == "https://other.zendesk.com/api/v2/chat"
    for task_args, part in (
        ({"agent_ids": None}, "'agent_ids' is null"),
        ({"limits": 5}, "There is no such option: limits"),
        ({"access_token": "task", "token": "module_defaults"}, "'access_token' and 'token' are the same option."),
        ({"report_formats": "pdf"}, "report_formats"),
    ):
        assert part in rejection(task_args=task_args, prefix="")


def test_messages_name_what_the_user_set():
    options, role = OptionNames(ActionModule.OPTIONS), OptionNames(ActionModule.OPTIONS, "offboard_")
    rows = [{"id": 1, "msg": "'agent_ids'"}]
    result = {"msg": "'agent_ids' or 'timeout'.", "warnings": ["'own_token'"], "not_revoked": rows}
    assert options.in_result(result) == result
    assert role.in_result(result) == {
        "msg": "'offboard_agent_ids' or 'zchat_timeout'.",
        "warnings": ["'offboard_own_token'"],
        "not_revoked": [{"id": 1, "msg": "'offboard_agent_ids'"}],
    }
