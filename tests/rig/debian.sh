# Sourced by the scripts beside it: which mirror and keyring this machine's apt uses, and the packages it lacks.

# The first Debian mirror in apt's sources, whether they are deb822 files or lines; security mirrors hold other suites.
debian_mirror() {
  local uri
  uri=$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    awk '/^[[:space:]]*#/ { next }
         /^URIs:/ { for (i = 2; i <= NF; i++) print $i }
         /^deb[[:space:]]/ { sub(/\[[^]]*\]/, ""); print $2 }' |
    grep -E '/debian/?$' | head -n 1)
  echo "${uri:-http://deb.debian.org/debian}"
}

debian_keyring() {
  local file
  for file in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
    if [ -s "$file" ]; then
      echo "$file"
      return
    fi
  done
}

# install_packages PACKAGE...: those that the machine lacks.
install_packages() {
  local package missing=()
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  export DEBIAN_FRONTEND=noninteractive
  local apt=(apt-get -qq -o Acquire::Retries=3 -o Dpkg::Use-Pty=0)
  "${apt[@]}" -y --no-install-recommends install "${missing[@]}" >/dev/null 2>&1 || {
    "${apt[@]}" update
    "${apt[@]}" -y --no-install-recommends install "${missing[@]}" >/dev/null
  }
}
