#!/usr/bin/env bash
# ./do coverage: branch coverage of the shard engine by its own tests, with JaCoCo. Mail, timers and rings must reach 90 %.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=$PWD/build/coverage
rm -rf "$out" && mkdir -p "$out"
mvn -q -B -pl proof/race -Pcoverage -Dmaven.test.skip=true -am package 1>&2
lib=$PWD/proof/race/target/coverage
agent=$(ls "$lib"/org.jacoco.agent-*-runtime.jar)
nice -n 19 mvn -q -B -pl ground/shard -am -Dtest='eu.mikelangelo.shard.**' -Dsurefire.failIfNoSpecifiedTests=false -Dmaven.test.failure.ignore=true \
  "-Dtest.jvm=-javaagent:$agent=destfile=$out/jacoco.exec,includes=eu.mikelangelo.shard.*" test 1>&2
"$JAVA_HOME/bin/java" -cp "$lib/*" org.jacoco.cli.internal.Main report "$out/jacoco.exec" \
  --classfiles ground/shard/target/classes --sourcefiles ground/shard/src/main/java \
  --csv "$out/shard.csv" --html "$out/html" --quiet
echo "branches covered (all of ground/shard: build/coverage/html/index.html)"
awk -F, '
  NR == 1 { next }
  { all += $6 + $7; hit += $7 }
  $3 ~ /^(Mailbox|Post|Outside|Memory|TimerWheel|SpscRing|RunQueue|SleepFlag|Timer)(\.|$)/ {
    split($3, name, "."); missed[name[1]] += $6; covered[name[1]] += $7; m += $6; c += $7
  }
  END {
    for (n in missed) if (missed[n] + covered[n] > 0)
      printf "  %-12s %3d of %3d\n", n, covered[n], missed[n] + covered[n]
    share = 100 * c / (m + c)
    printf "mail, timers and rings: %.1f %% of %d branches; the engine: %.1f %% of %d\n", share, m + c, 100 * hit / all, all
    if (share < 90) exit 1
  }' "$out/shard.csv"
