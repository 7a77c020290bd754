#!/usr/bin/env python3
"""Do cleaning and deduplication matter? One corpus raw, cleaned, and cleaned and deduplicated; runs of several sizes and lengths on each.

The corpus has what is really there: Markdown pages as they lie in a repository (front matter, links, templates), several yearly editions of
the same country pages, and a novel, which has neither. Held out are whole clusters of near-duplicates, a tenth of the text: of each cluster
one cleaned member, the same text for all three versions, and no member of it is trained on. Every run is scored on it by `isoflop runs eval`;
the laws are fitted to those losses (bits and nats per byte: the tokenizer is bytes).

Everything is kept under --out: what is there is not done again.

usage: experiments/cleaning.py --web FILE --editions FILE --out FOLDER [--isoflop PROGRAM]
"""
import argparse
import csv
import hashlib
import json
import os
import subprocess

VERSIONS = ("raw", "cleaned", "deduplicated")
SIZES = {"a": (2, 1, 32), "b": (2, 2, 64), "c": (3, 3, 96), "d": (4, 4, 128)}  # layers, heads, width
UPDATES = (230, 460, 920)  # of 16 sequences of 128 bytes
STUDY = """name = "{name}"
[data]
tokenizer = "byte"
split = "document"
val_fraction = 0.02
[model]
block_size = 128
{models}
[train]
learning_rate = 2e-3
warmup_iters = 20
batch_size = 16
max_iters = {updates}
seeds = [0, 1, 2]
dtype = "bfloat16"
"""


def lines_of(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def write_lines(path, documents):
    with open(path, "w", encoding="utf-8") as out:
        for document in documents:
            out.write(json.dumps(document, ensure_ascii=False) + "\n")


def parts(folder):
    return [d for name in sorted(os.listdir(folder)) if name.endswith(".jsonl") for d in lines_of(f"{folder}/{name}")]


def corpus(args, isoflop):
    """The three versions' folders and the held-out file."""
    out = f"{args.out}/text"
    if os.path.exists(f"{out}/done"):
        return out
    for version in ("raw", "cleaned"):
        os.makedirs(f"{out}/{version}", exist_ok=True)
    raw = {
        "web": [{"id": d["id"], "source": "web", "text": d["raw"]} for d in lines_of(args.web)],
        "editions": [{"id": d["id"], "source": "editions", "text": d["text"]} for d in lines_of(args.editions)],
        "novel": [{"id": d.get("id") or d["title"], "source": "novel", "text": d["text"]}
                  for d in lines_of(isoflop("data", "get", "moby-dick").strip().splitlines()[-1])],
    }
    cleaned = {}
    for source, documents in raw.items():
        write_lines(f"{out}/raw/{source}.jsonl", documents)
        form = "markdown" if source == "web" else "plain"
        isoflop("data", "clean", f"{out}/raw/{source}.jsonl", "--format", form, "--out", f"{out}/clean-{source}")
        cleaned[source] = {d["id"]: d for d in parts(f"{out}/clean-{source}")}

    # whole clusters are held out, in the order of a hash, until a tenth of the text is
    isoflop("data", "dedup", f"{out}/raw", "--minhash", "--threshold", "0.5", "--clusters", f"{out}/clusters.jsonl")
    cluster = {line["id"]: line["cluster"] for line in lines_of(f"{out}/clusters.jsonl")}
    documents = [d for source in raw.values() for d in source]
    members = {}
    for document in documents:
        members.setdefault(cluster.get(document["id"], document["id"]), []).append(document)
    total, taken, held_out, gone = sum(len(d["text"]) for d in documents), 0, [], set()
    for name in sorted(members, key=lambda n: hashlib.sha256(str(n).encode()).hexdigest()):
        if taken >= total / 10:
            break
        taken += sum(len(d["text"]) for d in members[name])
        gone.update(d["id"] for d in members[name])
        kept = [cleaned[d["source"]][d["id"]] for d in members[name] if d["id"] in cleaned[d["source"]]]
        held_out += kept[:1]
    write_lines(f"{out}/held_out.jsonl", held_out)
    for source in raw:
        write_lines(f"{out}/raw/{source}.jsonl", [d for d in raw[source] if d["id"] not in gone])
        write_lines(f"{out}/cleaned/{source}.jsonl", [d for d in cleaned[source].values() if d["id"] not in gone])
    isoflop("data", "dedup", f"{out}/cleaned", "--documents", "--paragraphs", "--minhash", "--threshold", "0.5",
            "--out", f"{out}/deduplicated")
    open(f"{out}/done", "w").close()
    return out


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--isoflop", default="build/release/isoflop")
    parse.add_argument("--web", required=True, help="JSON Lines with `raw` Markdown")
    parse.add_argument("--editions", required=True, help="JSON Lines with several editions of pages")
    parse.add_argument("--out", required=True)
    args = parse.parse_args()

    def isoflop(*words):
        run = subprocess.run([args.isoflop, *words, "--quiet"], text=True, capture_output=True)
        if run.returncode:
            raise SystemExit(f"isoflop {' '.join(words)}\n{run.stderr}")
        return run.stdout

    text = corpus(args, isoflop)
    print(f"held out: {os.path.getsize(text + '/held_out.jsonl'):,} bytes")
    models = "\n".join(f'[[models]]\nname = "{n}"\nn_layer = {l}\nn_head = {h}\nn_embd = {d}' for n, (l, h, d) in SIZES.items())
    tables = {}
    for version in VERSIONS:
        bytes_there = sum(os.path.getsize(f"{text}/{version}/{n}") for n in os.listdir(f"{text}/{version}") if n.endswith(".jsonl"))
        print(f"{version}: {bytes_there:,} bytes as JSON Lines")
        rows = []
        for updates in UPDATES:
            out = f"{args.out}/{version}-{updates}"
            table = f"{out}.csv"
            if not os.path.exists(table):
                study = f"{out}.toml"
                with open(study, "w", encoding="utf-8") as file:
                    file.write(STUDY.format(name=f"{version}-{updates}", models=models, updates=updates))
                isoflop("run", study, "--data", f"{text}/{version}", "--out", out)
                isoflop("runs", "eval", out, f"{text}/held_out.jsonl", "--out", table)
            with open(table, encoding="utf-8") as file:
                rows += list(csv.DictReader(file))
        tables[version] = f"{args.out}/{version}.csv"
        with open(tables[version], "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)

    print("| version | size | updates | loss on the held-out text, nats per byte: mean of the seeds (range) |")
    print("|---|---|---|---|")
    for version in VERSIONS:
        with open(tables[version], encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for name in (min(SIZES), max(SIZES)):
            for tokens in sorted({int(r["tokens"]) for r in rows}):
                losses = [float(r["loss"]) for r in rows if r["name"].split("-")[0] == name and int(r["tokens"]) == tokens]
                print(f"| {version} | {name} | {tokens // 2048} | {sum(losses) / len(losses):.4f} ({min(losses):.4f} to {max(losses):.4f}) |")
    print("| version | law | constant | value | 95 % interval |")
    print("|---|---|---|---|---|")
    for version in VERSIONS:
        for law, names in (("chinchilla", ("alpha", "beta", "E")), ("power_n", ("b",)), ("power_d", ("a",))):
            fit = json.loads(isoflop("fit", tables[version], "--law", law, "--json"))["fits"][0]
            for name in names:
                ends = fit["intervals"].get(name) or [None, None]
                print(f"| {version} | {law} | {name} | {fit['constants'][name]:.4g} | {ends} |")


if __name__ == "__main__":
    main()
