#!/bin/bash
# make_root.sh SUITE CACHE PACKAGE...: CACHE/SUITE, a root folder of Debian SUITE in which programs run.
# The packages are unpacked, not installed: no script of theirs runs. Another set of packages is another folder.
set -eu
suite=$1 cache=$2
shift 2
. "$(dirname "$0")/debian.sh"

exec 9> "$cache/$suite.lock"
flock 9
root=$cache/$suite-$(echo "$suite" "$@" | sha256sum | cut -c1-12)
if [ ! -d "$root" ]; then
  work=$(mktemp -d "$cache/$suite-making.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"/{lists/partial,cache,debs/partial,root}
  : > "$work/status"
  keyring=$(debian_keyring)
  echo "deb ${keyring:+[signed-by=$keyring] }$(debian_mirror) $suite main" > "$work/sources.list"
  apt=(apt-get -qq -o Acquire::Retries=3 -o Acquire::Languages=none -o APT::Sandbox::User=root
    -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$work/lists"
    -o "Dir::State::Status=$work/status" -o "Dir::Cache=$work/cache" -o "Dir::Cache::Archives=$work/debs")
  "${apt[@]}" update
  "${apt[@]}" -y --no-install-recommends --download-only install "$@"
  new=$work/root
  for folder in bin sbin lib lib64; do
    mkdir -p "$new/usr/$folder"
    ln -s "usr/$folder" "$new/$folder"
  done
  for package in "$work"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$package" |
      tar -x -C "$new" --keep-directory-symlink --exclude=./usr/share/{doc,man,locale,info}
  done
  # What the packages' scripts would have done.
  [ -e "$new/bin/sh" ] || ln -s dash "$new/bin/sh"
  for name in {ip,ip6}tables{,-save,-restore}; do ln -sf xtables-nft-multi "$new/usr/sbin/$name"; done
  echo root:x:0:0:root:/root:/bin/sh > "$new/etc/passwd"
  printf '%s\n' root:x:0: tty:x:5: docker:x:999: > "$new/etc/group"
  echo 'hosts: files dns' > "$new/etc/nsswitch.conf"
  mkdir -p "$new"/{proc,sys,dev,tmp,run,mnt,root,.old} "$new/etc/ssl/certs"
  # The rename comes last, so a folder of this name is always a whole root.
  mv "$new" "$root"
fi
ln -sfn "$root" "$cache/$suite"
