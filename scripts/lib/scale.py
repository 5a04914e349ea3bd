"""Measures how workers share one installation; called by scripts/scale.

Times are those the catalog gave to events, so what a command takes to start does not count. What a job costs is the
difference of what PostgreSQL, the kernel and the broker counted before and after, divided by the jobs.
"""

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request

TICK = 1 / os.sysconf("SC_CLK_TCK")
RATE = 4_000_000
JOBS_EACH = 4


def cpu_seconds(pid):
    """User and system time of a process and of its children that were waited for, in seconds; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0
    return sum(int(field) for field in fields[11:15]) * TICK


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


def free_ports():
    """Ports that nobody uses, below those from which the kernel takes the near ends of connections: hundreds of workers
    connect while others of them are about to listen."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        lowest = int(file.read().split()[0])
    candidates = list(range(max(1024, lowest - 16_000), lowest))
    random.shuffle(candidates)
    for port in candidates:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port


class Site:
    def __init__(self, options):
        self.options = options
        self.settings = {
            "BROKER_URL": options.broker, "CATALOG_URL": options.postgres,
            "STORES_DEFAULT_URL": f"file://{options.work}/images",
            "FETCH_ALLOW_PRIVATE": options.origin.removeprefix("http://").rstrip("/"),
            "WORKER_INTAKE_BACKLOG": "1000000", "ADMIN_LISTEN": "127.0.0.1:0",
        }
        os.makedirs(f"{options.work}/images", exist_ok=True)
        self.workers = []
        self.ports = free_ports()

    def environment(self, more=()):
        names = {f"LONGSHORE_{key}": value for key, value in {**self.settings, **dict(more)}.items()}
        return {"PATH": "/usr/bin:/bin", "HOME": self.options.work, **names}

    def ask(self, sql):
        """The rows of a question to PostgreSQL, as lists of words."""
        run = subprocess.run(
            ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--field-separator=\t", "-c", sql,
             self.options.postgres], capture_output=True, text=True, check=True)
        return [line.split("\t") for line in run.stdout.splitlines() if line]

    def number(self, sql):
        return float(self.ask(sql)[0][0] or 0)

    def start(self, count, **settings):
        """Starts workers and waits until each is ready."""
        for process, port in [self.launch(None, **settings) for _ in range(count)]:
            self.await_readiness(process, port, 60)

    def launch(self, log, **settings):
        """Starts a worker, whose messages are added to the file `log`; returns it with the port of its health."""
        port = next(self.ports)
        environment = self.environment({**settings, "HEALTH_LISTEN": f"127.0.0.1:{port}"})
        with open(log or "/dev/stderr", "a", encoding="utf-8") as messages:
            process = subprocess.Popen(
                [self.options.longshore, "worker", "--log-level", "error"], stdin=subprocess.DEVNULL,
                env=environment, stdout=messages, stderr=messages)
        with open(f"/proc/{process.pid}/stat", encoding="ascii", errors="replace") as file:
            began = file.read().rpartition(")")[2].split()[19]
        with open(f"{self.options.work}/workers/{process.pid}.process", "w", encoding="ascii") as file:
            file.write(f"{process.pid} {began}\n")
        self.workers.append((process, port))
        return process, port

    def await_readiness(self, process, port, limit):
        deadline = time.monotonic() + limit
        while True:
            if process.poll() is not None:
                sys.exit(f"scale: a worker ended with {process.returncode}")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).read()
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    sys.exit(f"scale: a worker does not get ready: {error}")
                time.sleep(0.05)

    def stop(self):
        """Drains all workers and returns the CPU time that they used."""
        for process, _ in self.workers:
            process.terminate()
        used = 0
        for process, _ in self.workers:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            used += usage.ru_utime + usage.ru_stime
            os.unlink(f"{self.options.work}/workers/{process.pid}.process")
            if process.returncode != 0:
                sys.exit(f"scale: a worker ended with {process.returncode}")
        self.workers = []
        return used

    def abandon(self):
        """Ends what is left of the workers at once, because the measuring failed."""
        for process, _ in self.workers:
            process.kill()
            process.wait()
            os.unlink(f"{self.options.work}/workers/{process.pid}.process")
        self.workers = []

    def submit(self, jobs):
        run = subprocess.run(
            [self.options.longshore, "submit", "-"], input="\n".join(json.dumps(job) for job in jobs), text=True,
            env=self.environment(), capture_output=True, check=False)
        if run.returncode != 0:
            sys.exit(f"scale: submit ended with {run.returncode}: {run.stderr[-2000:]}")

    def wait_for(self, count, what, sql, limit):
        deadline = time.monotonic() + limit
        while (found := self.number(sql)) < count:
            if time.monotonic() > deadline:
                sys.exit(f"scale: {found:.0f} of {count} {what} after {limit} s")
            time.sleep(0.1)

    def wait_for_ends(self, batch, count, limit):
        self.wait_for(count, "jobs ended", f"SELECT count(*) FROM jobs WHERE id LIKE '{batch}-%' AND ended_at IS NOT NULL",
                      limit)
        failed = self.ask(f"SELECT id, body FROM jobs WHERE id LIKE '{batch}-%' AND state <> 'succeeded' LIMIT 1")
        if failed:
            sys.exit(f"scale: {failed[0]}")
        # What the relay still has to do belongs to the costs.
        self.wait_for(0, "", "SELECT -count(*) FROM outbox WHERE published_at IS NULL", 30)

    def costs(self):
        """What was used so far by those whom all share."""
        postgres = self.postmaster()
        with open(f"{self.options.work}/services/rabbitmq/node.process", encoding="ascii") as file:
            node = int(file.read().split()[0])
        broker = [node] + [grandchild for child in children(node) for grandchild in [child, *children(child)]]
        # The statistics of a backend may be late by a second.
        self.ask("SELECT pg_stat_force_next_flush()")
        row = self.ask(
            "SELECT xact_commit, pg_current_wal_insert_lsn() - '0/0'::pg_lsn FROM pg_stat_database "
            "WHERE datname = current_database()")[0]
        return {
            "transactions": float(row[0]), "wal_bytes": float(row[1]),
            "postgres_cpu": sum(cpu_seconds(pid) for pid in [postgres, *children(postgres)]),
            "broker_cpu": sum(cpu_seconds(pid) for pid in broker),
            "events": self.number("SELECT count(*) FROM outbox"),
        }

    def postmaster(self):
        with open(f"{self.options.work}/services/postgres/process", encoding="ascii") as file:
            return int(file.read().split()[0])


def difference(before, after):
    return {key: after[key] - before[key] for key in after}


def curve(site, options):
    size = RATE * options.seconds
    with open(os.path.join(options.root, "image"), "wb") as file:
        file.write(os.urandom(size))
    rows = []
    for count in options.workers:
        site.start(count, WORKER_SLOTS_IMPORT="1")
        before = site.costs()
        batch, jobs = f"curve{count}", count * JOBS_EACH
        site.submit(
            {"version": 1, "id": f"{batch}-{n}", "kind": "import", "image": {"id": f"{batch}-{n}", "name": "scale"},
             "source": {"url": options.origin + "image"}} for n in range(jobs))
        site.wait_for_ends(batch, jobs, 60 + options.seconds * JOBS_EACH * 4)
        begun, ended = site.ask(
            "SELECT min(happened_at) FILTER (WHERE phase = 'started'), max(happened_at) FILTER (WHERE phase = 'completed') "
            f"FROM outbox WHERE job LIKE '{batch}-%'")[0]
        used = difference(before, site.costs())
        used["worker_cpu"] = site.stop()
        seconds = (float(ended) - float(begun)) / 1e6
        rows.append({"workers": count, "jobs": jobs, "seconds": seconds, "rate": jobs * size / seconds, "used": used})
        remove_images(site, batch, jobs)
    for row in rows:
        row["efficiency"] = row["rate"] / rows[0]["rate"] * rows[0]["workers"] / row["workers"]
    return rows


def remove_images(site, batch, jobs):
    site.start(1)
    site.submit(
        {"version": 1, "id": f"gone{batch}-{n}", "kind": "delete", "image": {"id": f"{batch}-{n}"}} for n in range(jobs))
    site.wait_for_ends(f"gone{batch}", jobs, 120)
    site.stop()


def claims(site, options):
    with open(os.path.join(options.root, "small"), "wb") as file:
        file.write(os.urandom(1_000))
    images = 200
    site.start(1, WORKER_SLOTS_IMPORT="16")
    site.submit(
        {"version": 1, "id": f"small-{n}", "kind": "import", "image": {"id": f"small-{n}", "name": "scale"},
         "source": {"url": options.origin + "small"}} for n in range(images))
    site.wait_for_ends("small", images, 180)
    site.stop()
    rows = []
    for count in options.workers:
        batch = f"update{count}"
        site.start(1, WORKER_ROLES="intake")
        site.submit(
            {"version": 1, "id": f"{batch}-{n}", "kind": "update", "image": {"id": f"small-{n % images}"},
             "set": {"name": f"scale {count} {n}"}} for n in range(options.updates))
        site.wait_for(
            options.updates, "jobs taken in", f"SELECT count(*) FROM jobs WHERE id LIKE '{batch}-%'", 180)
        site.stop()
        before = site.costs()
        site.start(count, WORKER_ROLES="run,relay")
        site.wait_for_ends(batch, options.updates, 300)
        begun, ended = site.ask(f"SELECT min(ended_at), max(ended_at) FROM jobs WHERE id LIKE '{batch}-%'")[0]
        used = difference(before, site.costs())
        used["worker_cpu"] = site.stop()
        seconds = (float(ended) - float(begun)) / 1e6
        rows.append({"workers": count, "jobs": options.updates, "seconds": seconds,
                     "rate": (options.updates - 1) / seconds, "used": used})
    return rows


def idle(site, options):
    count, seconds = 4, 30
    site.start(count)
    # What a start asks is not what waiting asks, and pauses grow while there is nothing to do.
    time.sleep(15)
    before = site.costs()
    time.sleep(seconds)
    used = difference(before, site.costs())
    site.stop()
    return {"workers": count, "seconds": seconds,
            "per_second": {key: value / count / seconds for key, value in used.items()}}


def each(row, key, unit=1.0):
    return row["used"][key] / row["jobs"] * unit


def report(results):
    for name, title, unit in (
        ("curve", "imports from an origin of 4 MB/s a connection, one slot a worker", "MB/s"),
        ("claims", "updates, taken in before", "jobs/s"),
    ):
        if name not in results:
            continue
        print(title)
        print(f"{'workers':>7} {'jobs':>6} {'s':>7} {unit:>8} {'of linear':>9}   for each job: "
              f"{'commits':>7} {'WAL kB':>7} {'PostgreSQL ms':>13} {'RabbitMQ ms':>11} {'worker ms':>9} {'events':>6}")
        for row in results[name]:
            rate = row["rate"] / 1e6 if name == "curve" else row["rate"]
            linear = f"{row['efficiency']:9.3f}" if "efficiency" in row else f"{'':>9}"
            print(f"{row['workers']:7} {row['jobs']:6} {row['seconds']:7.1f} {rate:8.2f} {linear}                 "
                  f"{each(row, 'transactions'):7.1f} {each(row, 'wal_bytes', 1e-3):7.1f} "
                  f"{each(row, 'postgres_cpu', 1e3):13.2f} {each(row, 'broker_cpu', 1e3):11.2f} "
                  f"{each(row, 'worker_cpu', 1e3):9.2f} {each(row, 'events'):6.1f}")
        print()
    if "idle" in results:
        per = results["idle"]["per_second"]
        print(f"a worker without jobs, each second: {per['transactions']:.2f} transactions, "
              f"{per['postgres_cpu'] * 1e3:.2f} ms of PostgreSQL, {per['broker_cpu'] * 1e3:.2f} ms of RabbitMQ")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="+", choices=["curve", "claims", "idle", "many", "lanes"])
    for name in ("longshore", "work", "broker", "postgres", "rabbitmqctl"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("origin", "root"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--workers", type=lambda text: [int(word) for word in text.split(",")], default=[1, 2, 4, 8])
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--updates", type=int, default=2000)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    site = Site(options)
    try:
        if options.what in (["many"], ["lanes"]):
            sys.exit(judge(site, options))
        measure(site, options)
    finally:
        site.abandon()


def judge(site, options):
    """Measures what says by itself whether something is wrong; returns the exit status."""
    import scale_lanes, scale_many  # they need this module
    if options.what == ["many"]:
        options.jobs = options.jobs or 400
        result, report = scale_many.many(site, options), scale_many.report
    else:
        options.jobs = options.jobs or 10_000
        result, report = scale_lanes.lanes(site, options), scale_lanes.report
    if options.json:
        print(json.dumps(result))
    else:
        report(result)
    return 1 if any(result["zeros"].values()) else 0


def measure(site, options):
    measures = {"curve": curve, "claims": claims, "idle": idle}
    results = {}
    for name in options.what:
        print(f"scale: measuring {name}", file=sys.stderr)
        results[name] = measures[name](site, options)
        if not options.json:
            report({name: results[name]})
            sys.stdout.flush()
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
