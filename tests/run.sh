#!/bin/bash
# run.sh [PYTEST ARGUMENT...]: installs what the tests need and runs them, all of them when there is no argument.
# For Debian 12 and later, as root. Python's packages go into $VENV (default .venv), engines and registries into
# $AIODOCKERHUB_RIG (default /tmp/aiodockerhub-rig); on the machine itself only a Python that lacks venv is completed.
set -eu
cd "$(dirname "$0")/.."
. tests/rig/debian.sh

complete() { "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

python=
for candidate in ${PYTHON:-} python3.11 python3 /usr/bin/python3; do
  ! complete "$candidate" || { python=$candidate; break; }
done
[ -n "$python" ] || { install_packages python3 python3-venv; python=/usr/bin/python3; }

bash tests/rig/install.sh &
installing=$!
trap 'wait "$installing"' EXIT
venv=${VENV:-.venv}
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --editable '.[test,notebook,speed,bench]'
wait "$installing"
trap - EXIT

[ $# -eq 0 ] || exec "$venv/bin/python" -m pytest "$@"
result=0
"$venv/bin/coverage" run -m pytest || result=$?
"$venv/bin/coverage" report || result=$?
exit $result
