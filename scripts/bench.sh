#!/usr/bin/env bash
# Compiles and runs one benchmark; called by ./do bench with JAVA_HOME set. Standard output holds the rows only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/need.sh
. scripts/peers.sh
mvn -q -B -pl proof/bench -am -Dmaven.test.skip=true process-classes 1>&2
peers=()
if [ "${1:-}" = shard ]; then
  # Without it the rows that need it say so.
  memcached=$(peer_memcached) && peers+=("-Dmike.memcached=$memcached") || true
fi
exec "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED -Dmike.install="$PWD" "${peers[@]}" \
  -cp "proof/bench/target/classes:$(< proof/bench/target/class-path)" eu.mikelangelo.bench.BenchMain "$@"
