#!/usr/bin/env bash
# ./do coverage [shard] [virtio] [vhost]: branch coverage by the modules' own tests, with JaCoCo: the shard engine's mail, timers and
# rings, the code of virtqueues, and that of vhost-user messages and what they make a session do. Each of these must reach 90 %.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ $# -gt 0 ] || set -- shard virtio vhost
out=$PWD/build/coverage
rm -rf "$out" && mkdir -p "$out"
mvn -q -B -pl proof/race,dataplane/vhost -Pcoverage -Dmaven.test.skip=true -am package 1>&2
lib=$PWD/proof/race/target/coverage
agent=$(ls "$lib"/org.jacoco.agent-*-runtime.jar)
modules='' tests=''
for name in "$@"; do
  case $name in
    shard) modules+=,ground/shard ;;
    virtio | vhost) modules+=,dataplane/$name ;;
    *) echo "no coverage of $name (shard, virtio, vhost)" >&2; exit 64 ;;
  esac
  tests+=,eu.mikelangelo.$name.**
done
nice -n 19 mvn -q -B -pl "${modules#,}" -am "-Dtest=${tests#,}" -Dsurefire.failIfNoSpecifiedTests=false -Dmaven.test.failure.ignore=true \
  "-Dtest.jvm=-javaagent:$agent=destfile=$out/jacoco.exec,includes=eu.mikelangelo.*" test 1>&2
status=0

# Prints what the tests of a module reached. $1: its folder; $2: what its code of interest is called; $3: which classes that is, as
# an expression for PACKAGE.CLASS (without eu.mikelangelo.; nested classes count with theirs).
cover() {
  local name=${1##*/}
  "$JAVA_HOME/bin/java" -cp "$lib/*" org.jacoco.cli.internal.Main report "$out/jacoco.exec" \
    --classfiles "$1/target/classes" --sourcefiles "$1/src/main/java" --csv "$out/$name.csv" --html "$out/$name" --quiet
  awk -F, -v what="$2" -v classes="^($3)\$" -v module="$1" '
    NR == 1 { next }
    {
      split($3, name, ".")
      place = $2 "." name[1]
      sub(/^eu\.mikelangelo\./, "", place)
      all += $6 + $7; hit += $7; packages[$2] += $6 + $7; reached[$2] += $7
      if (place ~ classes) { missed[place] += $6; covered[place] += $7; m += $6; c += $7 }
    }
    END {
      printf "%s: %.1f %% of %d branches (%s)\n", what, 100 * c / (m + c), m + c, module
      for (n in missed) if (missed[n] + covered[n] > 0)
        printf "  %-36s %4d of %4d\n", n, covered[n], missed[n] + covered[n] | "sort"
      close("sort")
      for (p in packages) if (packages[p] > 0)
        printf "  package %-40s %5.1f %% of %4d\n", p, 100 * reached[p] / packages[p], packages[p] | "sort"
      close("sort")
      printf "  all of %-41s %5.1f %% of %4d\n", module, 100 * hit / all, all
      exit 100 * c / (m + c) < 90
    }' "$out/$name.csv" || status=1
}

for name in "$@"; do
  case $name in
    shard) cover ground/shard "mail, timers and rings" \
      'shard.*[.](Mailbox|Post|Outside|Memory|TimerWheel|SpscRing|RunQueue|SleepFlag|Timer)' ;;
    # Everything that reads what a driver wrote; virtio.driver is the driver.
    virtio) cover dataplane/virtio "virtqueues" 'virtio[.][A-Za-z]+' ;;
    # Everything between the bytes of a message and the calls of the device; sockets and threads, the front-end library and the
    # kernel's half of PeerFiles are not messages.
    vhost) cover dataplane/vhost "vhost-user messages" \
      'vhost[.](VhostCodec|Request|RequestType|MessageLayout|BackEndSession|BackEndConfig|Verdict|Rings|Ring|MappedTable|SharedFile|InflightArea)|vhost[.]inflight[.].*' ;;
  esac
done
echo "pages: build/coverage/NAME/index.html"
exit $status
