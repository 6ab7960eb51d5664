#!/usr/bin/env bash
# Compiles and runs one benchmark; called by ./do bench with JAVA_HOME set. Standard output holds the rows only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/need.sh
. scripts/peers.sh
. scripts/net-room.sh
. scripts/dpdk-native.sh
bench=${1:-}
peers=() run=(exec)
if [ "$bench" = net ]; then
  net_needs_root_or_exit
fi
mvn -q -B -pl proof/bench -am -Dmaven.test.skip=true process-classes 1>&2
# Without a peer the rows that need it say so.
case $bench in
  shard)
    memcached=$(peer_memcached) && peers+=("-Dmike.memcached=$memcached") || true
    ;;
  net)
    peer_dpdk || true
    openvswitch=$(peer_openvswitch) && peers+=("-Dmike.openvswitch=$openvswitch") || true
    case " $* " in
      *" --harder "*) native=$(peer_dpdk_native) && peers+=("-Dmike.dpdk.native=$native") || true ;;
    esac
    net_room_or_exit
    peers+=("-Dmike.net.room=$net_room")
    run=(net_run)
    ;;
esac
"${run[@]}" "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED -Dmike.install="$PWD" "${peers[@]}" \
  -cp "$PWD/proof/bench/target/classes:$(< proof/bench/target/class-path)" eu.mikelangelo.bench.BenchMain "$@"
