#!/bin/bash
# Installs aiodockerhub into .venv (or $VENV) and runs the main job, examples/walk.py, with the arguments given.
# For a bare Debian 12 with Python 3.11, as root; elsewhere any Python 3.11 or later that has venv will do.
set -eu
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}
if [ ! -x "$venv/bin/python" ]; then
  python=${PYTHON:-python3}
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends python3-venv >/dev/null
    python=/usr/bin/python3
  fi
  "$python" -m venv "$venv"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check .
exec "$venv/bin/python" examples/walk.py "$@"
