#!/usr/bin/env bash
# Compiles and runs one benchmark; called by ./do bench with JAVA_HOME set. Standard output holds the rows only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mvn -q -B -o -pl proof/bench -am -Dmaven.test.skip=true compile 1>&2
exec "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED -Dmike.install="$PWD" \
  -cp "proof/bench/target/classes:build/lib/control/*" eu.mikelangelo.bench.BenchMain "$@"
