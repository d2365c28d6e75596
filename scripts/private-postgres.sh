#!/bin/sh
# A PostgreSQL server of one's own for tests and benchmarks, in a temporary folder, reachable through a socket in it and not by
# network: private-postgres.sh [--durable]. Prints the folder once the server answers (as PGHOST; user and first database are
# "postgres"), then does what is written to its input, a word a line:
#   crash   kills all of the server at once (then prints "crashed")
#   start   starts it again (then prints "started")
# When its input ends, however that comes about, the server is stopped and the folder removed.
# Without --durable nothing is forced to disk, so that a commit survives such a kill but no power cut: right for tests, wrong for
# measuring what durable writing costs.
set -eu
durable=off
[ "${1:-}" = --durable ] && durable=on

# A version may be there with its clients alone.
bin=$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1)
bin=${bin%/initdb}
if [ -z "$bin" ]; then
    echo "private-postgres.sh: PostgreSQL's server programs are not installed (sh scripts/setup.sh test)" >&2
    exit 1
fi

# The server refuses to run as root.
as=""
if [ "$(id -u)" -eq 0 ]; then
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    as="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups"
fi

# In /tmp: a socket's path may have some hundred characters only.
folder=$(mktemp -d /tmp/headway-postgres-XXXXXX)
server=""
finish() {
    trap '' HUP INT PIPE TERM
    [ -z "$server" ] || { kill -QUIT "$server" 2>/dev/null && kill -CONT "$server" && wait "$server"; } || true
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' HUP INT PIPE TERM
[ -z "$as" ] || chown "$user" "$folder"
cd "$folder"

$as "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions >"$folder/initdb.log" 2>&1 || {
    cat "$folder/initdb.log" >&2
    exit 1
}
cat >>"$folder/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$folder'
fsync = $durable
full_page_writes = $durable
max_connections = 100
shared_buffers = 64MB
log_min_messages = fatal
logging_collector = off
END

answers() {
    tries=0
    until "$bin/psql" -h "$folder" -U postgres -qAtc 'SELECT 1' postgres >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ] || ! kill -0 "$server" 2>/dev/null; then
            echo "private-postgres.sh: the server does not come up:" >&2
            cat "$folder/server.log" >&2
            exit 1
        fi
        sleep 0.1
    done
}

# If this script is killed outright, the server goes too.
start() {
    ${as:-setpriv} --pdeathsig KILL "$bin/postgres" -D "$folder/data" </dev/null >>"$folder/server.log" 2>&1 &
    server=$!
    answers
}

start
echo "$folder"
while read -r word; do
    case $word in
    crash)
        # Stopped first, so that none is forked meanwhile; one that has ended by itself by then is no error.
        kill -STOP "$server"
        # shellcheck disable=SC2046: they are numbers
        kill -KILL $(cat "/proc/$server/task/$server/children") "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
        server=""
        echo crashed
        ;;
    start)
        start
        echo started
        ;;
    *) echo "private-postgres.sh: $word?" >&2 ;;
    esac
done
