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

# Who types "mike run NAME" wants it started: the switches that a script has just written (class Switches).
switch=$(cat << 'END'
@SWITCH@
END
)
for file in /etc/default/*; do
    if [ -f "$file" ] && grep -qiE "^$switch\$" "$file"; then
        echo "mike: $file said not to start the server; now it says to" >&2
        sed -i --follow-symlinks -E -e "/^$switch\$/I{s//\\1\\6\\7/;s/=([\"']?)no/=\\1yes/I;s/=([\"']?)false/=\\1true/I" \
            -e "s/=([\"']?)0/=\\11/;}" "$file"
    fi
done
exit 0
