# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bare script: only the requests of a run, as fast as ``requests`` sends them from several threads.

Usage: ``python bare.py CONCURRENCY CLIENT MOST``. The environment variables ZCHAT_API_URL and ZCHAT_ACCESS_TOKEN are those of the
modules. CLIENT is the client identifier of the tokens to revoke; if it is empty, the script only lists. MOST limits the number of
revocations. The script prints the duration of its requests in seconds.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from requests.adapters import HTTPAdapter


def send(concurrency: int, client: str, most: int) -> None:
    """List, revoke, and list again as the module does, with one open connection for each thread."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {os.environ['ZCHAT_ACCESS_TOKEN']}"
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=concurrency, pool_block=True))
    url = f"{os.environ['ZCHAT_API_URL']}/oauth/tokens"
    ids = [token["id"] for token in session.get(url).json() if token["client_identifier"] == client][:most]
    if client:
        with ThreadPoolExecutor(concurrency) as workers:
            list(workers.map(lambda token_id: session.delete(f"{url}/{token_id}").raise_for_status(), ids))
        session.get(url).json()


if __name__ == "__main__":
    began = time.perf_counter()
    send(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    print(time.perf_counter() - began)
