"""Hundreds of workers on one installation, some killed and some added meanwhile; called by scripts/scale many.

What was exceeded is asked of two witnesses: the origin counts the requests it serves at once, for each host and for
each owner, and the catalog's own events tell when each job ran.
"""

import collections
import glob
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

import scale
import slow_origin

OWNERS = 20
OWNER_LIMIT = 4
HOSTS = [f"127.0.0.{number}" for number in range(2, 6)]
SERVED_BYTES = 64 * 1024
SERVED_SECONDS = 1.5
# One worker in ten takes in, relays and sweeps; the others only run jobs.
KEEPERS = 10
# Seconds after which pauses have grown and connections that nobody needs are closed.
REST = 75
# Statements of the server to print.
DEAREST = 12


def proc(pid, name):
    try:
        with open(f"/proc/{pid}/{name}", encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def footprint(pid):
    """PSS and unshared memory in bytes, threads and descriptors of a process."""
    rollup = dict(re.findall(r"^(\w+):\s+(\d+) kB", proc(pid, "smaps_rollup"), re.M))
    threads = re.search(r"^Threads:\s+(\d+)", proc(pid, "status"), re.M)
    private = int(rollup.get("Private_Clean", 0)) + int(rollup.get("Private_Dirty", 0))
    return (int(rollup.get("Pss", 0)) * 1024, private * 1024, int(threads[1]) if threads else 0,
            len(os.listdir(f"/proc/{pid}/fd")))


class Crowd:
    """The workers, and what is asked about them."""

    def __init__(self, site, options):
        self.site, self.options = site, options
        self.statements = bool(site.ask("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_stat_statements'"))
        if self.statements:
            site.ask("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        self.peak = 0
        self.ended = threading.Event()
        self.begun = 0
        threading.Thread(target=self.sample, daemon=True).start()

    def sample(self):
        while not self.ended.wait(1):
            self.peak = max(self.peak, self.connections())

    def connections(self):
        return int(self.site.number("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'longshore'"))

    def start(self, count):
        """Starts workers all at once; returns after how many seconds each of them was ready."""
        before = time.monotonic()
        fresh = []
        for _ in range(count):
            keeps = self.begun % KEEPERS == 0
            self.begun += 1
            roles = "intake,relay,sweep" if keeps else "run"
            fresh.append(self.site.launch(f"{self.options.work}/worker.log", WORKER_ROLES=roles))
        for process, port in fresh:
            self.site.await_readiness(process, port, 240)
        return time.monotonic() - before

    def kill(self, count):
        for process, port in random.sample(self.site.workers, count):
            process.send_signal(signal.SIGKILL)
            process.wait()
            os.unlink(f"{self.options.work}/workers/{process.pid}.process")
            self.site.workers.remove((process, port))

    def calls(self, pattern):
        """How often statements ran that match, and how many rows they gave."""
        if not self.statements:
            return (0.0, 0.0)
        row = self.site.ask(
            f"SELECT coalesce(sum(calls), 0), coalesce(sum(rows), 0) FROM pg_stat_statements WHERE query ~ '{pattern}'")
        return tuple(float(word) for word in row[0])

    def costs(self):
        claims = self.calls("AS is_lease_over")
        looks = self.calls("AS claimable")
        taken = self.site.number("SELECT count(*) FROM outbox WHERE phase = 'started' AND destination IS NULL")
        updates = self.site.number(
            "SELECT count(*) FROM jobs WHERE kind IN ('share', 'update') AND ended_at IS NOT NULL")
        return {**self.site.costs(), "claims": claims[0], "looks": looks[0], "begun": taken + updates,
                "at": time.monotonic()}

    def dearest(self, count):
        """What the server spent its time with."""
        if not self.statements:
            return []
        return self.site.ask(
            "SELECT round(total_exec_time)::int, calls, regexp_replace(left(query, 110), '\\s+', ' ', 'g') "
            f"FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT {count}")


def rate(used, key):
    return used[key] / used["at"]


def broker_counts(options):
    """Connections and channels of the broker."""
    counts = []
    for what in ("connections", "channels"):
        run = subprocess.run([options.rabbitmqctl, "-q", "--no-table-headers", f"list_{what}", "pid"],
                             capture_output=True, text=True, check=True)
        counts.append(len(run.stdout.splitlines()))
    return counts


def job(kind, name, owner, **more):
    return {"version": 1, "id": f"many-{kind}-{name}", "kind": kind, "actor": {"account": owner}, **more}


def workload(options, origin):
    """Owner after owner, so that who came first would have all slots if turns were not fair."""
    jobs = []
    for o in range(OWNERS):
        owner = f"owner-{o}"
        for n in range(options.jobs // OWNERS):
            name = f"{o}-{n}"
            image, first = {"id": f"many-{name}"}, [f"many-import-{name}"]
            jobs.append(job("import", name, owner, image={**image, "name": "scale", "owner": owner},
                            source={"url": origin.url(o + n, f"{owner}/{name}")}))
            jobs.append(job("update", name, owner, image=image, after=first, set={"name": "renamed"}))
            jobs.append(job("share", name, owner, image=image, after=first,
                            share={"action": "offer", "member": "somebody"}))
    return jobs


def lone_jobs(site, crowd, origin, count=10):
    """What one job does to many workers without any: how soon it starts, and how many look or claim for it."""
    before = crowd.costs()
    for n in range(count):
        site.submit([job("import", f"lone-{n}", f"lone-{n}", image={"id": f"lone-{n}", "name": "scale"},
                         source={"url": origin.url(n, f"lone-{n}/image")})])
        time.sleep(2)
    site.wait_for_ends("many-import-lone", count, 120)
    used = scale.difference(before, crowd.costs())
    delays = [float(row[0]) / 1e6 for row in site.ask(
        "SELECT min(happened_at) FILTER (WHERE phase = 'started') - min(happened_at) FILTER (WHERE phase = 'accepted') "
        "FROM outbox WHERE job LIKE 'many-import-lone-%' AND destination IS NULL GROUP BY job")]
    return {"start_median": statistics.median(delays), "start_worst": max(delays),
            "claims": used["claims"] / count, "looks": used["looks"] / count}


def most_at_once(site, what):
    """The most jobs that ran at once by the catalog's events, for each value of `what`."""
    rows = site.ask(
        f"SELECT jobs.id, {what}, phase FROM outbox JOIN jobs ON jobs.id = outbox.job "
        "WHERE kind = 'import' AND destination IS NULL AND phase <> 'accepted' AND phase <> 'progress' "
        "ORDER BY outbox.happened_at, outbox.number")
    running, most = collections.defaultdict(set), collections.Counter()
    # Nothing announces when a job is taken from a dead worker, so of each job only the last run counts.
    starts = collections.Counter(name for name, _, phase in rows if phase == "started")
    for name, value, phase in rows:
        if phase != "started":
            running[value].discard(name)
            continue
        starts[name] -= 1
        if starts[name] == 0:
            running[value].add(name)
        most[value] = max(most[value], len(running[value]))
    return max(most.values(), default=0)


def zeros(site, options, origin, limits):
    """What must be none. `limits` says how many of one `owner` or `host` may run at once."""
    staged = [path for path in glob.glob(f"{options.work}/images/**/staging/**", recursive=True) if os.path.isfile(path)]
    count = site.number
    found = {
        "jobs that did not succeed": count("SELECT count(*) FROM jobs WHERE state <> 'succeeded'"),
        "jobs without exactly one terminal event": count(
            "SELECT count(*) FROM (SELECT jobs.id FROM jobs LEFT JOIN outbox ON outbox.job = jobs.id "
            "AND destination IS NULL AND phase IN ('completed', 'failed', 'cancelled') "
            "GROUP BY jobs.id HAVING count(outbox.number) <> 1) AS odd"),
        "jobs that still run": count("SELECT count(*) FROM jobs WHERE state = 'running'"),
        "events not published": count("SELECT count(*) FROM outbox WHERE published_at IS NULL"),
        "transfers without an end": count(
            "SELECT count(*) FROM transfers WHERE state IN ('staging', 'committing', 'abandoned')"),
        "staged files": len(staged),
        "images not active": count("SELECT count(*) FROM images WHERE status <> 'active'"),
    }
    for what, limit in limits.items():
        column = {"owner": "jobs.owner", "host": "source_host"}[what]
        found[f"running beyond the limit of one {what}, by events"] = max(0, most_at_once(site, column) - limit)
        found[f"requests beyond the limit of one {what}"] = max(0, origin.most_of(what) - limit)
    return found


def zeros_in_time(seconds, *arguments):
    """The same, once all are none, or when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while any((found := zeros(*arguments)).values()) and time.monotonic() < deadline:
        time.sleep(1)
    return found


def many(site, options):
    origin = slow_origin.Origin(HOSTS, lambda _: (SERVED_BYTES, SERVED_SECONDS))
    host_limit = max(2, options.workers[-1] // 12)
    changes = min(10, options.workers[-1] // 3)
    for kind in ("IMPORT", "COPY", "SHARE", "UPDATE", "DELETE"):
        site.settings[f"WORKER_SLOTS_{kind}"] = "1"
    site.settings |= {
        "FETCH_ALLOW_PRIVATE": ",".join(origin.places),
        "LIMITS_OWNER_RUNNING": str(OWNER_LIMIT), "LIMITS_SOURCE_HOST_RUNNING": str(host_limit),
    }
    crowd = Crowd(site, options)
    result = {"workers": options.workers[-1], "jobs": options.jobs * 3, "ready": crowd.start(options.workers[-1])}
    result["connections_start"] = crowd.connections()
    note("waiting until the start is over")
    time.sleep(REST)
    marks = [footprint(process.pid) for process, _ in site.workers]
    for place, name in enumerate(("pss", "private", "threads", "descriptors")):
        result[name] = statistics.median(mark[place] for mark in marks)
    result["broker"] = broker_counts(options)
    result["connections_idle"] = crowd.connections()
    before = crowd.costs()
    time.sleep(20)
    result["idle"] = scale.difference(before, crowd.costs())
    note("one job after the other")
    result["lone"] = lone_jobs(site, crowd, origin)
    note("all jobs")
    crowd.peak = 0
    before = crowd.costs()
    site.submit(workload(options, origin))
    done = "SELECT count(*) FROM jobs WHERE id LIKE 'many-import-%' AND ended_at IS NOT NULL AND id NOT LIKE '%lone%'"
    site.wait_for(options.jobs // 4, "imports ended", done, 240)
    crowd.kill(changes)
    crowd.start(changes)
    site.wait_for(options.jobs // 2, "imports ended", done, 240)
    counts = [int(row[1]) for row in site.ask(
        "SELECT owner, count(*) FILTER (WHERE ended_at IS NOT NULL) FROM jobs "
        "WHERE id LIKE 'many-import-%' AND id NOT LIKE '%lone%' GROUP BY owner")]
    result["fairness"] = [min(counts), max(counts)]
    site.wait_for(result["jobs"], "jobs ended", "SELECT count(*) FROM jobs WHERE ended_at IS NOT NULL "
                  "AND id LIKE 'many-%' AND id NOT LIKE '%lone%'", 300)
    result["busy"] = scale.difference(before, crowd.costs())
    result["connections_busy"] = crowd.peak
    result["dearest"] = crowd.dearest(DEAREST)
    result["zeros"] = zeros_in_time(90, site, options, origin, {"owner": OWNER_LIMIT, "host": host_limit})
    crowd.ended.set()
    site.stop()
    return result


def note(text):
    print(f"scale: {time.strftime('%H:%M:%S')} {text}", file=sys.stderr)


def report(result):
    idle, busy, lone = result["idle"], result["busy"], result["lone"]
    vain = max(0, busy["claims"] - busy["begun"]) / busy["begun"]
    print(f"{result['workers']} workers started at once: all ready after {result['ready']:.1f} s")
    print(f"each: PSS {result['pss'] / 1e6:.1f} MB (unshared {result['private'] / 1e6:.1f} MB), "
          f"{result['threads']:.0f} threads, {result['descriptors']:.0f} descriptors")
    print(f"RabbitMQ: {result['broker'][0]} connections, {result['broker'][1]} channels")
    print(f"PostgreSQL connections: {result['connections_start']} after the start, {result['connections_idle']} idle, "
          f"{result['connections_busy']} at most when busy")
    for name, used in (("idle", idle), ("busy", busy)):
        print(f"{name}, each second: {rate(used, 'transactions'):.0f} transactions, "
              f"{rate(used, 'postgres_cpu') * 1e3:.0f} ms of PostgreSQL, {rate(used, 'broker_cpu') * 1e3:.0f} ms of RabbitMQ, "
              f"{rate(used, 'claims'):.1f} claims, {rate(used, 'looks'):.1f} looks")
    print(f"a job for idle workers: begins after {lone['start_median'] * 1e3:.0f} ms (median; at most "
          f"{lone['start_worst'] * 1e3:.0f} ms), {lone['claims']:.1f} claims and {lone['looks']:.1f} looks in the 2 s it has")
    print(f"{result['jobs']} jobs in {busy['at']:.0f} s: {result['jobs'] / busy['at']:.1f} a second, "
          f"{vain:.2f} vain claims a job")
    print(f"when half of the imports were done, each owner had {result['fairness'][0]} to {result['fairness'][1]}")
    for row in result["dearest"]:
        print(f"{row[0]:>9} ms {row[1]:>8} × {row[2]}")
    for name, count in result["zeros"].items():
        print(f"{int(count):>5} {name}")
