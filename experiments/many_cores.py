#!/usr/bin/env python3
"""What a step would take on 16, 64 and 128 cores, simulated from what one core of this machine does.

A step is: every thread works through its lanes' sequences (forward, backward; it adds finished lanes up on the way), a barrier, the lanes
that different threads hold are added, a barrier, the update, a barrier. Measured by `isoflop bench`: the seconds of a sequence, of
the merge and of the update on one core, and how much sequences scatter on two (`waiting`). Assumed: the memory bandwidth of the larger machines,
that a core's caches are this machine's, and a barrier of 1 us times log2 of the threads. What a sequence moves through memory is counted: the
gradient buffer twice and both packings of the weights once a micro-batch of 256 tokens, if they exceed a core's share of the last cache.

usage: experiments/many_cores.py [ISOFLOP]
"""
import json
import math
import random
import subprocess
import sys

MACHINES = {2: 40, 16: 120, 64: 300, 128: 600}  # cores: GB/s of memory bandwidth (assumed, but for 2)
CACHE_PER_CORE = 4 << 20
SCATTER = 0.02   # of a sequence's seconds, relative s.d.; see the check on two threads
STEPS = 400


def bench(program, model, threads):
    run = subprocess.run([program, "bench", "--models", model, "--threads", str(threads), "--seconds", "4", "--json", "--quiet"],
                         text=True, capture_output=True, check=True)
    return json.loads(run.stdout)["models"][0]


def step_seconds(one, threads, bandwidth, lanes, batch, rng):
    parts, params = one["part_seconds"], one["params"]
    update_one = parts["norm, update, packing"]
    shared = update_one + parts.get("merge of lanes", 0)
    sequence = (one["step_seconds"] - shared) / one["batch_size"]
    weight_bytes = 2 if one["dtype"] == "bfloat16" else 4
    traffic = params * (2 * 4 + 2 * weight_bytes) * one["block_size"] / 256
    if params * 4 < CACHE_PER_CORE:
        traffic = 0
    busy = min(threads, lanes)
    # memory stretches the sequences when all cores together ask for more than there is
    stretch = max(1.0, busy * traffic / sequence / (bandwidth * 1e9))
    barrier = 1e-6 * math.log2(max(2, threads))
    merged = 2 * 4 * params * (busy - 1) / (bandwidth * 1e9) + parts.get("merge of lanes", 0) / threads * (lanes - busy) / max(1, lanes - 1)
    update = max(update_one / threads, (7 * 4 + 2 * weight_bytes) * params / (bandwidth * 1e9) if traffic else 0)
    total = 0.0
    for _ in range(STEPS):
        slowest = 0.0
        for thread in range(busy):
            mine = len(range(thread, lanes, busy)) * batch // lanes
            slowest = max(slowest, sum(sequence * stretch * rng.gauss(1, SCATTER) for _ in range(mine)))
        total += slowest + merged + update + 3 * barrier
    return total / STEPS


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/release/isoflop"
    rng = random.Random(0)
    print("| model | sequences | lanes | " + " | ".join(f"{cores} cores" for cores in MACHINES) + " | two threads, measured |")
    print("|" + "---|" * (len(MACHINES) + 4))
    for model in ("tiny", "small", "medium", "base", "large"):
        one, two = bench(program, model, 1), bench(program, model, 2)
        for batch, lanes in ((32, 8), (32, 32), (512, 128)):
            serial = step_seconds(one, 1, MACHINES[2], lanes, batch, rng)
            cells = [f"{serial / step_seconds(one, cores, bandwidth, lanes, batch, rng):.1f}" for cores, bandwidth in MACHINES.items()]
            measured = f"{one['step_seconds'] / two['step_seconds']:.2f}" if (batch, lanes) == (32, 8) else ""
            print(f"| {model} | {batch} | {lanes} | " + " | ".join(cells) + f" | {measured} |", flush=True)


if __name__ == "__main__":
    main()
