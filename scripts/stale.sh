# Is the build of a tree older than its sources? (sourced by ./mike, whose warm start runs it, and by need.sh)
# shellcheck shell=bash

# $1: the tree. Sets `java` to the one that it was built with.
# A build knows its place (class paths, AOT caches): a tree that was moved or copied is built anew.
stale() {
  local place=
  java=
  [ -r "$1/build/java" ] && { read -r java; read -r place; } < "$1/build/java"
  [ -z "$java" ] || [ ! -x "$java" ] || [ "$place" != "$1" ] || [ ! -f "$1/build/stamp" ] \
    || [ -n "$(find "$1"/{ground,dataplane,control,face,guest}/*/{src/main,pom.xml} "$1"/guest/init/{*.[ch],Makefile} \
      "$1"/pom.xml "$1"/scripts/{build.sh,train.sh,Modernise.java} -newer "$1/build/stamp" -type f -print -quit 2>/dev/null)" ]
}
