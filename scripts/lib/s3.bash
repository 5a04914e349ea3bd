# A private S3 server, for scripts/services: sourced, never run.
# It is Ceph's radosgw over one monitor and one OSD, all of them on 127.0.0.1 and of this user. It verifies signatures,
# payload hashes, the clock and the rules of multipart uploads, and answers `If-None-Match: *` atomically.
# What version 16 of Debian 12 does otherwise than AWS: it wants all parts of an upload named when it is completed, and
# says 500 of an upload that it does not know; it ignores conditions on completing and on copying.

s3_access=longshore-test
s3_secret='longshore/test+secret' # with characters that a careless signer trips over

find_s3() {
    local name
    for name in ceph ceph-mon ceph-osd monmaptool radosgw radosgw-admin; do
        command -v "$name" >/dev/null || die "$name is not installed; scripts/install does it"
    done
}

write_s3_configuration() { # FOLDER MONITOR_ADDRESS PORT
    cat >"$1/ceph.conf" <<TEXT
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon_host = $2
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
run_dir = $1
crash_dir = $1/log
admin_socket =
log_file = $1/log/\$name.log
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
[mon]
mon_data = $1/mon
mon_cluster_log_to_file = false
mon_data_avail_warn = 1
mon_data_avail_crit = 0
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
[osd]
osd_data = $1/osd
osd_journal = $1/osd/journal
osd_objectstore = bluestore
bluestore_block_size = 32G
bluestore_fsck_on_mkfs = false
bluestore_cache_autotune = false
bluestore_cache_size = 64M
[client]
rgw_data = $1/rgw
rgw_frontends = beast endpoint=127.0.0.1:$3 tcp_nodelay=1
rgw_dns_name = localhost
rgw_thread_pool_size = 64
rgw_cache_enabled = false
rgw_gc_obj_min_wait = 5
rgw_gc_processor_period = 5
TEXT
}

# until_s3 FOLDER COMMAND…: repeats a command until it succeeds; fails when a daemon has ended or after two minutes.
until_s3() {
    local folder=$1 waited=0 file
    shift
    until "$@"; do
        for file in "$folder"/*.process; do process_runs "$file" || return 1; done
        waited=$((waited + 1))
        [ "$waited" -lt 1200 ] || return 1
        sleep 0.1
    done
}

s3_osd_is_up() { [[ $(ceph --connect-timeout 10 osd stat 2>/dev/null) == *' 1 up'* ]]; }

# Whoever may do nothing is told so with status 403; whoever asks for the list of buckets without a name gets an empty one.
s3_answers() { curl -sf -o /dev/null --max-time 5 "http://127.0.0.1:$1/"; }

try_start_s3() { # FOLDER: one attempt with fresh ports
    local folder=$1 port monitor
    rm -rf -- "$folder"
    mkdir -p -- "$folder"/{mon,osd,rgw,log}
    read -r port monitor <<<"$(free_ports 2)"
    write_s3_configuration "$folder" "[v2:127.0.0.1:$monitor/0]" "$port"
    export CEPH_CONF=$folder/ceph.conf
    {
        monmaptool --create --fsid "$(sed -n 's/^fsid = //p' "$CEPH_CONF")" --addv a "[v2:127.0.0.1:$monitor/0]" \
            "$folder/monmap" &&
            ceph-mon --mkfs -i a --monmap "$folder/monmap"
    } >"$folder/log/create" 2>&1 || return 1
    start_process "$folder/mon.process" "$folder/log/mon" ceph-mon -f -i a
    make_s3_osd "$folder" || return 1
    start_process "$folder/osd.process" "$folder/log/osd" ceph-osd -f -i 0
    until_s3 "$folder" s3_osd_is_up || return 1
    timeout 120 radosgw-admin user create --uid test --display-name test --access-key "$s3_access" \
        --secret-key "$s3_secret" >>"$folder/log/create" 2>&1 || return 1
    start_process "$folder/rgw.process" "$folder/log/rgw" radosgw -f -n client.rgw
    until_s3 "$folder" s3_answers "$port" || return 1
    printf '%s=%q\n' \
        LONGSHORE_TEST_S3 "http://127.0.0.1:$port" \
        LONGSHORE_TEST_S3_ACCESS_KEY "$s3_access" \
        LONGSHORE_TEST_S3_SECRET_KEY "$s3_secret" >>"${folder%/s3}/env"
}

make_s3_osd() { # FOLDER
    local uuid
    uuid=$(cat /proc/sys/kernel/random/uuid)
    {
        ceph --connect-timeout 120 osd new "$uuid" && ceph-osd --mkfs -i 0 --osd-uuid "$uuid"
    } >>"$1/log/create" 2>&1
}

start_s3() { # DIR
    local folder=$1/s3 attempt
    ! process_runs "$folder/rgw.process" || die "an S3 server already runs from $1"
    find_s3
    trap 'stop_s3 "$dir"; exit 130' INT TERM
    # Between looking for a free port and binding it somebody else may take it.
    for attempt in 1 2 3; do
        if (try_start_s3 "$folder"); then return 0; fi
        stop_s3 "$1"
        say "services: the S3 server did not start (attempt $attempt):"
        tail -n 5 -- "$folder"/log/* >&2 || true
    done
    die "giving up"
}

# stop_s3 DIR: ends the daemons in the order in which they need each other.
stop_s3() {
    local name
    for name in rgw osd mon; do end_process "$1/s3/$name.process"; done
}
