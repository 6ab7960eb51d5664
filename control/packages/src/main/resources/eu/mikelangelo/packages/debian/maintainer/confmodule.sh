# Answers debconf's questions (debconf-devel(7)) with the defaults of the packages' templates; for sh, sourced.
_db_answers=/usr/lib/mikelangelo/maintainer/answers
_db_given=/run/maintainer.answers

db_get() {
    RET=
    _db_code=10
    for _db_file in "$_db_answers" "$_db_given"; do
        [ -r "$_db_file" ] || continue
        while IFS=' ' read -r _db_name _db_value; do
            [ "$_db_name" != "$1" ] || { RET=$_db_value; _db_code=0; }
        done < "$_db_file"
    done
    return $_db_code
}

db_set() {
    _db_name=$1
    shift
    echo "$_db_name $*" >> "$_db_given"
    RET=
}

db_input() { RET='question skipped'; return 30; }
db_fget() { RET=false; }
db_metaget() { RET=; }
db_version() { RET=2.0; }
db_capb() { RET=; }
_db_nothing() { RET=; }
for _db_name in go title settitle text stop purge register unregister reset fset subst beginblock endblock clear info \
    progress x_loadtemplatefile; do
    eval "db_$_db_name() { _db_nothing; }"
done
