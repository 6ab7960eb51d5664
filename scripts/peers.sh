# Programs that only benchmarks need (sourced by bench.sh). They are unpacked into build/peers, not installed: Debian's
# packages of memcached and Open vSwitch would start services. Only DPDK, which starts nothing and looks for its drivers
# where they are installed, is. Messages go to standard error.
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

# Sees to it that there is a dpdk-testpmd; as root.
peer_dpdk() {
  if command -v dpdk-testpmd > /dev/null; then return; fi
  command -v apt-get > /dev/null || { say "missing: dpdk; install it with this system's package manager"; return 1; }
  say "installing dpdk"
  export DEBIAN_FRONTEND=noninteractive
  { apt-cache show dpdk > /dev/null 2>&1 || update_lists; } < /dev/null 1>&2 \
    && apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 dpdk < /dev/null > /dev/null 2>&1 \
    || { say "could not install dpdk"; return 1; }
}

# Prints a folder in which the distribution's Open vSwitch with DPDK is unpacked, with what it needs and is missing here.
peer_openvswitch() {
  local dir=$PWD/build/peers/openvswitch
  if [ ! -x "$dir/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk" ]; then
    command -v apt-get > /dev/null || { say "missing: openvswitch-switch-dpdk, known of Debian only"; return 1; }
    rm -rf "$dir" && mkdir -p "$dir/debs/partial" || return 1
    say "fetching the distribution's Open vSwitch into build/peers"
    (
      cd "$dir/debs" || exit 1
      apt-cache show openvswitch-switch-dpdk > /dev/null 2>&1 || { [ "$(id -u)" = 0 ] && update_lists; }
      apt-get install -y -qq --download-only --no-install-recommends -o Dir::Cache::archives="$PWD" \
        -o Debug::NoLocking=1 openvswitch-switch-dpdk && for deb in *.deb; do dpkg-deb -x "$deb" .. || exit 1; done
    ) < /dev/null 1>&2 || { say "could not fetch openvswitch-switch-dpdk"; return 1; }
  fi
  printf '%s\n' "$dir"
}
