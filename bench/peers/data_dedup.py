#!/usr/bin/env python3
"""Deduplicates the same documents here and with Python's MinHash libraries, alternating, and prints medians of paired ratios (README.md)."""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORD = re.compile(r"\w+")


def shingles(text, n):
    words = WORD.findall(text.lower())
    return [" ".join(words[i : i + n]) for i in range(max(1, len(words) - n + 1))] if words else []


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def rensa_run(path, o):
    import rensa

    signatures = []
    for text in read(path):
        minhash = rensa.RMinHash(num_perm=o.permutations, seed=42)
        minhash.update(shingles(text, o.ngram))
        signatures.append(minhash)
    bands = next(b for b in (16, 8, 32, 4, 64, 1) if o.permutations % b == 0)
    index = rensa.RMinHashLSH(threshold=o.threshold, num_perm=o.permutations, num_bands=bands)
    kept = 0
    for i, minhash in enumerate(signatures):
        duplicate = any(signatures[j].jaccard(minhash) >= o.threshold for j in index.query(minhash))
        if not duplicate:
            index.insert(i, minhash)
            kept += 1
    return kept


def datasketch_run(path, o):
    import datasketch

    index = datasketch.MinHashLSH(threshold=o.threshold, num_perm=o.permutations)
    kept = 0
    for i, text in enumerate(read(path)):
        minhash = datasketch.MinHash(num_perm=o.permutations)
        minhash.update_batch([s.encode() for s in shingles(text, o.ngram)])
        if not index.query(minhash):
            index.insert(str(i), minhash)
            kept += 1
    return kept


def timed(call, *arguments):
    began = time.perf_counter()
    kept = call(*arguments)
    return time.perf_counter() - began, kept


def ours(path, o, flags):
    command = [o.program, "data", "dedup", path, "--threads", "1", "--json", "--quiet", *flags]
    began = time.perf_counter()
    run = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - began, json.loads(run.stdout)["kept"]


def exact_run(path, _):
    """What a script does: a set of hashes of the lines' texts."""
    import hashlib

    return len({hashlib.blake2b(text.encode(), digest_size=16).digest() for text in read(path)})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+", help="JSON Lines with the key `text`")
    parser.add_argument("--program", default=str(ROOT / "build" / "release" / "isoflop"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--permutations", type=int, default=128)
    parser.add_argument("--ngram", type=int, default=5)
    parser.add_argument("--threshold", type=float, default=0.8)
    parser.add_argument("--copies", type=int, default=1, help="of the inputs, each word of a copy changed with probability 1/50")
    o = parser.parse_args()

    minhash = ["--minhash", "--ngram", str(o.ngram), "--threshold", str(o.threshold), "--permutations", str(o.permutations)]
    jobs = [("minhash", minhash, [("rensa", rensa_run), ("datasketch", datasketch_run)]),
            ("documents", ["--documents"], [("python set", exact_run)]),
            ("lines", ["--lines"], []), ("substrings", ["--substrings"], [])]
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "all.jsonl")
        size = 0
        with open(path, "w", encoding="utf-8") as out:
            for copy in range(o.copies):
                for name in o.inputs:
                    for i, text in enumerate(read(name)):
                        if copy:
                            words = text.split(" ")
                            words[(i + copy) % 50 :: 50] = [f"copy{copy}"] * len(words[(i + copy) % 50 :: 50])
                            text = " ".join(words)
                        size += len(text.encode())
                        out.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
        print(f"{size / 1e6:.1f} MB of text, one thread, {o.rounds} rounds")
        for job, flags, peers in jobs:
            ours(path, o, flags)
            mine, ratios, kept = [], {name: [] for name, _ in peers}, {}
            for round_number in range(o.rounds):
                for name, run in peers or [(None, None)]:
                    if run is None:
                        seconds, kept["isoflop"] = ours(path, o, flags)
                        mine.append(seconds)
                        continue
                    try:
                        if round_number % 2:
                            theirs, kept[name] = timed(run, path, o)
                            seconds, kept["isoflop"] = ours(path, o, flags)
                        else:
                            seconds, kept["isoflop"] = ours(path, o, flags)
                            theirs, kept[name] = timed(run, path, o)
                    except ImportError as error:
                        print(f"{job:10s} {name}: {error}", file=sys.stderr)
                        continue
                    mine.append(seconds)
                    ratios[name].append(theirs / seconds)
            if mine:
                print(f"{job:10s} {size / 1e6 / statistics.median(mine):8.1f} MB/s  kept {kept['isoflop']}")
            for name, values in ratios.items():
                if values:
                    print(f"{'':10s} {statistics.median(values):8.1f} times {name} ({min(values):.1f} to {max(values):.1f}), which kept {kept[name]}")


if __name__ == "__main__":
    main()
