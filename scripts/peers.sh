# Programs that only benchmarks need (sourced by bench.sh). They are unpacked into build/peers, not installed: Debian's
# package of memcached would start a service that listens on 11211. Messages go to standard error.
# shellcheck shell=bash

# Prints the path of a memcached: the system's own, else the distribution's package unpacked with the libraries it names.
peer_memcached() {
  local dir=$PWD/build/peers/memcached missing
  if command -v memcached; then return; fi
  if [ ! -x "$dir/run" ]; then
    command -v apt-get > /dev/null || { say "missing: memcached; install it with this system's package manager"; return 1; }
    rm -rf "$dir" && mkdir -p "$dir/debs" || return 1
    say "fetching the distribution's memcached into build/peers"
    (
      cd "$dir/debs" || exit 1
      # A machine that never ran apt-get update knows no packages, and only root can change that.
      apt-cache show memcached > /dev/null 2>&1 || { [ "$(id -u)" = 0 ] && apt-get update -qq; }
      # shellcheck disable=SC2046
      apt-get download -qq memcached $(apt-cache depends memcached | sed -n 's/^ *Depends: \(lib[a-z0-9.+-]*\)$/\1/p' \
        | grep -v '^libc6$') && for deb in *.deb; do dpkg-deb -x "$deb" .. || exit 1; done
    ) < /dev/null 1>&2 || { say "could not fetch memcached; install it, or run apt-get update as root"; return 1; }
    cat > "$dir/run" <<RUN
#!/bin/sh
LD_LIBRARY_PATH=$(find "$dir/usr/lib" -name 'lib*.so.*' -printf '%h\n' | sort -u | paste -sd:) exec "$dir/usr/bin/memcached" "\$@"
RUN
    chmod 755 "$dir/run"
    missing=$("$dir/run" -V 2>&1) || { say "memcached does not run: $missing"; rm -f "$dir/run"; return 1; }
  fi
  printf '%s\n' "$dir/run"
}
