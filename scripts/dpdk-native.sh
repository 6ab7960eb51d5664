# DPDK built for this machine's processor, for ./do bench net --harder (sourced by bench.sh): the distribution's source
# of the version that is installed, of it the forwarder and what two virtio ports need; and our one-copy loop on its vhost
# library. Everything stays in build/peers/dpdk-native, the tools to build it too. Messages go to standard error.
# shellcheck shell=bash

# Prints that folder, with dpdk-testpmd and one-copy in it.
peer_dpdk_native() {
  local dir=$PWD/build/peers/dpdk-native source=$PWD/proof/bench/src/main/c/one-copy.c version need
  for need in apt-get dpkg-source gcc pkg-config; do
    command -v "$need" > /dev/null || { say "no DPDK built for this processor: $need is missing (Debian's dpkg-dev, gcc, pkg-config)"; return 1; }
  done
  # shellcheck disable=SC2016
  version=$(dpkg-query -W -f '${source:Version}' dpdk) || return 1
  if [ "$(cat "$dir/version" 2> /dev/null)" != "$version" ]; then
    rm -rf "$dir" && mkdir -p "$dir/apt/parts" "$dir/apt/lists/partial" "$dir/debs" || return 1
    say "fetching and building DPDK $version for this processor (ten minutes or more; the log: $dir/log)"
    (cd "$dir" && dpdk_native_fetch "$version" && dpdk_native_build) > "$dir/log" 2>&1 < /dev/null \
      || { say "could not build it; the log ends with:"; tail -n 5 "$dir/log" >&2; return 1; }
    printf '%s\n' "$version" > "$dir/version"
  fi
  if [ ! "$dir/one-copy" -nt "$source" ]; then
    (cd "$dir" && dpdk_native_one_copy "$source") > "$dir/one-copy.log" 2>&1 \
      || { say "could not build the one-copy loop:"; tail -n 5 "$dir/one-copy.log" >&2; return 1; }
  fi
  printf '%s\n' "$dir"
}

# The machine's own lists have no sources as a rule, and are left as they are: private ones, of the same places.
dpdk_native_fetch() {
  local list options=(-o Dir::Etc::SourceList="$PWD/apt/sources.list" -o Dir::Etc::SourceParts="$PWD/apt/parts"
    -o Dir::State::Lists="$PWD/apt/lists" -o Debug::NoLocking=1 -o APT::Sandbox::User=root)
  for list in /etc/apt/sources.list.d/*.sources; do
    [ ! -r "$list" ] || sed 's/^Types:.*/Types: deb-src/' "$list" > "apt/parts/${list##*/}"
  done
  for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -r "$list" ] || sed -n 's/^deb /deb-src /p' "$list"
  done > apt/sources.list
  apt-get update -qq "${options[@]}" || return 1
  apt-get source -qq --only-source "${options[@]}" "dpdk=$1" || return 1
  mv dpdk-*/ source || return 1
  (cd debs && apt-get download -qq -o APT::Sandbox::User=root meson ninja-build python3-pyelftools \
    && for deb in *.deb; do dpkg-deb -x "$deb" ../tools || exit 1; done)
}

dpdk_native_build() {
  export PATH=$PWD/tools/usr/bin:/usr/bin:/bin PYTHONPATH=$PWD/tools/usr/lib/python3/dist-packages
  nice -n 19 meson setup out source --buildtype=release -Dplatform=native -Ddefault_library=static -Dtests=false \
    -Denable_docs=false -Denable_drivers=bus/vdev,bus/pci,mempool/ring,net/vhost,net/virtio -Denable_apps=test-pmd \
    && nice -n 19 ninja -C out app/dpdk-testpmd && ln -sf out/app/dpdk-testpmd dpdk-testpmd
}

# What the system has of other libraries the whole of DPDK would need; these few parts need only some of them.
dpdk_native_one_copy() {
  export PKG_CONFIG_PATH=$PWD/out/meson-uninstalled
  local part archives=()
  for part in eal vhost mempool ring mbuf ethdev net kvargs telemetry hash rcu meter cryptodev dmadev timer pci; do
    archives+=("out/lib/librte_$part.a")
  done
  # shellcheck disable=SC2046
  nice -n 19 gcc -O3 -march=native -Wall -Wextra -Werror $(pkg-config --cflags libdpdk) "$1" -o one-copy.new \
    -Wl,--whole-archive "${archives[@]}" out/drivers/librte_mempool_ring.a -Wl,--no-whole-archive \
    -Wl,--as-needed $(pkg-config --static --libs libdpdk | tr ' ' '\n' | grep -xE -- '-l(numa|bsd|md)') -pthread -lm -ldl \
    && mv one-copy.new one-copy
}
