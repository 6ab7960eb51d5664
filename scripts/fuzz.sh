#!/usr/bin/env bash
# ./do fuzz [TARGET] [--seconds N]: coverage-guided fuzzing of one target; without a target, the list. A target NAME is a class
# NAMEFuzz in some module's src/test with `static void fuzzerTestOneInput(byte[])`; what it found before is kept in
# proof/fuzz/corpus/NAME. A finding ends with a non-zero exit code and the input in build/fuzz/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/need.sh
target='' seconds=60
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) seconds=$2; shift 2 ;;
    -*) say "unknown option $1"; exit 64 ;;
    *) target=$1; shift ;;
  esac
done
targets() { find ground dataplane control examples -path '*/src/test/*' -name '*Fuzz.java' | sort; }
if [ -z "$target" ]; then
  targets | sed -E 's#.*/([A-Za-z0-9]+)Fuzz\.java#\1#' | tr '[:upper:]' '[:lower:]'
  exit 0
fi
source_file=$(targets | grep -iE "/${target}Fuzz\.java$" | head -n 1 || true)
[ -n "$source_file" ] || { say "no target $target; there are: $(targets | sed -E 's#.*/([A-Za-z0-9]+)Fuzz\.java#\1#' | tr '[:upper:]\n' '[:lower:] ')"; exit 64; }
module=${source_file%%/src/test/*}
class=$(echo "${source_file#*/src/test/java/}" | sed 's#/#.#g; s#\.java$##')
mvn -q -B -DskipTests -pl "$module,proof/fuzz" -am package 1>&2
class_path=$module/target/test-classes
for classes in {ground,dataplane,control,examples}/*/target/classes; do class_path=$class_path:$classes; done
class_path="$class_path:proof/fuzz/target/lib/*"
[ -d build/lib/control ] && class_path="$class_path:build/lib/control/*"
corpus=proof/fuzz/corpus/$target
mkdir -p "$corpus" "build/fuzz/$target"
# Targets allocate native memory that the collector frees; its bound stays below libFuzzer's own, which counts as a finding.
exec "$JAVA_HOME/bin/java" -Xmx1g -XX:MaxDirectMemorySize=512m --enable-native-access=ALL-UNNAMED -XX:+EnableDynamicAgentLoading -cp "$class_path" \
  com.code_intelligence.jazzer.Jazzer --target_class="$class" --instrumentation_includes='eu.mikelangelo.**' \
  --reproducer_path="build/fuzz" -artifact_prefix="build/fuzz/$target-" -max_total_time="$seconds" -timeout=20 \
  -rss_limit_mb=4096 -max_len=65536 -len_control=20 \
  -print_final_stats=1 "build/fuzz/$target" "$corpus"
