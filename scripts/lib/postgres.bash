# A private PostgreSQL, for scripts/services: sourced, never run.
# Its files lie in a folder of its own beside the others, because PostgreSQL refuses to run as root, and the account it
# then runs as may not look into root's folders. DIR/postgres/place names that folder.

find_postgres() { # sets postgres_bin
    local found
    for found in /usr/lib/postgresql/*/bin /usr/local/pgsql/bin; do
        [ ! -x "$found/initdb" ] || postgres_bin=$found
    done
    [ -n "${postgres_bin:-}" ] || die "PostgreSQL is not installed; scripts/install does it"
    as_postgres=()
    if [ "$(id -u)" -eq 0 ]; then
        id postgres >/dev/null 2>&1 || die "PostgreSQL does not run as root, and there is no account 'postgres'"
        as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    fi
}

start_postgres() { # DIR [LINE…]
    local dir=$1 folder=$1/postgres place port attempt
    shift
    ! process_runs "$folder/process" || die "a PostgreSQL already runs from $dir"
    find_postgres
    mkdir -p -- "$folder"
    place=$(mktemp -d "/tmp/longshore-postgres.XXXXXX")
    printf '%s\n' "$place" >"$folder/place"
    [ -s "$dir/tls/server.pem" ] || make_certificates "$dir/tls"
    cp -- "$dir/tls/server.pem" "$dir/tls/server.key" "$place/"
    printf 'longshore-test' >"$place/password"
    [ ${#as_postgres[@]} -eq 0 ] || chown -R postgres:postgres "$place"
    (
        cd /
        "${as_postgres[@]}" env LC_ALL=C.UTF-8 "$postgres_bin/initdb" --pgdata "$place/data" --username longshore \
            --pwfile "$place/password" --auth scram-sha-256 --encoding UTF8 --locale C.UTF-8
    ) >"$folder/initdb.log" 2>&1 || die "initdb failed: $(tail -n 3 -- "$folder/initdb.log")"
    for attempt in 1 2 3; do
        read -r port <<<"$(free_ports 1)"
        {
            printf '%s\n' "listen_addresses = '127.0.0.1'" "port = $port" "unix_socket_directories = '$place'" \
                "ssl = on" "ssl_cert_file = '$place/server.pem'" "ssl_key_file = '$place/server.key'" \
                "max_connections = 200" "fsync = on"
            [ $# -eq 0 ] || printf '%s\n' "$@"
        } | "${as_postgres[@]}" tee "$place/data/postgresql.auto.conf" >/dev/null
        printf '%s\n' "$port" >"$folder/port"
        if run_postgres "$dir"; then
            printf '%s=%q\n' \
                LONGSHORE_TEST_POSTGRES "postgresql://longshore:longshore-test@127.0.0.1:$port/postgres" \
                LONGSHORE_TEST_POSTGRES_CA "$dir/tls/ca.pem" >>"$dir/env"
            return 0
        fi
        say "services: PostgreSQL did not start (attempt $attempt): $(tail -n 3 -- "$folder/log")"
    done
    die "giving up"
}

# start_standby DIR OF: a server that follows the one of OF, which waits for it with every commit from now on.
start_standby() {
    local dir=$1 of=$2 folder=$1/postgres place source port
    ! process_runs "$folder/process" || die "a PostgreSQL already runs from $dir"
    process_runs "$of/postgres/process" || die "no PostgreSQL runs from $of"
    find_postgres
    mkdir -p -- "$folder"
    place=$(mktemp -d "/tmp/longshore-postgres.XXXXXX")
    printf '%s\n' "$place" >"$folder/place"
    source=$(cat -- "$of/postgres/port")
    read -r port <<<"$(free_ports 1)"
    cp -- "$of/tls/server.pem" "$of/tls/server.key" "$place/"
    [ ${#as_postgres[@]} -eq 0 ] || chown -R postgres:postgres "$place"
    (
        cd /
        "${as_postgres[@]}" env PGPASSWORD=longshore-test "$postgres_bin/pg_basebackup" --host 127.0.0.1 --port "$source" \
            --username longshore --pgdata "$place/data" --wal-method stream --checkpoint fast --write-recovery-conf
    ) >"$folder/basebackup.log" 2>&1 || die "pg_basebackup failed: $(tail -n 3 -- "$folder/basebackup.log")"
    printf '%s\n' "port = $port" "unix_socket_directories = '$place'" "ssl_cert_file = '$place/server.pem'" \
        "ssl_key_file = '$place/server.key'" |
        "${as_postgres[@]}" tee -a "$place/data/postgresql.auto.conf" >/dev/null
    printf '%s\n' "$port" >"$folder/port"
    run_postgres "$dir" || die "the standby did not start: $(tail -n 3 -- "$folder/log")"
    printf '%s=%q\n' LONGSHORE_TEST_POSTGRES "postgresql://longshore:longshore-test@127.0.0.1:$port/postgres" >>"$dir/env"
    ask_postgres "$of" "ALTER SYSTEM SET synchronous_standby_names = '*'" "SELECT pg_reload_conf()"
}

# promote_postgres DIR: makes a standby a server of its own, which waits for nobody.
promote_postgres() {
    ask_postgres "$1" "ALTER SYSTEM RESET synchronous_standby_names" "SELECT pg_reload_conf()" "SELECT pg_promote(true)"
}

ask_postgres() { # DIR SQL…
    local dir=$1 port statement
    port=$(cat -- "$dir/postgres/port")
    shift
    for statement in "$@"; do
        PGPASSWORD=longshore-test psql --no-psqlrc --quiet --tuples-only --set ON_ERROR_STOP=1 --host 127.0.0.1 \
            --port "$port" --username longshore --command "$statement" postgres >/dev/null
    done
}

# run_postgres DIR: starts the server with its data and returns when it answers; fails when it ends before.
run_postgres() {
    local folder=$1/postgres place port waited=0
    place=$(cat -- "$folder/place") port=$(cat -- "$folder/port")
    ! process_runs "$folder/process" || die "the PostgreSQL of $1 runs"
    find_postgres
    (cd / && start_process "$folder/process" "$folder/log" "${as_postgres[@]}" "$postgres_bin/postgres" -D "$place/data")
    until "$postgres_bin/pg_isready" -q -h 127.0.0.1 -p "$port"; do
        process_runs "$folder/process" || return 1
        waited=$((waited + 1))
        [ "$waited" -lt 600 ] || return 1
        sleep 0.1
    done
}

# halt_postgres DIR: ends the server without waiting for its clients, which is SIGINT to it.
halt_postgres() {
    local pid _
    if process_runs "$1/postgres/process"; then
        read -r pid _ <"$1/postgres/process"
        kill -INT "$pid" 2>/dev/null || true
    fi
    wait_for_postgres "$1"
}

# kill_postgres DIR: as a crash of the server would.
kill_postgres() {
    local pid child children _
    process_runs "$1/postgres/process" || die "no PostgreSQL runs from $1"
    read -r pid _ <"$1/postgres/process"
    children=$(cat -- "/proc/$pid/task/$pid/children")
    kill -KILL "$pid"
    wait_for_postgres "$1"
    # Its children see that it is gone and end by themselves; a server that is started before that refuses.
    for child in $children; do
        while process_start "$child" >/dev/null; do sleep 0.02; done
    done
    # The remains of a killed process may keep its number for a while, and the next server would take it for alive.
    rm -f -- "$(cat -- "$1/postgres/place")"/{data/postmaster.pid,.s.PGSQL.*}
}

wait_for_postgres() {
    local waited=0 pid _
    find_postgres
    while process_runs "$1/postgres/process"; do
        sleep 0.05
        waited=$((waited + 1))
        if [ "$waited" -eq 400 ]; then
            read -r pid _ <"$1/postgres/process"
            kill -QUIT "$pid" 2>/dev/null || true
        fi
    done
    rm -f -- "$1/postgres/process"
}

# stop_postgres DIR: ends it and removes what it kept.
stop_postgres() {
    [ -s "$1/postgres/place" ] || return 0
    halt_postgres "$1"
    rm -rf -- "$(cat -- "$1/postgres/place")"
    rm -rf -- "$1/postgres"
}
