#!/usr/bin/env bash
# ./do example NAME [options]: builds and runs a program of examples/ that is written with the shard engine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/need.sh
case ${1:-} in
  cache) module=examples/cache main=eu.mikelangelo.examples.cache.server.CacheMain ;;
  *) say "no example ${1:-}; there are: cache"; exit 64 ;;
esac
shift
mvn -q -B -DskipTests -pl "$module" -am compile 1>&2
class_path=$module/target/classes
for classes in ground/*/target/classes; do class_path=$class_path:$classes; done
exec "$JAVA_HOME/bin/java" "@$module/jvm.options" -cp "$class_path" "$main" "$@"
