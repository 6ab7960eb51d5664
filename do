#!/usr/bin/env bash
# The developer's one script. It never asks: as root it installs what is missing, otherwise it prints the line to run.
set -euo pipefail
home=$(cd -P -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)
cd "$home"
. scripts/need.sh

usage() {
  cat <<'TEXT'
usage: ./do COMMAND

  build                build the product into build/ (what ./mike does once by itself)
  test [quick]         quick: units, properties, fuzz seeds, house rules (under 2 minutes)
  test                 everything above and real machines under QEMU (under 25 minutes on two cores)
  test system          fresh machines of Debian 12 and 13 that type the README, twenty Debian packages
                       that nobody prepared, QEMU 7.2 to 11.1, DPDK and Open vSwitch as peers
                       (40 minutes or more; as root)
  test soak            machines, agent and plane started, stopped and killed at random (10 minutes;
                       -Dmike.soak.minutes=N, -Dmike.soak.seed=N)
  test ... -Dtest=X    only the test classes X
  bench NAME [--json] [--only ROW[,ROW]] [--quick] [--harder]
                       measure against named peers, interleaved; names: start shard net
                       (--harder, of net: DPDK built for this processor, a loop in C, too)
  example cache [--port N] [--memory MIB] ...
                       run a program of examples/ on the shard engine (--help: its options)
  artifacts            pack the shard engine into build/artifacts, a Maven repository for projects outside
  race                 races between threads: jcstress and stress tests of the shard engine (2 to 3 minutes)
  coverage [shard] [virtio] [vhost]
                       branch coverage of the shard engine's mail, timers and rings, of virtqueues and of
                       vhost-user messages: each must reach 90 %
  fuzz [TARGET] [--seconds N]
                       run a fuzz target with fresh seeds (no TARGET: list them)
  prove [rings] [messages] [mutants] [--operations N] [--messages N] [--seed N]
                       robustness in figures: 10^8 ring operations and 10^7 vhost-user messages of
                       seeded programs, and breaks of our own checks that these must notice
  clean                remove build/ and every target/

Each test command ends with "N passed, N failed, N skipped".
TEXT
}

ready() {
  need_tools 1 "${1:-}" || exit 69
  JAVA_HOME=$(find_jdk)
  export JAVA_HOME
  export MAVEN_OPTS="${MAVEN_OPTS:-} --sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED"
}

case ${1:-} in
  build)
    ready
    MIKE_REBUILD=1 need_build "$home"
    ;;
  test)
    shift
    ready "$([ "${1:-}" = system ] && echo system || echo test)"
    exec bash scripts/test.sh "$@"
    ;;
  bench)
    shift
    ready
    [ "${1:-}" = shard ] || need_build "$home" 1>&2   # that one measures no ./mike
    exec bash scripts/bench.sh "$@"
    ;;
  example)
    shift
    ready
    exec bash scripts/example.sh "$@"
    ;;
  artifacts)
    ready
    rm -rf build/artifacts
    mvn -q -B -DskipTests -pl ground/shard -am package deploy:deploy \
      "-DaltDeploymentRepository=here::file:$home/build/artifacts"
    ;;
  fuzz | prove | race | coverage)
    ready
    exec bash "scripts/$1.sh" "${@:2}"
    ;;
  clean)
    rm -rf build guest/init/build
    find . -name target -type d -not -path './.git/*' -prune -exec rm -rf {} +
    ;;
  -h | --help | help | '')
    usage
    ;;
  *)
    say "unknown command: $1"
    usage >&2
    exit 64
    ;;
esac
