# Shared by the scripts of the folder above: sourced, never run.
# Processes are remembered as "PID START", START being field 22 of /proc/PID/stat, so that a number which the kernel
# has since given to a stranger is never mistaken for ours.

# shellcheck disable=SC2034  # used by the scripts that source this file
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '%s\n' "$*" >&2; }

die() {
    say "${0##*/}: $*"
    exit 1
}

wrong_usage() {
    say "${0##*/}: $*"
    say "Try '$0 --help'."
    exit 2
}

need_swift() {
    command -v swift >/dev/null ||
        die "needs a Swift 6.3 toolchain, and there is no 'swift' on the PATH: https://www.swift.org/install"
}

# process_start PID: prints when the process began; fails when there is none or only its unreaped remains.
process_start() {
    local stat fields
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    # The name in field 2 may hold blanks and brackets: count from behind its last bracket.
    read -ra fields <<<"${stat##*) }"
    [ "${fields[0]}" != Z ] || return 1
    printf '%s\n' "${fields[19]}"
}

# remember_process PID FILE
remember_process() {
    local start
    start=$(process_start "$1") || return 1
    printf '%s %s\n' "$1" "$start" >"$2"
}

# process_runs FILE: whether the process remembered there is still the same one and alive.
process_runs() {
    local pid start
    [ -s "$1" ] && read -r pid start <"$1" && [ "$(process_start "$pid")" = "$start" ]
}

# end_process FILE [SECONDS]: asks it to end, insists after SECONDS (20), returns when it is gone.
end_process() {
    local file=$1 seconds=${2:-20} pid _ waited=0
    process_runs "$file" || { rm -f -- "$file"; return 0; }
    read -r pid _ <"$file"
    kill -TERM "$pid" 2>/dev/null || true
    while process_runs "$file"; do
        sleep 0.05
        waited=$((waited + 1))
        if [ "$waited" -eq $((seconds * 20)) ]; then
            say "${0##*/}: process $pid ignores SIGTERM, ending it"
            kill -KILL "$pid" 2>/dev/null || true
        fi
    done
    rm -f -- "$file"
}

# start_process FILE OUTPUT COMMAND…: runs it in a session of its own (a Ctrl-C at the terminal is not for it), holding
# none of our descriptors (a pipe behind this script sees its end), and remembers it in FILE.
start_process() {
    local file=$1 output=$2
    shift 2
    setsid "$@" </dev/null >"$output" 2>&1 &
    remember_process "$!" "$file" || die "$1 ended at once: $(tail -n 3 -- "$output")"
}

# free_ports COUNT: ports of 127.0.0.1 that nobody uses now.
free_ports() {
    python3 - "$1" <<'PYTHON'
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))
PYTHON
}
