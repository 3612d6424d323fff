#!/bin/bash
# install.sh [SUITE...]: makes the roots that the engines, the registries and other Pythons run in, from Debian's packages.
# Each is made once, in $AIODOCKERHUB_RIG (default /tmp/aiodockerhub-rig); nothing is installed on the machine itself.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${AIODOCKERHUB_RIG:-/tmp/aiodockerhub-rig}
mkdir -p "$cache"

everywhere="base-files bash dash coreutils findutils grep sed mount libc-bin netbase procps tar gzip xz-utils ca-certificates
  docker.io containerd runc iptables python3 python3-venv"
declare -A packages=(
  [bookworm]="$everywhere docker-registry busybox-static iproute2"
  [trixie]="$everywhere skopeo"
  [sid]="$everywhere docker-cli docker-buildx criu crane podman crun- netavark aardvark-dns conmon nftables catatonit"
)

declare -A making=()
for suite in "${@:-bookworm}" $([ $# -gt 0 ] || echo trixie sid); do
  # shellcheck disable=SC2086
  "$here/make_root.sh" "$suite" "$cache" ${packages[$suite]} > "$cache/$suite.log" 2>&1 </dev/null &
  making[$suite]=$!
done

failed=0
for suite in "${!making[@]}"; do
  if wait "${making[$suite]}"; then
    echo "rig: $suite is in $(readlink -f "$cache/$suite")"
  else
    failed=1
    echo "rig: the root of $suite could not be made:" >&2
    tail -n 20 "$cache/$suite.log" >&2
  fi
done
exit $failed
