# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This doc fragment is private to the collection. It can change at any time.

from __future__ import annotations


class ModuleDocFragment:
    """The connection options. Their argument spec is in module_utils/_http/sources.py."""

    DOCUMENTATION = r"""
options:
  subdomain:
    description:
      - The subdomain of the account, for example V(acme) for C(acme.zendesk.com). Use this for every account at zendesk.com.
      - The base URL of the API is then V(https://acme.zendesk.com/api/v2/chat).
      - Set exactly one of O(subdomain) and O(api_url).
      - The environment variable is E(ZCHAT_SUBDOMAIN). A task that sets O(subdomain) or O(api_url) ignores the variables of both.
    type: str
  api_url:
    description:
      - The base URL of the Chat API. Use this for a base URL that O(subdomain) cannot express, such as
        V(https://www.zopim.com/api/v2) of an old stand-alone account, or a mock server on this machine.
      - It must use https; plain http is valid only for a loopback host. It must not contain a user, a query or a fragment, and
        must not end in C(/oauth/tokens).
      - A URL on zendesk.com must end in C(/api/v2/chat). C(/api/v2) is the Zendesk Support API, which has its own tokens; the
        modules reject it.
      - The environment variable is E(ZCHAT_API_URL). See O(subdomain) for its precedence.
    type: str
  access_token:
    description:
      - An OAuth access token of an Administrator, created for a Chat API client (Chat dashboard, Settings, Account, API and
        SDKs), with the scope V(read) and, to revoke tokens or delete clients, V(write).
      - A token from the Zendesk Admin Center belongs to another API and is rejected with HTTP 401.
      - Use this to try something, or for one run. For automation, use O(client_id) and O(client_secret).
      - Set exactly one of O(access_token), the pair O(client_id) and O(client_secret), and the pair O(email) and O(password).
      - The environment variable is E(ZCHAT_ACCESS_TOKEN). A task that sets one of these five options ignores the variables of all
        five.
      - White space around the token is removed, because files and vaults often end with a newline.
    type: str
    aliases: [token]
  client_id:
    description:
      - The client ID (C(client_identifier)) of a Chat API client of the type V(confidential). Use this for automation, such as a nightly
        run. No token can expire or be forgotten, because each task gets an access token that only this task uses, and revokes it at its
        end, also after a failure or an interruption.
      - An Administrator must have created the client, with the scopes V(read) and V(write). Only a request to the API sets its type, and the
        type is lost when somebody saves the client in the Chat dashboard. The guide on access tokens has tasks for all of this.
      - The token is in no result, count or selection; RV(zchat.admin.zchat_oauth_token_info#module:own_token_id) is null. If the task could
        not revoke it, it warns. If the API does not list the values of tokens, the task cannot identify its token, so use O(access_token)
        for such an account.
      - In check mode too, the task sends the C(POST) that requests this token, and the C(DELETE) that revokes it.
      - Requires O(client_secret).
      - The environment variable is E(ZCHAT_CLIENT_ID). See O(access_token) for its precedence.
    type: str
  client_secret:
    description:
      - The secret of the client in O(client_id). Use it only with O(client_id). A person who has it can get tokens, so keep
        it in a vault.
      - The environment variable is E(ZCHAT_CLIENT_SECRET). See O(access_token) for its precedence.
    type: str
  email:
    description:
      - The login of an Administrator. Use this only for an old stand-alone Chat account that still accepts an email address and
        a password. To select agents by address, use C(agent_emails).
      - Requires O(password).
      - The environment variable is E(ZCHAT_EMAIL). See O(access_token) for its precedence.
    type: str
  password:
    description:
      - The password of O(email). Use it only with O(email).
      - The environment variable is E(ZCHAT_PASSWORD). See O(access_token) for its precedence.
    type: str
  validate_certs:
    description:
      - Whether to verify the TLS certificate of the API. Leave this on. If your own proxy decrypts TLS, set O(ca_path) instead.
      - The environment variable is E(ZCHAT_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description:
      - A file with the CA certificates to trust, in PEM format, or a directory of such files with the names that C(openssl rehash)
        creates. Use this behind a proxy whose certificates your own CA signs.
      - If it cannot be read or contains no certificate in PEM format, the task fails before any request.
      - C(~) is the home directory. A path with C($) is an error, because the value of an environment variable can be a secret. On the
        controller, a relative path is relative to the folder in which you started Ansible.
      - The environment variable is E(ZCHAT_CA_PATH).
    type: path
  timeout:
    description:
      - The time in seconds that a request may take to connect, and that it may wait each time for data. Increase it for a slow
        connection.
      - A response may take three times as long in total, plus one second for each KiB that has arrived.
      - The environment variable is E(ZCHAT_TIMEOUT).
    type: int
    default: 30
  retries:
    description:
      - The number of repetitions of a request after a connection error, a timeout or a response with status 500 or higher,
        with increasing pauses (about six seconds in total by default). Set V(0) to see the first failure immediately.
      - The environment variable is E(ZCHAT_RETRIES).
    type: int
    default: 4
  rate_limit_timeout:
    description:
      - The total time in seconds that one request may wait because the API requires it (C(Retry-After) of HTTP 429, or of HTTP 503). All
        requests of the task wait until then, and continue. If the wait would exceed this limit, the task fails immediately.
      - The vendor allows 200 requests a minute, so one wait takes up to 61 seconds. Increase this limit if other programs use the
        same account. With less than V(61), a task with more than 200 requests can fail.
      - The environment variable is E(ZCHAT_RATE_LIMIT_TIMEOUT).
    type: int
    default: 300
requirements:
  - requests >= 2.22
notes:
  - An option of the task, also one in C(module_defaults), takes precedence over its environment variable. An environment variable
    that is empty is not set. Environment variables are read on the host that runs the task.
  - "In the roles and playbooks of this collection, each connection option is also a variable of the host: C(zchat_) and its name,
    such as C(zchat_timeout). It takes precedence over the environment variable. Other tasks do not read these variables."
"""
