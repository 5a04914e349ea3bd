"""Thousands of tiny jobs and a few long ones on the same workers; called by scripts/scale lanes.

The long ones come in the middle of the tiny ones. Both have to get their turn, and jobs of another kind must not wait for
either.
"""

import statistics
import threading
import time

import scale_many
import slow_origin

LONG = 10
LONG_OWNER_LIMIT = 3
LONG_SECONDS = 60
# Slower than a kilobyte a second is a stall.
LONG_BYTES = 1_000_000
OWNERS = 20
TINY_BYTES = 1_000
# Seconds from one job of another kind to the next.
PROBE = 5


def import_job(name, owner, url):
    return {"version": 1, "id": f"lanes-{name}", "kind": "import", "actor": {"account": owner},
            "image": {"id": f"lanes-{name}", "name": "scale", "owner": owner}, "source": {"url": url}}


class Probe:
    """Changes an image every few seconds, as somebody who waits for the answer would."""

    def __init__(self, site):
        self.site, self.count = site, 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.wait(PROBE):
            self.site.submit([{"version": 1, "id": f"probe-{self.count}", "kind": "update", "image": {"id": "lanes-first-0"},
                               "set": {"description": f"number {self.count}"}}])
            self.count += 1

    def end(self):
        self.ended.set()
        self.thread.join()


def waits(site, pattern, until):
    """Seconds from the taking in of each job to the first event of the phase `until`, for jobs whose ids match."""
    return [float(row[0]) / 1e6 for row in site.ask(
        f"SELECT min(happened_at) FILTER (WHERE phase = '{until}') - min(happened_at) FILTER (WHERE phase = 'accepted') "
        f"FROM outbox WHERE job LIKE '{pattern}' AND destination IS NULL GROUP BY job")]


def lanes(site, options):
    origin = slow_origin.Origin(
        [f"127.0.0.{number}" for number in range(2, 6)],
        lambda owner: (LONG_BYTES, LONG_SECONDS) if owner == "long" else (TINY_BYTES, 0))
    site.settings |= {"FETCH_ALLOW_PRIVATE": ",".join(origin.places), "LIMITS_OWNER_RUNNING": str(LONG_OWNER_LIMIT)}
    site.start(options.workers[0], WORKER_SLOTS_IMPORT="4")
    site.submit([import_job("first-0", "owner-0", origin.url(0, "owner-0/first"))])
    site.wait_for_ends("lanes-first", 1, 60)
    tiny = [import_job(f"tiny-{n}", f"owner-{n % OWNERS}", origin.url(n, f"owner-{n % OWNERS}/{n}"))
            for n in range(options.jobs)]
    long = [import_job(f"long-{n}", "long", origin.url(n, f"long/{n}")) for n in range(LONG)]
    probe = Probe(site)
    began = time.monotonic()
    middle = len(tiny) // 2
    site.submit(tiny[:middle] + long + tiny[middle:])
    limit = 60 + LONG_SECONDS * LONG + options.jobs // 5
    ended = "SELECT count(*) FROM jobs WHERE id LIKE 'lanes-{}-%' AND ended_at IS NOT NULL"
    site.wait_for(LONG, "long jobs ended", ended.format("long"), limit)
    result = {"workers": options.workers[0], "tiny": len(tiny), "long": LONG, "long_seconds": time.monotonic() - began,
              "tiny_meanwhile": int(site.number(ended.format("tiny")))}
    site.wait_for(len(tiny), "tiny jobs ended", ended.format("tiny"), limit)
    result["seconds"] = time.monotonic() - began
    probe.end()
    site.wait_for(probe.count, "updates ended", "SELECT count(*) FROM jobs WHERE id LIKE 'probe-%' AND ended_at IS NOT NULL",
                  60)
    result["zeros"] = scale_many.zeros_in_time(90, site, options, origin, {"owner": LONG_OWNER_LIMIT})
    others = waits(site, "probe-%", "completed")
    result |= {"others": len(others), "others_median": statistics.median(others), "others_worst": max(others),
               "long_first": min(waits(site, "lanes-long-%", "started")),
               "ideal": LONG_SECONDS * -(-LONG // LONG_OWNER_LIMIT)}
    site.stop()
    return result


def report(result):
    print(f"{result['tiny']} tiny imports of {OWNERS} owners and {result['long']} long ones of another, which may run "
          f"{LONG_OWNER_LIMIT}, for {result['workers']} workers")
    print(f"all ended after {result['seconds']:.0f} s: {(result['tiny'] + result['long']) / result['seconds']:.1f} a second")
    print(f"the first long one began {result['long_first']:.1f} s after it was taken in; the last ended after "
          f"{result['long_seconds']:.0f} s, when {result['tiny_meanwhile']} tiny ones had; alone they take {result['ideal']} s")
    print(f"{result['others']} updates meanwhile took {result['others_median'] * 1e3:.0f} ms (median), "
          f"{result['others_worst'] * 1e3:.0f} ms at most")
    for name, count in result["zeros"].items():
        print(f"{int(count):>5} {name}")
