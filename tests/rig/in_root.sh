#!/bin/bash
# in_root.sh ROOT COMMAND...: runs COMMAND with ROOT as /, in mount and process namespaces of its own.
# ROOT stays as it is: what COMMAND writes there is kept in memory and gone afterwards. Files below $IN_ROOT_FILES are laid
# over it. /tmp, /dev, /sys and the network are the machine's. Every process that COMMAND started ends with it.
set -eu
root=$(readlink -f "$1")
shift

inside() {
  mount -t tmpfs tmpfs "$root/mnt"
  mkdir "$root"/mnt/{upper,work}
  mount -t overlay overlay -o "lowerdir=$root,upperdir=$root/mnt/upper,workdir=$root/mnt/work" "$root"
  # The network and the package index are reached as the machine reaches them.
  for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt /etc/pip.conf /etc/xdg/pip /root/.config/pip; do
    [ ! -e "$file" ] || { mkdir -p "$root${file%/*}" && cp -rLT "$file" "$root$file"; }
  done
  [ -z "${IN_ROOT_FILES:-}" ] || cp -a "$IN_ROOT_FILES/." "$root/"
  mount -t proc proc "$root/proc"
  for folder in sys dev; do mount --rbind "/$folder" "$root/$folder"; done
  mount --bind /tmp "$root/tmp"
  mount -t tmpfs tmpfs "$root/run"
  cd "$root"
  pivot_root . .old
  umount -l /.old
  mount --make-rshared /
  cd /
  unset IN_ROOT_FILES VIRTUAL_ENV
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
  "$@" # no exec: the shell stays as process 1, which collects orphans
}

export root
export -f inside
exec unshare --mount --propagation private --pid --fork --kill-child /bin/bash -euc 'inside "$@"' in_root "$@"
