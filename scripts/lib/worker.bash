# A worker of our own for quickstart and bench: sourced after common.bash, never run.
# shellcheck disable=SC2034,SC2154  # variables pass between this file and those that source it
# Everything lies in $work: services/ (broker, origin), images/ (the store), catalog.db, longshore.yaml, worker.log.

# build_worker: sets $longshore, the release executable.
build_worker() {
    need_swift
    "$root/scripts/install" --for test
    swift build --package-path "$root" -c release --product longshore >&2
    longshore=$(swift build --package-path "$root" -c release --show-bin-path)/longshore
}

# start_broker_and_origin ROOT: sets $broker and, unless ROOT is empty, $origin (with a slash at its end).
start_broker_and_origin() {
    "$root/scripts/services" start "$work/services"
    [ -z "$1" ] || "$root/scripts/services" origin "$work/services" "$1"
    # shellcheck disable=SC1091
    . "$work/services/env"
    broker=$LONGSHORE_TEST_BROKER
    rabbitmqctl=$LONGSHORE_TEST_RABBITMQCTL
    origin=${LONGSHORE_TEST_ORIGIN:-}
}

# start_worker: writes the configuration (with $progress_interval if that is set) and waits until the worker is ready.
start_worker() {
    local health_port allowed=''
    health_port=$(free_ports 1)
    if [ -n "$origin" ]; then
        allowed=${origin#http://}
        allowed=${allowed%/}
    fi
    config=$work/longshore.yaml
    cat >"$config" <<YAML
broker:
  url: $broker
catalog:
  url: sqlite://$work/catalog.db
stores:
  default:
    url: file://$work/images
fetch:
  allow_private: [${allowed:+\"$allowed\"}]   # addresses of this machine are refused unless named
events:
  progress_interval: ${progress_interval:-2s}
health:
  listen: 127.0.0.1:$health_port
admin:
  listen: 127.0.0.1:0
YAML
    mkdir -p -- "$work/images"
    start_process "$work/worker.process" "$work/worker.log" "$longshore" --config "$config" worker
    until curl -fs -o /dev/null "http://127.0.0.1:$health_port/readyz"; do
        process_runs "$work/worker.process" || die "the worker ended: $(tail -n 5 -- "$work/worker.log")"
        sleep 0.1
    done
    read -r worker _ <"$work/worker.process"
}

stop_worker_and_services() {
    end_process "$work/worker.process" 60
    [ ! -d "$work/services" ] || "$root/scripts/services" stop "$work/services"
}

# json PYTHON_EXPRESSION: evaluates it over the JSON document (or the list of JSON lines) on standard input, as `it`.
json() {
    python3 -c '
import json, sys
text = sys.stdin.read()
try:
    it = json.loads(text)
except ValueError:
    it = [json.loads(line) for line in text.splitlines() if line.strip()]
print(eval(sys.argv[1], {"it": it}))
' "$1"
}
