#!/usr/bin/env python3
"""Memory and time of clean, dedup and encode on corpora of gigabytes, made from smaller ones.

Every copy of a document but the first has a share of its words (spaced scripts) or characters replaced by others of the same document:
every tenth copy none (an exact duplicate), every tenth 2 % (a near-duplicate), the others 30 %, which no method here takes for a duplicate.
A copy's name says which. A step that has finished is not done again: delete FOLDER/SIZE to start over.

usage: experiments/large_corpus.py [--isoflop PROGRAM] [--sizes 1.25,2.5,5] [--memory 1GB] --folder FOLDER FILES.jsonl...
"""
import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time

SHARES = [0.0, 0.02] + 8 * [0.30]


def documents(files):
    for name in files:
        with open(name, encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                document = json.loads(line)
                yield os.path.basename(name).split(".")[0], number, document["text"]


def perturbed(text, share, rng):
    if share == 0:
        return text
    spaced = text.count(" ") * 20 > len(text)
    units = text.split(" ") if spaced else list(text)
    for _ in range(int(share * len(units))):
        units[rng.randrange(len(units))] = units[rng.randrange(len(units))]
    return (" " if spaced else "").join(units)


def make(files, target, path):
    """The corpus of `target` bytes, in files of a gigabyte at most; how many bytes it has."""
    os.makedirs(path)
    corpus = list(documents(files))
    written = copy = 0
    part = None
    while written < target:
        rng = random.Random(copy)
        for source, number, text in corpus:
            text = text if copy == 0 else perturbed(text, SHARES[copy % len(SHARES)], rng)
            line = json.dumps({"id": f"{source}-{number}-{copy}", "source": source, "text": text}, ensure_ascii=False) + "\n"
            if part is None or part.tell() > 1e9:
                part = open(f"{path}/{int(written / 1e9)}-{copy}.jsonl", "a", encoding="utf-8")
            part.write(line)
            written += len(line.encode())
            if written >= target:
                break
        copy += 1
    part.close()
    return written


def step(command):
    """Seconds, processor seconds and the largest resident set, and what the command says of itself."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # a process of its own, so that the largest set is this command's
        os.close(read)
        start = time.monotonic()
        run = subprocess.run(command, text=True, capture_output=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        if run.returncode:
            sys.stderr.write(run.stderr)
        os.write(write, json.dumps({"rc": run.returncode, "seconds": time.monotonic() - start, "mib": used.ru_maxrss / 1024,
                                    "processor": used.ru_utime + used.ru_stime}).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        result = json.loads(answer.read())
    os.waitpid(child, 0)
    if result["rc"]:
        raise SystemExit(f"{' '.join(command[:3])} ended with {result['rc']}")
    return result


def size_of(path):
    return sum(os.path.getsize(os.path.join(root, name)) for root, _, names in os.walk(path) for name in names)


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--isoflop", default="build/release/isoflop")
    parse.add_argument("--sizes", default="1.25,2.5,5", help="gigabytes")
    parse.add_argument("--memory", default="1GB", help="of dedup")
    parse.add_argument("--threads", default="2")
    parse.add_argument("--folder", required=True)
    parse.add_argument("files", nargs="+")
    args = parse.parse_args()

    tokenizer = f"{args.folder}/tokenizer.json"
    os.makedirs(args.folder, exist_ok=True)
    if not os.path.exists(tokenizer):
        step([args.isoflop, "tok", "train", "--bpe", "--vocab-size", "32768", *args.files, "--out", tokenizer])
    print("| GB | step | s | processor s | MB/s of its input | largest resident set, MiB | bytes left |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for size in args.sizes.split(","):
        place = f"{args.folder}/{size}"
        raw = f"{place}/raw"
        if not os.path.exists(f"{place}/made"):
            if os.path.exists(raw):
                raise SystemExit(f"{raw} is not finished: delete it")
            make(args.files, float(size) * 1e9, raw)
            open(f"{place}/made", "w").close()
        steps = [
            ("clean", raw, ["data", "clean", raw, "--out", f"{place}/clean"]),
            ("dedup", f"{place}/clean", ["data", "dedup", f"{place}/clean", "--documents", "--minhash", "--memory", args.memory,
                                         "--out", f"{place}/unique"]),
            ("encode", f"{place}/unique", ["tok", "encode", f"{place}/unique", "--tokenizer", tokenizer, "--out", f"{place}/tokens"]),
        ]
        for name, source, command in steps:
            record = f"{place}/{name}.json"
            if not os.path.exists(record):
                result = step([args.isoflop, *command, "--threads", args.threads, "--quiet"])
                result["in"], result["out"] = size_of(source), size_of(command[command.index("--out") + 1])
                with open(record, "w", encoding="utf-8") as out:
                    json.dump(result, out)
            with open(record, encoding="utf-8") as saved:
                r = json.load(saved)
            print(f"| {size} | {name} | {r['seconds']:.0f} | {r['processor']:.0f} | {r['in'] / r['seconds'] / 1e6:.0f} | {r['mib']:.0f} | "
                  f"{r['out'] / 1e9:.2f} GB |", flush=True)


if __name__ == "__main__":
    main()
