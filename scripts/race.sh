#!/usr/bin/env bash
# ./do race [TEST]: every order of two threads that jcstress can provoke in rings, sleep and metrics (a minute or two), then the
# plain stress tests of proof/race. Ends with one line: N passed, N failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
test=${1:-.*}
mvn -q -B -pl proof/race -am -Dmaven.test.skip=true package 1>&2
rm -rf build/race && mkdir -p build/race
status=0
(cd build/race && "$JAVA_HOME/bin/java" -Xmx256m -cp "../../proof/race/target/classes:../../proof/race/target/lib/*" \
  org.openjdk.jcstress.Main -t "$test" -m quick -sc false -af NONE -f 1 -iters 3 -time 500 -strideSize 10000 \
  -jvmArgs "-Xmx256m -XX:+UseSerialGC" -r .) > build/race/log.txt 2>&1 || status=$?
sed -n '/^RUN RESULTS/,$p' build/race/log.txt
results=$(grep -oE '[0-9]+ passed, [0-9]+ failed, [0-9]+ soft errs, [0-9]+ hard errs' build/race/log.txt | tail -n 1)
passed=$(echo "$results" | grep -oE '^[0-9]+' || echo 0)
failed=$(echo "$results" | grep -oE '[0-9]+ (failed|hard)' | awk '{ n += $1 } END { print n + 0 }')
[ "$status" = 0 ] && [ "$passed" -gt 0 ] || failed=$((failed + 1))
stress=1
mvn -q -B -pl proof/race -am -Dtest=StressTest -Dsurefire.failIfNoSpecifiedTests=false test 1>&2 || stress=0
passed=$((passed + stress)) failed=$((failed + 1 - stress))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
