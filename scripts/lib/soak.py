"""Looks for what grows in workers that run for long; called by scripts/soak.

Every sample is taken when a round of jobs has come to its end, so that what a running job needs does not count.
"""

import argparse
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import time

import scale

MIB = 1 << 20
IMAGES = 10
CANCELLED = 2
ROUND_LIMIT = 600
# How many threads more than before are none too many: pools make them when they are busiest, and keep some.
SPARE_THREADS = 4
STATE = (
    "[length(rabbit_networking:connections()), length(rabbit_channel:list()), lists:sum([M || Q <- rabbit_amqqueue:list(),"
    " {messages_unacknowledged, M} <- rabbit_amqqueue:info(Q, [messages_unacknowledged]), is_integer(M)])]."
)


class Site(scale.Site):
    """Workers on a catalog of either kind."""

    def __init__(self, options):
        options.postgres = options.catalog
        super().__init__(options)
        # Rows and events are swept too, so that a long run reaches a state that stays.
        self.settings |= {"RETENTION_JOBS": "5m", "RETENTION_HISTORY": "5m", "RETENTION_STAGING": "5m"}
        self.file = options.catalog.removeprefix("sqlite://") if options.catalog.startswith("sqlite:") else None

    def ask(self, sql):
        if self.file is None:
            return super().ask(sql)
        database = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)
        try:
            return [[str(value) for value in row] for row in database.execute(sql)]
        finally:
            database.close()

    def catalog_sizes(self):
        if self.file is None:
            return self.number("SELECT pg_database_size(current_database())"), 0
        log = f"{self.file}-wal"
        return os.path.getsize(self.file), os.path.getsize(log) if os.path.exists(log) else 0


def words(path):
    with open(path, encoding="ascii", errors="replace") as file:
        return dict(line.split(":", 1) for line in file if ":" in line)


def of_process(pid):
    status = words(f"/proc/{pid}/status")
    rollup = words(f"/proc/{pid}/smaps_rollup")
    return {
        "resident": int(status["VmRSS"].split()[0]) << 10,
        "private": sum(int(rollup[key].split()[0]) << 10 for key in ("Private_Clean", "Private_Dirty")),
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(status["Threads"]),
    }


def of_broker(options):
    run = subprocess.run([options.rabbitmqctl, "eval", STATE], capture_output=True, text=True, check=True)
    numbers = [int(word) for word in re.findall(r"\d+", run.stdout)]
    return dict(zip(("connections", "channels", "unacknowledged"), numbers, strict=True))


def broker_at_rest(options):
    """What the broker has when it is done with a round, or does not get done: a message may outlive its job's end."""
    for _ in range(20):
        found = of_broker(options)
        if found["unacknowledged"] == 0:
            break
    return found


def sample(site, options, began, jobs):
    catalog, log = site.catalog_sizes()
    return {
        "second": time.monotonic() - began, "jobs": jobs,
        "workers": [of_process(process.pid) for process, _ in site.workers],
        "all": broker_at_rest(options) | {
            "catalog": catalog, "log": log,
            "outbox": site.number("SELECT count(*) FROM outbox WHERE published_at IS NULL"),
            "events kept": site.number("SELECT count(*) FROM outbox"),
        },
    }


def jobs_of(number, origin):
    """A round: images that are imported, shared, updated and deleted, and imports that are cancelled."""
    for n in range(IMAGES):
        name = f"r{number}-{n}"
        actor = {"account": f"acct-{n % 3}"}
        source = {"url": origin + ("medium" if n == 0 else "small")}

        def job(kind, after=None, **members):
            ids = {"version": 1, "id": f"{name}-{kind}", "kind": kind, "actor": actor}
            return ids | ({"after": [f"{name}-{after}"]} if after else {}) | members

        yield job("import", image={"id": name, "name": "soak", "owner": actor["account"]}, source=source)
        yield job("share", "import", image={"id": name}, share={"action": "offer", "member": "acct-9"})
        yield job("update", "share", image={"id": name}, set={"description": f"round {number}"})
        yield job("delete", "update", image={"id": name})
    for n in range(CANCELLED):
        name = f"r{number}-long-{n}"
        yield {"version": 1, "id": name, "kind": "import", "image": {"id": name, "name": "soak"},
               "source": {"url": origin + "large"}}
        yield {"version": 1, "id": f"{name}-cancel", "kind": "cancel", "job": {"id": name}}


def run_round(site, number, origin):
    jobs = list(jobs_of(number, origin))
    site.submit(jobs)
    site.wait_for(
        len(jobs), f"jobs of round {number} ended",
        f"SELECT count(*) FROM jobs WHERE id LIKE 'r{number}-%' AND state IN ('succeeded', 'failed', 'cancelled')",
        ROUND_LIMIT)
    site.wait_for(0, "events", "SELECT -count(*) FROM outbox WHERE published_at IS NULL", ROUND_LIMIT)
    left = site.ask(
        f"SELECT id, state FROM jobs WHERE id LIKE 'r{number}-%' AND state <> 'succeeded' AND id NOT LIKE '%-long-%'")
    if left:
        sys.exit(f"soak: job {left[0][0]} is {left[0][1]}")
    return len(jobs)


def soak(site, options):
    for name, size in (("small", 20_000), ("medium", 1_000_000), ("large", 8_000_000)):
        with open(os.path.join(options.root, name), "wb") as file:
            file.write(os.urandom(size))
    site.start(options.workers)
    began, jobs, number, samples = time.monotonic(), 0, 0, []
    # A few hundred samples tell as much as thousands, and asking the broker costs it something.
    pause = options.seconds / 300
    due = 0
    while (now := time.monotonic() - began) < options.seconds:
        number += 1
        jobs += run_round(site, number, options.origin)
        if now >= due:
            samples.append(sample(site, options, began, jobs))
            due = now + pause
    site.stop()
    return samples


def slope(seconds, values):
    """By least squares, for each second."""
    if len(set(values)) < 2:
        return 0.0
    return statistics.linear_regression(seconds, values).slope


def judge(seconds, values, bound=None, spare=0):
    """First and last value, slope for an hour, and whether it grows: by the line and more than `bound`, or, when that is
    none, by the medians of the first and the last third and more than `spare`."""
    tenth, third = max(1, len(values) // 10), max(1, len(values) // 3)
    first, last = statistics.median(values[:tenth]), statistics.median(values[-tenth:])
    rate = slope(seconds, values)
    if bound is None:
        grows = statistics.median(values[-third:]) > statistics.median(values[:third]) + spare
    else:
        grows = rate * (seconds[-1] - seconds[0]) > bound
    return {"first": first, "last": last, "most": max(values), "per_hour": rate * 3600, "grows": grows}


def report(samples, options):
    warm = [entry for entry in samples if entry["second"] >= options.seconds / 5]
    if len(warm) < 6:
        sys.exit(f"soak: {len(warm)} samples are too few to judge by; give it more time")
    seconds = [entry["second"] for entry in warm]
    hours = (seconds[-1] - seconds[0]) / 3600
    bound = (options.bound + hours) * MIB
    rows = []
    for n in range(options.workers):
        for key in warm[0]["workers"][n]:
            values = [entry["workers"][n][key] for entry in warm]
            is_memory = key in ("resident", "private")
            rows.append((f"worker {n + 1}: {key}", is_memory, True,
                         judge(seconds, values, bound if is_memory else None, SPARE_THREADS if key == "threads" else 0)))
    for key in warm[0]["all"]:
        values = [entry["all"][key] for entry in warm]
        is_counted = key in ("connections", "channels", "unacknowledged", "outbox")
        rows.append((key, key in ("catalog", "log"), is_counted, judge(seconds, values)))
    print(f"{samples[-1]['jobs']} jobs in {samples[-1]['second']:.0f} s, {len(warm)} samples after warming up; "
          f"memory may grow by {bound / MIB:.1f} MiB")
    print(f"{'':28} {'first':>12} {'last':>12} {'most':>12} {'per hour':>12}")
    failed = False
    for title, is_bytes, is_judged, row in rows:
        unit, digits, name = (MIB, 2, " MiB") if is_bytes else (1, 0, "    ")
        grows = is_judged and row["grows"]
        failed |= grows
        cells = " ".join(f"{row[key] / unit:8.{digits}f}{name}" for key in ("first", "last", "most"))
        print(f"{title:28} {cells} {row['per_hour'] / unit:+8.2f}{name}{'  GROWS' if grows else ''}")
    print("verdict: something grows" if failed else "verdict: nothing grows")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=int)
    for name in ("longshore", "work", "broker", "rabbitmqctl", "catalog", "origin", "root"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--bound", type=float, default=16, help="MiB by which the memory of a worker may grow")
    parser.add_argument("--samples")
    options = parser.parse_args()
    samples = soak(Site(options), options)
    if options.samples:
        with open(options.samples, "w", encoding="ascii") as file:
            file.writelines(json.dumps(entry) + "\n" for entry in samples)
    sys.exit(1 if report(samples, options) else 0)


if __name__ == "__main__":
    main()
