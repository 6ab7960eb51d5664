#!/usr/bin/env bash
# ./do prove [rings] [messages] [mutants] [--operations N] [--messages N] [--seed N] [--only NAME[,NAME]]: the figures of
# robustness, each printed with what it was made of. rings: programs for the mock driver, split and packed, all mixes of
# features, until so many ring operations were done (10^8). messages: programs for a vhost-user front-end, until so many
# messages were handled (10^7). mutants: each of proof/fuzz/mutants.txt breaks one of our own checks in a copy, and the programs
# must notice. Without a name: all three. A finding ends with a non-zero exit code and the seed that makes it again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/need.sh
operations=100000000 messages=10000000 seed=1 only='' what=()
while [ $# -gt 0 ]; do
  case $1 in
    --operations) operations=$2; shift 2 ;;
    --messages) messages=$2; shift 2 ;;
    --seed) seed=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    rings | messages | mutants) what+=("$1"); shift ;;
    *) say "nothing to prove: $1 (rings, messages, mutants)"; exit 64 ;;
  esac
done
[ ${#what[@]} -gt 0 ] || what=(rings messages mutants)
mvn -q -B -pl dataplane/virtio,dataplane/vhost,dataplane/ioplane -am -DskipTests package 1>&2
class_path=
for module in dataplane/{virtio,vhost,ioplane}; do class_path+=$module/target/test-classes:; done
for module in {ground,dataplane}/*; do class_path+=$module/target/classes:; done
# One core and little memory: a proof must not need a large machine, nor disturb one.
jvm=("$JAVA_HOME/bin/java" -Xmx256m -XX:MaxDirectMemorySize=128m -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED)
status=0
for proof in "${what[@]}"; do
  case $proof in
    rings) "${jvm[@]}" -cp "$class_path" eu.mikelangelo.virtio.mock.RingRun "$operations" "$seed" || status=1 ;;
    messages) "${jvm[@]}" -cp "$class_path" eu.mikelangelo.vhost.MessageRun "$messages" "$seed" || status=1 ;;
    mutants) "$JAVA_HOME/bin/java" -Xmx256m -XX:+UseSerialGC scripts/Mutants.java proof/fuzz/mutants.txt "$class_path" "$only" \
      "${jvm[@]}" || status=1 ;;
  esac
done
exit $status
