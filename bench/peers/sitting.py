"""What the measurements against peers share: the machine, one process measured, pairs in turns, dated tables."""

import datetime
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "bench" / "RESULTS.md"


class Failed(Exception):
    """A program that was measured did not do its work."""


def say(line):
    print(line, file=sys.stderr, flush=True)


def machine():
    """The processor in words, and its vendor."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        facts = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    name = facts.get("model name", "unknown processor")
    family = f" (family {facts['cpu family']}, model {facts['model']})" if "cpu family" in facts else ""
    widest = next((isa for isa in ("avx512_bf16", "avx512f", "avx2") if isa in facts.get("flags", "").split()), "no avx2")
    return f"{name}{family}, {widest}", facts.get("vendor_id", "")


def ours_label(program):
    """Our version, and the commit of this checkout."""
    label = subprocess.run([program, "--version"], text=True, stdout=subprocess.PIPE, check=True).stdout.strip()
    commit = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], text=True, stdout=subprocess.PIPE, check=False)
    return label + (f" ({commit.stdout.strip()})" if commit.returncode == 0 else "")


def append(title, text):
    """Adds a dated section to bench/RESULTS.md."""
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    heading = "" if RESULTS.exists() else "# Measured against peers\n"
    with open(RESULTS, "a", encoding="utf-8") as file:
        file.write(f"{heading}\n## {date}: {title}\n\n{text}\n")


def ratio_cell(pairs):
    """Median and range of the second of each pair over the first."""
    ratios = [b / a for a, b in pairs]
    return f"{statistics.median(ratios):.2f} [{min(ratios):.2f}–{max(ratios):.2f}]"


def clocks():
    """Of this process and its children: seconds on the wall, and of a processor."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter(), time.process_time() + children.ru_utime + children.ru_stime


def timed(work):
    """What a peer's process says of itself when it has done its work: its clocks without its start, and what `work` gives."""
    before = clocks()
    result = work()
    wall, cpu = (b - a for a, b in zip(before, clocks()))
    return {"wall": wall, "cpu": cpu, **(result or {})}


def measured(command, env=None):
    """A process run to its end: what it printed as JSON, with `wall`, `cpu` (unless it says them itself) and `peak_bytes`.

    A small process starts it and asks for its peak: a child's peak counts the memory of the process that started it, and ours may
    hold a corpus.
    """
    read, write = os.pipe()
    run = subprocess.run([sys.executable, "-S", __file__, str(write), *command], env={**os.environ, **(env or {})}, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[write], check=False)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as pipe:
        facts = pipe.read()
    if run.returncode != 0:
        raise Failed(f"{command[0]}: " + (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1])
    return {**json.loads(facts), **json.loads(run.stdout)}


def launch(pipe, command):
    before = clocks()
    code = subprocess.run(command, check=False).returncode
    wall, cpu = (b - a for a, b in zip(before, clocks()))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    os.write(pipe, json.dumps({"wall": wall, "cpu": cpu, "peak_bytes": peak}).encode())
    return code


if __name__ == "__main__":
    sys.exit(launch(int(sys.argv[1]), sys.argv[2:]))
