# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bare script: only the requests of a run, as fast as ``requests`` sends them from several threads.

Usage: ``python bare.py API_URL CONCURRENCY [MOST]``. The environment variable TOKEN is the access token, CLIENT the client
identifier of the tokens to revoke. The script prints the duration of its requests in seconds. Without CLIENT it only lists. MOST
limits the number of revocations.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from requests.adapters import HTTPAdapter


def send(api_url: str, concurrency: int, client_identifier: str | None, most: int | None) -> None:
    """List, revoke, and list again as the module does, with one open connection for each thread."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {os.environ['TOKEN']}"
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=concurrency, pool_block=True))
    url = f"{api_url}/oauth/tokens"

    def revoke(token_id: int) -> None:
        session.delete(f"{url}/{token_id}").raise_for_status()

    listed = session.get(url).json()
    if client_identifier is None:
        return
    ids = [token["id"] for token in listed if token["client_identifier"] == client_identifier][:most]
    with ThreadPoolExecutor(concurrency) as workers:
        list(workers.map(revoke, ids))
    session.get(url).json()


def main() -> None:
    api_url, concurrency, *most = sys.argv[1:]
    began = time.perf_counter()
    send(api_url, int(concurrency), os.environ.get("CLIENT"), int(most[0]) if most else None)
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main()
