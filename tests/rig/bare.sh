#!/bin/bash
# bare.sh COMMAND...: COMMAND on a new user's machine: Debian 12 as debootstrap makes it, with certificates, Python 3.11 and nothing else.
# The root is made once, in $AIODOCKERHUB_RIG (default /tmp/aiodockerhub-rig); each call finds it fresh (see in_root.sh).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${AIODOCKERHUB_RIG:-/tmp/aiodockerhub-rig}
. "$here/debian.sh"
mkdir -p "$cache"
(
  flock 9
  [ ! -d "$cache/bare" ] || exit 0
  install_packages debootstrap
  work=$(mktemp -d "$cache/bare-making.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  keyring=$(debian_keyring)
  debootstrap --variant=minbase --include=ca-certificates,python3 ${keyring:+--keyring="$keyring"} bookworm "$work/root" "$(debian_mirror)"
  cp -a /etc/apt/apt.conf.d/. "$work/root/etc/apt/apt.conf.d/"
  rm -rf "$work"/root/var/cache/apt/archives/*.deb
  mkdir -p "$work/root/.old"
  mv "$work/root" "$cache/bare"
) 9> "$cache/bare.lock" > "$cache/bare.log" 2>&1 </dev/null || {
  tail -n 20 "$cache/bare.log" >&2
  exit 1
}
exec "$here/in_root.sh" "$cache/bare" "$@"
