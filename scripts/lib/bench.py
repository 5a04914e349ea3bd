"""Measures a running worker against the tools whose work it does; called by scripts/bench.

Each run is timed from outside: the rivals with what wait4 says of them, the worker with what /proc says that all its
threads, ended ones included, used between the job's going out and its terminal event's coming in.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time

TICK = 1 / os.sysconf("SC_CLK_TCK")
MEMORY_GROWTH_LIMIT = 8 << 20


def process_seconds(pid):
    """User and system time of a process with all its threads, in seconds."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


def run_rival(command):
    started = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"bench: {command[0]} ended with {process.returncode}")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime}


class Worker:
    def __init__(self, options):
        self.command = [options.longshore, "--config", options.config]
        self.pid = options.worker
        self.origin = options.origin

    def import_image(self, file, digest=None):
        """Sends one job and waits for its end; the wall time is what its sender sees, the start of the CLI included."""
        arguments = ["import", self.origin + file, "--name", f"bench-{file}", "--wait"]
        arguments += ["--sha256", digest] if digest else []
        cpu, started = process_seconds(self.pid), time.monotonic()
        run = subprocess.run(
            self.command + arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        wall = time.monotonic() - started
        if run.returncode != 0:
            sys.exit(f"bench: the import ended with {run.returncode}:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
        return {"wall": wall, "cpu": process_seconds(self.pid) - cpu}


def make_random(path, size):
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        while size > 0:
            chunk = os.urandom(min(size, 4 << 20))
            file.write(chunk)
            digest.update(chunk)
            size -= len(chunk)
        os.fsync(file.fileno())
    return digest.hexdigest()


def make_sparse(path, size):
    with open(path, "wb") as file:
        file.truncate(size)


def speed(options):
    worker = Worker(options)
    path = os.path.join(options.root, "random")
    copy = os.path.join(options.root, "copy")
    digest = make_random(path, options.size)
    warm = make_random(os.path.join(options.root, "warm"), 1 << 20)
    worker.import_image("warm", warm)
    contestants = {
        "curl -o /dev/null": lambda: run_rival(["curl", "-sS", "-f", "-o", "/dev/null", options.origin + "random"]),
        "openssl dgst -sha256": lambda: run_rival(["openssl", "dgst", "-sha256", path]),
        "dd oflag=direct": lambda: run_rival(
            ["dd", f"if={path}", f"of={copy}", "bs=4M", "oflag=direct", "conv=fsync", "status=none"]
        ),
        "longshore": lambda: worker.import_image("random", digest),
    }
    runs = {name: [] for name in contestants}
    for repeat in range(options.repeats):
        # Another order each time, so that nobody always runs on what the same other one left behind.
        names = list(contestants)
        for name in names[repeat % len(names) :] + names[: repeat % len(names)]:
            runs[name].append(contestants[name]())
            if os.path.exists(copy):
                os.unlink(copy)
    report_speed(options, runs)


def report_speed(options, runs):
    medians = {
        name: {key: statistics.median(run[key] for run in of_name) for key in ("wall", "cpu")}
        for name, of_name in runs.items()
    }
    ours = medians["longshore"]
    rivals = [of_name for name, of_name in medians.items() if name != "longshore"]
    cpu, wall = sum(rival["cpu"] for rival in rivals), max(rival["wall"] for rival in rivals)
    if options.json:
        print(json.dumps({"size": options.size, "runs": runs, "medians": medians,
                          "cpu_ratio": ours["cpu"] / cpu, "wall_ratio": ours["wall"] / wall}))
        return
    print(f"{options.size / (1 << 20):.0f} MiB of random bytes, medians of {options.repeats}")
    print(f"{'':<22} {'wall s':>8} {'CPU s':>8}")
    for name, of_name in medians.items():
        spread = ", ".join(f"{run['wall']:.2f}" for run in runs[name])
        print(f"{name:<22} {of_name['wall']:8.2f} {of_name['cpu']:8.2f}   wall of each: {spread}")
    print(f"CPU against the sum of the three:    {ours['cpu'] / cpu:5.2f}")
    print(f"wall against the slowest of the three: {ours['wall'] / wall:3.2f}")


def peak_memory(worker, file):
    """The most memory in bytes that the worker held while it imported a file."""
    with open(f"/proc/{worker.pid}/clear_refs", "w", encoding="ascii") as control:
        control.write("5")  # forgets the peak, proc(5)
    worker.import_image(file)
    with open(f"/proc/{worker.pid}/status", encoding="ascii", errors="replace") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def memory(options):
    worker = Worker(options)
    sizes = [64 << 20, options.size, 8 * options.size]
    for size in sizes:
        make_sparse(os.path.join(options.root, f"sparse-{size}"), size)
    # The first import brings buffers and connections into being; growth is what comes after it.
    peaks = [peak_memory(worker, f"sparse-{size}") for size in sizes][1:]
    growth = peaks[1] - peaks[0]
    if options.json:
        print(json.dumps({"sizes": sizes[1:], "peaks": peaks, "growth": growth, "limit": MEMORY_GROWTH_LIMIT}))
    else:
        for size, peak in zip(sizes[1:], peaks):
            print(f"{size / (1 << 30):5.1f} GiB imported with at most {peak / (1 << 20):6.1f} MiB of memory")
        print(f"growth {growth / (1 << 20):.1f} MiB, allowed {MEMORY_GROWTH_LIMIT >> 20} MiB")
    sys.exit(growth > MEMORY_GROWTH_LIMIT)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["speed", "memory"])
    for name in ("longshore", "config", "origin", "root"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("worker", "size", "repeats"):
        parser.add_argument(f"--{name}", required=True, type=int)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    {"speed": speed, "memory": memory}[options.what](options)


if __name__ == "__main__":
    main()
