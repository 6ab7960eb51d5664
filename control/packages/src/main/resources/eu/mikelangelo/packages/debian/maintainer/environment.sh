#!/bin/sh
# Starts a server whose environment files its package's set-up has written in this machine (systemd.exec(5),
# EnvironmentFile=). They are read as assignments, never run. The lines below the functions are made for each image.
assign() { # NAME=VALUE, the value bare or in quotes
    mike_name=${1%%=*} mike_value=${1#*=}
    case $mike_name in
        '' | [0-9]* | *[!A-Za-z0-9_]*) return ;;
    esac
    case $mike_value in
        \'*\') mike_value=${mike_value#\'} mike_value=${mike_value%\'} ;;
        \"*\")
            mike_value=${mike_value#\"}
            # Without -r, read takes the backslashes away.
            IFS= read mike_value << END
${mike_value%\"}
END
            ;;
    esac
    export "$mike_name=$mike_value"
}

environment() { # FILE, which may be missing
    [ -r "$1" ] || return 0
    while read -r mike_line || [ -n "$mike_line" ]; do
        while [ "${mike_line%\\}" != "$mike_line" ] && read -r mike_more; do
            mike_line=${mike_line%\\}$mike_more
        done
        case $mike_line in
            *=*) assign "$mike_line" ;;
        esac
    done < "$1"
}

