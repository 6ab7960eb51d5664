#!/bin/sh
# Runs the set-up of Debian packages (debconf's config, then postinst) inside a new machine. The commands that
# administer a system stand first in PATH as stubs: accounts were made when the tree was. What a script says is shown
# when it fails.
here=/usr/lib/mikelangelo/maintainer
export PATH=$here/bin:$PATH DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true LC_ALL=C.UTF-8
export DPKG_MAINTSCRIPT_ARCH=amd64 DPKG_ROOT= DPKG_RUNNING_VERSION=1.21.22 HOME=/root

script() { # FILE ARGUMENT...: with the interpreter of its first line
    read -r first < "$1"
    case $first in
        '#!'*) command=${first#'#!'} ;;
        *) command='/bin/sh' ;;
    esac
    # The time limit holds what waits for an answer or a network.
    timeout -k 2 60 $command "$@" < /dev/null > /run/maintainer.log 2>&1 && return
    echo "mike: the package's own set-up failed (exit code $?): $*" >&2
    tail -n 5 /run/maintainer.log >&2
}

for name in "$@"; do
    info=/var/lib/dpkg/info/$name
    export DPKG_MAINTSCRIPT_PACKAGE="$name" DPKG_MAINTSCRIPT_NAME=config
    [ ! -f "$info.config" ] || script "$info.config" configure ''
    DPKG_MAINTSCRIPT_NAME=postinst
    [ ! -f "$info.postinst" ] || script "$info.postinst" configure ''
done

# Who types "mike run NAME" wants it started: the switches that a script has just written.
key="((START|RUN|ENABLED?)(_[A-Z0-9_]+)?|[A-Z0-9_]+_(START|RUN|ENABLED?))=([\"']?)"
for file in /etc/default/*; do
    [ ! -f "$file" ] || sed -i -E -e "s/^${key}no\\5[ \t]*\$/\\1=yes/I" -e "s/^${key}false\\5[ \t]*\$/\\1=true/I" \
        -e "s/^${key}0\\5[ \t]*\$/\\1=1/" "$file"
done
exit 0
