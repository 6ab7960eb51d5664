#!/usr/bin/env bash
# Another QEMU than this system's, for tests: fetches Debian's package of a suite, with every library it is linked to,
# into build/peers/qemu-SUITE and prints the path of a program that starts it from there. Nothing is installed and apt's
# own lists, keys and settings stay as they are; needs no root. The mirror is the one this system's apt uses.
# usage: bash scripts/qemu-from-debian.sh bookworm-backports | forky | ...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/need.sh
suite=${1:?usage: $0 SUITE}
dir=$PWD/build/peers/qemu-$suite
run=$dir/qemu-system-x86_64

if [ -x "$run" ]; then printf '%s\n' "$run"; exit 0; fi
[ "$(dpkg --print-architecture 2> /dev/null)" = amd64 ] || { say "QEMU of $suite: only known of Debian on amd64"; exit 69; }
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/*$') \
  || { say "QEMU of $suite: this system's apt knows no mirror of Debian"; exit 69; }

rm -rf "$dir"
mkdir -p "$dir/apt/lists/partial" "$dir/apt/archives/partial"
# No package is installed there: all that QEMU needs comes along, down to the C library.
: > "$dir/apt/status"
for each in "${suite%-backports}" "$suite"; do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $each main"
done | sort -u > "$dir/apt/sources.list"
private=(-qq -o "Dir::State=$dir/apt" -o "Dir::State::status=$dir/apt/status" -o "Dir::Cache=$dir/apt"
  -o "Dir::Etc::sourcelist=$dir/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Debug::NoLocking=1
  -o APT::Sandbox::User="$(id -un)" -o APT::Get::List-Cleanup=0 -o Acquire::Languages=none -o Acquire::Retries=3)
say "fetching QEMU of Debian's $suite into build/peers (two minutes)"
{
  apt-get "${private[@]}" update \
    && apt-get "${private[@]}" install -y --download-only --no-install-recommends -t "$suite" qemu-system-x86
} < /dev/null 1>&2 || { say "could not fetch QEMU of $suite"; rm -rf "$dir"; exit 69; }
for deb in "$dir"/apt/archives/*.deb; do dpkg-deb -x "$deb" "$dir" 1>&2; done
rm -rf "$dir/apt"

# Its own loader and libraries, and nothing that it would look for beside the system's QEMU.
libraries=$dir/usr/lib/x86_64-linux-gnu
for loader in "$dir"/lib64/ld-linux-x86-64.so.2 "$dir"/usr/lib64/ld-linux-x86-64.so.2; do [ ! -e "$loader" ] || break; done
cat > "$run.next" <<RUN
#!/bin/sh
export QEMU_MODULE_DIR=$libraries/qemu
exec $loader --library-path $libraries:$dir/lib/x86_64-linux-gnu $dir/usr/bin/qemu-system-x86_64 \\
  -L $dir/usr/share/qemu -L $dir/usr/share/seabios "\$@"
RUN
chmod 755 "$run.next"
"$run.next" --version 1>&2 || { say "QEMU of $suite does not run here"; exit 69; }
mv "$run.next" "$run"
printf '%s\n' "$run"
