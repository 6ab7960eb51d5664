#!/bin/sh
# One stub for all commands by which maintainer scripts administer a system; it is called by their names.
compare() { # VERSION OPERATOR VERSION; an empty version is earlier than any, with -nl later
    a=$1 op=$2 b=$3
    if [ "$a" = "$b" ]; then
        order=0
    elif [ -z "$a" ]; then
        order=-1
        case $op in *-nl) order=1 ;; esac
    elif [ -z "$b" ]; then
        order=1
        case $op in *-nl) order=-1 ;; esac
    elif [ "$(printf '%s\n%s\n' "$a" "$b" | sort -V | head -n 1)" = "$a" ]; then
        order=-1
    else
        order=1
    fi
    case ${op%-nl} in
        lt | '<<') [ $order -lt 0 ] ;;
        le | '<' | '<=') [ $order -le 0 ] ;;
        eq | '=') [ $order -eq 0 ] ;;
        ne) [ $order -ne 0 ] ;;
        ge | '>' | '>=') [ $order -ge 0 ] ;;
        gt | '>>') [ $order -gt 0 ] ;;
        *) false ;;
    esac
}

enable() ( # FOLDER NAME: links what apache2 has available, and the modules that its file says it depends on
    cd "/etc/apache2/$1-available" || exit 1
    for file in "$2.load" "$2.conf"; do
        [ -e "$file" ] && [ ! -e "../$1-enabled/$file" ] || continue
        ln -s "../$1-available/$file" "../$1-enabled/$file"
        for other in $(sed -n 's/^# Depends: *//p' "$file"); do enable mods "$other"; done
    done
)

case ${0##*/} in
    a2en* | a2dis* | a2query)
        # a2enmod NAME..., a2dissite NAME..., a2query -m NAME
        what=${0##*/a2}
        case "$what $1" in
            *'conf '* | 'query -c'*) folder=conf ;;
            *'site '* | 'query -s'*) folder=sites ;;
            *) folder=mods ;;
        esac
        for word; do
            name=${word%.conf}
            case $word in -*) continue ;; esac
            case $what in
                en*) enable $folder "$name" || exit 1 ;;
                dis*) rm -f "/etc/apache2/$folder-enabled/$name.load" "/etc/apache2/$folder-enabled/$name.conf" ;;
                query*) [ -e "/etc/apache2/$folder-enabled/$name.load" ] ||
                    [ -e "/etc/apache2/$folder-enabled/$name.conf" ] || exit 32 ;;
            esac
        done ;;
    dpkg)
        case $1 in
            --compare-versions) compare "$2" "$3" "$4" ;;
            --print-architecture) echo amd64 ;;
            -L | --listfiles | -s | --status | -l) exit 1 ;;
        esac ;;
    dpkg-query) exit 1 ;;
    dpkg-statoverride)
        add=
        for word; do case $word in --list) exit 1 ;; --add) add=1 ;; esac; done
        [ -z "$add" ] || {
            while [ $# -gt 4 ]; do shift; done
            chown "$1:$2" "$4" && chmod "$3" "$4"
        } ;;
    getent)
        case $1 in
            passwd | group) grep "^${2:-}${2:+:}" "/etc/$1" || exit 2 ;;
            *) exit 2 ;;
        esac ;;
    ucf)
        # ucf NEW TARGET
        from=
        to=
        for word; do case $word in -*) ;; *) from=$to; to=$word ;; esac; done
        [ -e "$to" ] || { mkdir -p "${to%/*}" && cp "$from" "$to"; } ;;
    su | runuser)
        # su [-] [-s SHELL] [-c COMMAND] USER [-c COMMAND], runuser -u USER -- COMMAND...
        user= command= shell=/bin/sh
        while [ $# -gt 0 ]; do
            case $1 in
                -c | --command) command=$2; shift ;;
                --command=*) command=${1#*=} ;;
                -s | --shell) shell=$2; shift ;;
                -u) user=$2; shift ;;
                --) shift; break ;;
                -*) ;;
                *) [ -n "$user" ] && break; user=$1 ;;
            esac
            shift
        done
        uid=$(id -u "${user:-root}") && gid=$(id -g "${user:-root}") || exit 1
        if [ -n "$command" ]; then
            exec setpriv "--reuid=$uid" "--regid=$gid" --clear-groups -- "$shell" -c "$command"
        fi
        exec setpriv "--reuid=$uid" "--regid=$gid" --clear-groups -- "$@" ;;
    which)
        for word; do command -v "$word" || exit 1; done ;;
    invoke-rc.d)
        for word; do case $word in --query) exit 104 ;; esac; done ;;
    systemctl | pidof | pgrep | killall | pkill | nc | curl | wget | mail | sendmail) exit 1 ;;
    hostname)
        case ${1:-} in
            -f | --fqdn | --long) echo "$(cat /proc/sys/kernel/hostname).localdomain" ;;
            -d | --domain) echo localdomain ;;
            *) cat /proc/sys/kernel/hostname ;;
        esac ;;
    pam-auth-update)
        # What libpam-runtime's own profile (unix) makes of its templates.
        mkdir -p /etc/pam.d
        for kind in auth account session password; do
            [ -e "/etc/pam.d/common-$kind" ] || echo "$kind required pam_unix.so" > "/etc/pam.d/common-$kind"
        done
        [ -e /etc/pam.d/common-session-noninteractive ] ||
            echo 'session required pam_unix.so' > /etc/pam.d/common-session-noninteractive ;;
    make-ssl-cert)
        # make-ssl-cert generate-default-snakeoil [--force-overwrite]
        [ "$1" = generate-default-snakeoil ] || exit 1
        [ ! -e /etc/ssl/certs/ssl-cert-snakeoil.pem ] || exit 0
        umask 077
        mkdir -p /etc/ssl/certs /etc/ssl/private
        openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=$(cat /proc/sys/kernel/hostname)" \
            -keyout /etc/ssl/private/ssl-cert-snakeoil.key -out /etc/ssl/certs/ssl-cert-snakeoil.pem &&
            chmod 0644 /etc/ssl/certs/ssl-cert-snakeoil.pem &&
            chmod 0640 /etc/ssl/private/ssl-cert-snakeoil.key &&
            chgrp ssl-cert /etc/ssl/private/ssl-cert-snakeoil.key ;;
esac
