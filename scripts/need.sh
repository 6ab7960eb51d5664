# What Mikelangelo needs from the host, for ./mike and ./do (sourced by both). Messages go to standard error.
# shellcheck shell=bash

say() { printf 'mike: %s\n' "$*" >&2; }

# Prints the folder of a JDK 25 or newer (25 is preferred), wherever one is installed.
find_jdk() {
  local dir release version best= best_version=999
  local on_path=
  on_path=$(command -v javac 2>/dev/null) && on_path=$(readlink -f "$on_path") && on_path=${on_path%/bin/javac}
  for dir in "${MIKE_JAVA_HOME:-}" "${JAVA_HOME:-}" "$on_path" /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /opt/* /opt/*/* \
      "$HOME"/.jdks/* "$HOME"/.sdkman/candidates/java/* "$HOME"/.local/share/mise/installs/java/*; do
    release=$dir/release
    [ -n "$dir" ] && [ -x "$dir/bin/java" ] && [ -x "$dir/bin/javac" ] && [ -r "$release" ] || continue
    version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$release")
    [ -n "$version" ] && [ "$version" -ge 25 ] && [ "$version" -lt "$best_version" ] || continue
    best=$dir best_version=$version
  done
  [ -n "$best" ] && printf '%s\n' "$best"
}

# Debian packages that are missing, one name a word; $1: "test" adds what only the tests need.
missing_packages() {
  command -v qemu-system-x86_64 > /dev/null || printf 'qemu-system-x86 '
  command -v passt > /dev/null || printf 'passt '
  command -v setsid > /dev/null || printf 'util-linux '
  command -v mvn > /dev/null || printf 'maven '
  command -v gcc > /dev/null || printf 'gcc libc6-dev '
  command -v musl-gcc > /dev/null || printf 'musl-tools '
  command -v make > /dev/null || printf 'make '
  if [ "${1:-}" = test ]; then
    [ -x /bin/busybox ] || printf 'busybox-static '
    command -v memcached > /dev/null || printf 'memcached '
  fi
}

# The distribution's own JDK package, if it has one that is new enough.
jdk_package() {
  apt-cache policy openjdk-25-jdk-headless 2>/dev/null | grep -q 'Candidate: [0-9]' && printf 'openjdk-25-jdk-headless'
}

no_jdk() {
  cat >&2 <<'TEXT'
mike: no JDK 25 found (looked in MIKE_JAVA_HOME, JAVA_HOME, PATH, /usr/lib/jvm, /opt, ~/.jdks, ~/.sdkman)
  Debian 12 has none of its own. Either unpack any JDK 25 and set MIKE_JAVA_HOME to its folder, or paste this as root; it puts
  Debian 13's JDK into /opt/jdk-25 with the libraries it was built for and touches nothing else:
TEXT
  sed 's/^/    /' "${BASH_SOURCE[0]%/*}/jdk-from-debian-13.sh" | grep -v '^    #' >&2
}

# Installs what is missing. $1: 1 to install without asking; $2: "test" adds what only the tests need. Returns non-zero when
# something is still missing.
need_tools() {
  local yes=$1 packages jdk answer=
  packages=$(missing_packages "${2:-}")
  if ! find_jdk > /dev/null; then
    if command -v apt-get > /dev/null && [ -z "$(jdk_package)" ] && [ "$(id -u)" = 0 ]; then
      apt-get update -qq > /dev/null 2>&1
    fi
    jdk=$(jdk_package)
    [ -n "$jdk" ] || { no_jdk; return 1; }
    packages="$packages$jdk"
  fi
  [ -n "$packages" ] || return 0
  if ! command -v apt-get > /dev/null; then
    say "missing: $packages (named as Debian names them); install them with this system's package manager and try again"
    return 1
  fi
  if [ "$(id -u)" != 0 ]; then
    say "missing: $packages; run this and try again:"
    say "  sudo apt-get install -y --no-install-recommends $packages"
    return 1
  fi
  if [ -z "$yes" ]; then
    if [ ! -t 0 ] || [ ! -t 2 ]; then
      say "missing: $packages; add --yes to install them, or run:"
      say "  apt-get update && apt-get install -y --no-install-recommends $packages"
      return 1
    fi
    read -r -p "mike: install $packages with apt-get? [Y/n] " answer
    case $answer in '' | [yY]*) ;; *) return 1 ;; esac
  fi
  install_packages $packages
}

install_packages() {
  say "installing $*"
  export DEBIAN_FRONTEND=noninteractive
  if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } > /tmp/mike-apt.$$ 2>&1; then
    tail -n 15 /tmp/mike-apt.$$ >&2
    rm -f /tmp/mike-apt.$$
    say "apt-get could not install: $* (its last words are above)"
    return 1
  fi
  rm -f /tmp/mike-apt.$$
}

# Builds the product into $1/build when it is older than its sources; several callers wait for one another.
need_build() {
  local home=$1
  mkdir -p "$home/build" || return 1
  (
    flock 9
    if [ -f "$home/build/stamp" ] && [ -z "${MIKE_REBUILD:-}" ] && [ -x "$(cat "$home/build/java" 2>/dev/null)" ] \
        && [ -z "$(find "$home"/{ground,dataplane,control,face,guest}/*/{src/main,pom.xml} "$home"/guest/init/*.[ch] \
          "$home"/pom.xml -newer "$home/build/stamp" -type f -print -quit 2>/dev/null)" ]; then
      exit 0
    fi
    bash "$home/scripts/build.sh"
  ) 9> "$home/build/lock"
}
