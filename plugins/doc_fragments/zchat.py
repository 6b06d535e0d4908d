# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This doc fragment is private to the collection. It can change at any time.

from __future__ import annotations


class ModuleDocFragment:
    """How a module reaches the Chat API. The options stand in module_utils/connection.py."""

    DOCUMENTATION = r"""
options:
  subdomain:
    description:
      - The name of the account, as it stands before V(.zendesk.com) in the browser's address bar, such as V(acme).
        Use this for every account that lives at zendesk.com.
      - The Chat API is then taken to be at V(https://acme.zendesk.com/api/v2/chat).
      - Exactly one of O(subdomain) and O(api_url) is needed. If the task sets neither, the environment variable
        E(ZCHAT_SUBDOMAIN) or E(ZCHAT_API_URL) is used; a task that sets one of the two ignores both variables.
    type: str
  api_url:
    description:
      - The base of the Chat API itself, such as V(https://www.zopim.com/api/v2). Use this for an address that O(subdomain)
        cannot express, or for a stand-in on this machine in tests.
      - It must be https; plain http is accepted for a loopback host only. It must not carry a user, a query or a fragment,
        nor end in C(/oauth/tokens). A trailing slash is fine.
      - An address on zendesk.com must end in C(/api/v2/chat). What lies at C(/api/v2) there is the Zendesk Support API, which
        has tokens of its own; the modules refuse to touch it.
      - The environment variable is E(ZCHAT_API_URL), see O(subdomain).
    type: str
  access_token:
    description:
      - An OAuth access token of an administrator, made for a Chat API client (Chat dashboard, Settings, Account,
        API and SDKs) with the scopes V(read) and, to revoke, V(write). For accounts that were created in Zendesk Support it is
        the only way in.
      - A token made in the Zendesk Admin Center belongs to another API and is rejected with HTTP 401.
      - Exactly one of O(access_token) and the pair O(email) and O(password) is needed. If the task sets none of the three, the
        environment variables E(ZCHAT_ACCESS_TOKEN), or E(ZCHAT_EMAIL) and E(ZCHAT_PASSWORD), are used; a task that sets any of
        the three ignores all three variables.
      - White space around it is dropped, since files and vaults often end in a newline.
    type: str
  email:
    description:
      - The e-mail address of an administrator, for stand-alone Chat accounts, which still take e-mail address and password. For
        an account that was made in Zendesk Support, only O(access_token) works.
      - Needs O(password). The environment variable is E(ZCHAT_EMAIL), see O(access_token).
    type: str
  password:
    description:
      - The password that goes with O(email).
      - The environment variable is E(ZCHAT_PASSWORD), see O(access_token).
    type: str
  validate_certs:
    description:
      - Whether the TLS certificate of the API is checked. Leave this on; where a proxy of your own breaks up TLS, name its CA in
        O(ca_path) instead.
    type: bool
    default: true
  ca_path:
    description:
      - A file with the CA certificates to trust, in PEM format, or a directory of such files as OpenSSL wants it. Use this
        behind a proxy that signs with a CA of your own.
      - The environment variable is E(ZCHAT_CA_PATH).
    type: path
  timeout:
    description:
      - How many seconds a request may take to connect, and how many seconds it may wait each time for data.
      - An answer may take three times as long in all, and a second more for each KiB of it that has come. A long list over a
        slow line is waited for; an answer that only drips in is given up.
    type: int
    default: 30
  retries:
    description:
      - How often a request is repeated after a connection error, a timeout or an answer of 500 and above, after pauses that
        grow; the default comes to some six seconds of pauses. Set V(0) to see the first failure at once.
    type: int
    default: 4
  rate_limit_timeout:
    description:
      - How many seconds one request may wait in all when the API says that it is asked too often (HTTP 429). The pause that the
        API asks for is kept; one that would pass this bound fails at once, without being waited for.
      - The vendor allows 200 requests a minute.
    type: int
    default: 300
requirements:
  - requests >= 2.22
"""
