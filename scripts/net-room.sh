# The room that ./do bench net runs in (sourced by bench.sh): huge pages and their file system for DPDK, a folder with a
# short path for sockets. All of it is given back however the run ends. Messages go to standard error.
# shellcheck shell=bash

# 2 MiB each: three of testpmd with 256 MiB, and room for Open vSwitch.
net_pages=640

net_needs_root_or_exit() {
  [ "$(id -u)" != 0 ] || return 0
  say "bench net needs root: it reserves huge pages, mounts them for DPDK and takes them away again; run:"
  say "  $(as_root "cd $(printf %q "$PWD") && ./do bench net")"
  exit 69
}

# What a run that was killed outright could not clear away: the folder says whose it was.
net_reap() {
  local room owner before wanted group
  for room in /tmp/mike-net.*; do
    [ -O "$room/owner" ] && read -r owner before wanted < "$room/owner" || continue
    [ ! -e "/proc/$owner" ] || continue
    say "clearing away what an earlier run left in $room"
    if [ -r "$room/groups" ]; then
      while read -r group; do
        # The number may be somebody else's by now; ours work in the folder.
        case $(readlink "/proc/$group/cwd") in "$room"/*) kill -KILL -- "-$group" 2> /dev/null || true ;; esac
      done < "$room/groups"
    fi
    net_unmount "$room"
    [ "$(< /proc/sys/vm/nr_hugepages)" != "$wanted" ] || echo "$before" > /proc/sys/vm/nr_hugepages || true
  done
}

# Unmounts and removes a room, unless something in it does not let go.
net_unmount() {
  for _ in {1..50}; do
    ! mountpoint -q "$1/huge" || umount "$1/huge" 2> /dev/null || { sleep 0.1; continue; }
    break
  done
  mountpoint -q "$1/huge" || rm -rf "$1"
}

net_room_or_exit() {
  local free
  net_reap
  net_room=$(mktemp -d /tmp/mike-net.XXXXXX) || exit 69
  net_pages_before=$(< /proc/sys/vm/nr_hugepages)
  net_nice_before=$(sed -n 's/.* nice \(-*[0-9]*\)$/\1/p' "/proc/$$/autogroup" 2> /dev/null) || net_nice_before=
  trap net_leave EXIT
  trap 'exit 143' TERM
  trap 'exit 130' INT
  trap 'exit 129' HUP
  net_pages_wanted=$((net_pages_before + net_pages))
  echo "$$ $net_pages_before $net_pages_wanted" > "$net_room/owner"
  echo "$net_pages_wanted" > /proc/sys/vm/nr_hugepages
  free=$(sed -n 's/^HugePages_Free: *//p' /proc/meminfo)
  if [ "$free" -lt "$net_pages" ]; then
    say "bench net needs $net_pages huge pages of 2 MiB, the kernel found $free; end what uses memory and try again"
    exit 69
  fi
  mkdir "$net_room/huge" && mount -t hugetlbfs -o pagesize=2M mike "$net_room/huge" || exit 69
  # Where the kernel shares the processor between sessions, nice has no meaning between them: ours goes first.
  [ -z "$net_nice_before" ] || echo -20 > "/proc/$$/autogroup" 2> /dev/null || true
}

# Runs a command in the room and returns what it returns.
net_run() {
  "$@" & net_child=$!
  wait "$net_child"
}

net_leave() {
  local code=$? group
  trap '' TERM INT HUP
  if [ -n "${net_child:-}" ] && kill "$net_child" 2> /dev/null; then
    for _ in {1..100}; do kill -0 "$net_child" 2> /dev/null || break; sleep 0.1; done
    kill -KILL "$net_child" 2> /dev/null || true
  fi
  # What it could not end itself; in a good end all are gone.
  if [ -e build/b/run/agent.pid ] || [ -e build/b/run/plane.pid ]; then
    MIKE_HOME=$PWD/build/b timeout -k 5 60 ./mike agent stop --all 1>&2 || true
  fi
  if [ -r "$net_room/groups" ]; then
    while read -r group; do kill -KILL -- "-$group" 2> /dev/null || true; done < "$net_room/groups"
  fi
  net_unmount "$net_room"
  # Unless somebody has changed it meanwhile: then it is theirs.
  [ "$(< /proc/sys/vm/nr_hugepages)" != "$net_pages_wanted" ] \
    || echo "$net_pages_before" > /proc/sys/vm/nr_hugepages || true
  [ -z "$net_nice_before" ] || echo "$net_nice_before" > "/proc/$$/autogroup" 2> /dev/null || true
  exit "$code"
}
