#!/usr/bin/env bash
# Builds the product into build/: Java modules, guest/init, AOT caches. Called by ./mike (once) and ./do build.
# What is used by a running mike is replaced by rename, so that a build never breaks one.
set -euo pipefail
home=$(cd -P -- "${BASH_SOURCE[0]%/*}/.." && pwd)
. "$home/scripts/need.sh"
cd "$home"
JAVA_HOME=$(find_jdk) || { no_jdk; exit 69; }
export JAVA_HOME
export MAVEN_OPTS="${MAVEN_OPTS:-} --sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED -XX:-UsePerfData"
log=build/build.log
started=$(mktemp build/.stamp.XXXXXX)   # sources that change while we build are newer than this
trap 'rm -f "$started"' EXIT

step() { say "$1"; shift; "$@" >> "$log" 2>&1 || { tail -n 40 "$log" >&2; say "the build failed; the whole log is $home/$log"; exit 70; }; }

# Steps are chained by && because `set -e` does not act in a function whose result is tested.
java_modules() {
  mvn -B -T 2 -DskipTests -pl face/cli,dataplane/plane -am package \
    && rm -rf build/lib.next && mkdir -p build/lib.next \
    && mv face/cli/target/lib build/lib.next/control && mv dataplane/plane/target/lib build/lib.next/plane \
    && cp face/cli/target/mike-cli-*.jar build/lib.next/control/ \
    && cp dataplane/plane/target/mike-plane-*.jar build/lib.next/plane/ \
    && "$JAVA_HOME/bin/java" -XX:-UsePerfData scripts/Modernise.java build/lib.next/control/picocli-*.jar
}

guest_init() {
  make -C guest/init CC=musl-gcc && mkdir -p build/guest \
    && cp guest/init/build/init build/guest/init.next && mv build/guest/init.next build/guest/init
}

class_path() { local jar list=; for jar in "$home/build/lib/$1"/*.jar; do list=$list:$jar; done; printf %s "${list#:}"; }

: > "$log"
step "building (the first time: a minute or two)" java_modules
step "building guest/init" guest_init
old=build/lib.old.$$
[ -d build/lib ] && mv build/lib "$old"
mv build/lib.next build/lib
rm -rf "$old"
printf '%s\n' "$JAVA_HOME/bin/java" "$home" > build/java.next
mv build/java.next build/java
# What a CLI and an agent compare: another build means another agent.
cat build/lib/*/*.jar build/guest/init | sha256sum | cut -c1-16 > build/build-id
# The options of a short-lived command line: start fast, compile little, one collector thread; map the cache where it was
# made for, because relocating it costs more than the command (it gives up the address randomisation of class metadata).
cat > build/cli.args.next <<ARGS
-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx256m -XX:-UsePerfData
-XX:+UnlockDiagnosticVMOptions -XX:ArchiveRelocationMode=0 -Xlog:disable -Xlog:all=error:stderr
-XX:AOTCache="$home/build/aot/cli.aot"
--enable-native-access=ALL-UNNAMED
-cp "$(class_path control)"
ARGS
mv build/cli.args.next build/cli.args
rm -rf build/aot
bash scripts/train.sh >> "$log" 2>&1 || say "no AOT caches (see $home/$log); starts will be slower"
touch -r "$started" build/stamp.next && mv build/stamp.next build/stamp
