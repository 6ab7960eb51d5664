#!/usr/bin/env bash
# Makes the AOT caches of the command line, the agent and the plane: each runs once, does what it usually does, and leaves a
# cache of its loaded and linked classes when it ends. Called by build.sh, after build/lib is in place.
set -euo pipefail
home=$(cd -P -- "${BASH_SOURCE[0]%/*}/.." && pwd)
cd "$home"
rm -rf build/aot.next build/train
mkdir -p build/aot.next
read -r java < build/java
export MIKE_HOME=$home/build/train MIKE_AOT_TRAIN=$home/build/aot.next
# The agent and the plane are started by this and inherit MIKE_AOT_TRAIN (class Launch).
grep -v AOTCache build/cli.args > build/aot.next/cli.args
"$java" "-XX:AOTCacheOutput=$MIKE_AOT_TRAIN/cli.aot" "@build/aot.next/cli.args" "-Dmike.home=$home" eu.mikelangelo.cli.Train
unset MIKE_AOT_TRAIN
# By what only this training's agent and plane have inherited; /proc shows a process's environment as of its start.
agents() { grep -lszxF "MIKE_AOT_TRAIN=$home/build/aot.next" /proc/[0-9]*/environ; }
for ((i = 0; i < 300; i++)); do   # agent and plane write their caches when they end
  [ -f build/aot.next/agent.aot ] && [ -f build/aot.next/plane.aot ] && [ -z "$(agents)" ] && break
  sleep 0.1
done
rm -rf build/train build/aot.next/cli.args
ls -l build/aot.next
mv build/aot.next build/aot
