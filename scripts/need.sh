# What Mikelangelo needs from the host, for ./mike and ./do (sourced by both). Messages go to standard error.
# shellcheck shell=bash
# shellcheck source=scripts/stale.sh
. "${BASH_SOURCE[0]%/*}/stale.sh"

say() { printf 'mike: %s\n' "$*" >&2; }

# Prints the folder of a JDK 25 or newer (25 is preferred), wherever one is installed.
find_jdk() {
  local dir release version best= best_version=999
  local on_path=
  on_path=$(command -v javac 2>/dev/null) && on_path=$(readlink -f "$on_path") && on_path=${on_path%/bin/javac}
  for dir in "${MIKE_JAVA_HOME:-}" "${JAVA_HOME:-}" "$on_path" /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /opt/* /opt/*/* \
      "${HOME:-}"/.jdks/* "${HOME:-}"/.sdkman/candidates/java/* "${HOME:-}"/.local/share/mise/installs/java/*; do
    release=$dir/release
    [ -n "$dir" ] && [ -x "$dir/bin/java" ] && [ -x "$dir/bin/javac" ] && [ -r "$release" ] || continue
    version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$release")
    [ -n "$version" ] && [ "$version" -ge 25 ] && [ "$version" -lt "$best_version" ] || continue
    best=$dir best_version=$version
  done
  [ -n "$best" ] && printf '%s\n' "$best"
}

# Debian packages that are missing, one name a word; $1: "test" adds what only the tests need, "system" what only their
# system tier needs, and root alone can use.
missing_packages() {
  command -v qemu-system-x86_64 > /dev/null || printf 'qemu-system-x86 '
  command -v passt > /dev/null || printf 'passt '
  command -v setsid > /dev/null || printf 'util-linux '
  command -v mvn > /dev/null || printf 'maven '
  command -v gcc > /dev/null || printf 'gcc libc6-dev '
  command -v musl-gcc > /dev/null || printf 'musl-tools '
  command -v make > /dev/null || printf 'make '
  if [ -n "${1:-}" ]; then
    [ -x /bin/busybox ] || printf 'busybox-static '
    command -v memcached > /dev/null || printf 'memcached '
  fi
  if [ "${1:-}" = system ] && [ "$(id -u)" = 0 ]; then
    command -v debootstrap > /dev/null || printf 'debootstrap '
    command -v dpdk-testpmd > /dev/null || printf 'dpdk '
  fi
}

# The distribution's own JDK package, if it has one that is new enough. A machine that never ran `apt-get update` knows
# no candidates; then the release tells: Debian has it since 13 (and testing has no number).
jdk_package() {
  local id='' version=''
  if apt-cache policy openjdk-25-jdk-headless 2>/dev/null | grep -q 'Candidate: [0-9]'; then
    printf 'openjdk-25-jdk-headless'
  elif [ -r /etc/os-release ] && command -v apt-get > /dev/null; then
    id=$(sed -n 's/^ID=//p' /etc/os-release) version=$(sed -n 's/^VERSION_ID="*\([0-9]*\).*/\1/p' /etc/os-release)
    [ "$id" = debian ] && [ "${version:-99}" -ge 13 ] && printf 'openjdk-25-jdk-headless'
  fi
}

# One line for a shell that makes root run $1, as this user can: root itself, sudo, or su.
as_root() {
  if [ "$(id -u)" = 0 ]; then printf '%s' "$1"
  elif command -v sudo > /dev/null; then printf 'sudo sh -c %s' "${1@Q}"
  else printf 'su - -c %s' "${1@Q}"; fi # "-": a user's PATH lacks /usr/sbin, and dpkg needs that
}

install_line() { printf 'apt-get update && apt-get install -y --no-install-recommends %s' "${1% }"; }

# $1: what else is missing. The way is one line on purpose: of several pasted lines apt-get swallows the rest.
no_jdk() {
  say "no JDK 25 found (looked in MIKE_JAVA_HOME, JAVA_HOME, PATH, /usr/lib/jvm, /opt, ~/.jdks, ~/.sdkman)"
  if command -v apt-get > /dev/null; then
    cat >&2 <<TEXT
  Debian 12 has none of its own. Paste this line; it puts Debian 13's JDK with the libraries it was built for into
  /opt/jdk-25 and leaves the system's own alone (500 MB, two minutes):

    $(as_root "sh $(printf %q "$(cd "${BASH_SOURCE[0]%/*}" && pwd)")/jdk-from-debian-13.sh")

  Or unpack any other JDK 25 into a folder below ~/.jdks, or set MIKE_JAVA_HOME to its folder.
TEXT
  else
    echo "  Install one, or unpack one into a folder below ~/.jdks, or set MIKE_JAVA_HOME to its folder." >&2
  fi
  [ -z "${1:-}" ] || say "also missing: ${1% } (the next start can install it)"
}

# Installs what is missing. $1: 1 to install without asking; $2: as for missing_packages. Returns non-zero when something
# is still missing.
need_tools() {
  local yes=$1 packages jdk answer=
  packages=$(missing_packages "${2:-}")
  if ! find_jdk > /dev/null; then
    jdk=$(jdk_package)
    [ -n "$jdk" ] || { no_jdk "$packages"; return 1; }
    packages="$packages$jdk"
  fi
  [ -n "$packages" ] || return 0
  if ! command -v apt-get > /dev/null; then
    say "missing: ${packages% } (Debian's names); install them with this system's package manager and try again"
    return 1
  fi
  if [ "$(id -u)" != 0 ]; then
    say "missing: ${packages% }; run this and try again:"
    say "  $(as_root "$(install_line "$packages")")"
    return 1
  fi
  if [ -z "$yes" ]; then
    if [ ! -t 0 ] || [ ! -t 2 ]; then
      say "missing: ${packages% }; add --yes to install them, or run:"
      say "  $(install_line "$packages")"
      return 1
    fi
    read -r -p "mike: install ${packages% } with apt-get? [Y/n] " answer
    case $answer in '' | [yY]*) ;; *) say "nothing installed, nothing started"; return 1 ;; esac
  fi
  install_packages "${2:-}"
}

# A fresh machine is often busy with upgrades of its own. apt-get can wait for dpkg's lock, for that of its lists it cannot.
update_lists() {
  local end=$((SECONDS + 600)) said
  until said=$(LC_ALL=C apt-get update -qq 2>&1); do
    printf '%s\n' "$said"
    case $said in *'Could not get lock'*) ;; *) return 1 ;; esac
    [ $SECONDS -lt $end ] || return 1
    sleep 5
  done
}

# Installs what is missing now: two first starts may meet here, and the second finds the first one's work done.
install_packages() {
  local log packages
  log=$(mktemp) || return 1
  (
    flock 8
    packages=$(missing_packages "$1")
    find_jdk > /dev/null || packages="$packages$(jdk_package)"
    [ -n "$packages" ] || exit 0
    say "installing ${packages% } (a minute or two)"
    export DEBIAN_FRONTEND=noninteractive
    # apt would hand our input on to dpkg.
    # shellcheck disable=SC2086
    { update_lists \
      && apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 $packages; } \
      < /dev/null > "$log" 2>&1 && exit 0
    tail -n 15 "$log" >&2
    say "apt-get could not install: ${packages% } (its last words are above)"
    exit 1
  ) 8> /run/mike-install.lock
  local done=$?
  rm -f "$log"
  return $done
}

# Builds the product into $1/build when it is older than its sources; several callers wait for one another.
need_build() {
  local home=$1 java
  if ! mkdir -p "$home/build" 2> /dev/null || [ ! -w "$home/build" ]; then
    say "cannot build: $home/build is not writable for $(id -un); let its owner run ./mike, or use a clone of your own"
    return 1
  fi
  (
    flock -n 9 || { say "waiting for another mike that builds"; flock 9; }
    [ -n "${MIKE_REBUILD:-}" ] || stale "$home" || exit 0
    bash "$home/scripts/build.sh"
  ) 9> "$home/build/lock"
}
