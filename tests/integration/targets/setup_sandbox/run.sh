#!/usr/bin/env bash
# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs the target in the current folder, with its own sandbox, under ansible-test. The role alone would have no connection:
# ansible-test cannot set module_defaults.

set -eu
target=$(basename "$PWD")
ready=$PWD/ready.json
sandbox=
trap '[ -z "$sandbox" ] || kill "$sandbox"' EXIT

cd "$ANSIBLE_COLLECTIONS_PATH/ansible_collections/zchat/admin"
python -m tests.sandbox --ready-file "$ready" >/dev/null &
sandbox=$!
cd - >/dev/null
until [ -e "$ready" ]; do
    kill -0 "$sandbox"
    sleep 0.1
done

ANSIBLE_ROLES_PATH=$(dirname "$PWD") ansible-playbook ../setup_sandbox/play.yml -i localhost, \
    -e "target=$target" -e "sandbox_file=$ready" "$@"
