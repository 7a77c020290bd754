"""Deduplication for bench/peers/data: the jobs, and each peer as a process of its own (`data_dedup.py PEER FILE ...`)."""

import argparse
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import re
import sys
import tempfile

from sitting import timed

WORD = re.compile(r"\w+")


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def write_copies(path, inputs, copies):
    """The documents, and copies of them with each word changed with probability 1/50. Result: bytes of text."""
    size = 0
    with open(path, "w", encoding="utf-8") as out:
        for copy in range(copies):
            for name in inputs:
                for i, text in enumerate(read(name)):
                    if copy:
                        words = text.split(" ")
                        words[(i + copy) % 50 :: 50] = [f"copy{copy}"] * len(words[(i + copy) % 50 :: 50])
                        text = " ".join(words)
                    size += len(text.encode())
                    out.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
    return size


def jobs(o, work):
    """Each: what is done, bytes of text, the clock, our command, the peers' commands by name."""
    path = str(pathlib.Path(work) / "copies.jsonl")
    size = write_copies(path, o.dedup, o.copies)
    settings = ["--ngram", str(o.ngram), "--threshold", str(o.threshold), "--permutations", str(o.permutations)]
    todo = [("MinHash", ["--minhash", *settings], ["rensa", "datasketch", "text-dedup"]),
            ("equal documents", ["--documents"], ["python set"]), ("equal lines", ["--lines"], []), ("substrings", ["--substrings"], [])]
    found = []
    for title, flags, peers in todo:
        ours = [o.isoflop, "data", "dedup", path, "--threads", "1", "--json", "--quiet", *flags]
        theirs = {}
        for peer in peers:
            if peer != "python set" and importlib.util.find_spec(peer.replace("-", "_")) is None:
                continue
            name = peer if peer == "python set" else f"{peer} {importlib.metadata.version(peer)}"
            theirs[name] = [sys.executable, __file__, peer, path, *settings]
        found.append((f"Deduplicating: {title}", size, "wall", lambda _, ours=ours: ours, theirs))
    return found


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
    return {"kept": kept}


def shingles(text, n):
    words = WORD.findall(text.lower())
    return [" ".join(words[i : i + n]) for i in range(max(1, len(words) - n + 1))] if words else []


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
    return {"kept": kept}


def text_dedup_run(path, o):
    """Its own command, in this process so that its imports are not counted."""
    import datasets
    from text_dedup import minhash

    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        minhash.main(["--path", "json", "--data_files", path, "--split", "train", "--column", "text", "--num_proc", "1", "--min_length", "1",
                      "--ngram", str(o.ngram), "--threshold", str(o.threshold), "--num_perm", str(o.permutations),
                      "--cache_dir", os.path.join(folder, "cache"), "--output", out], standalone_mode=False)
        return {"kept": len(datasets.load_from_disk(out))}


def exact_run(path, _):
    """What a script does: a set of hashes of the documents' texts."""
    return {"kept": len({hashlib.blake2b(text.encode(), digest_size=16).digest() for text in read(path)})}


def main():
    runs = {"rensa": rensa_run, "datasketch": datasketch_run, "text-dedup": text_dedup_run, "python set": exact_run}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=runs)
    parser.add_argument("file")
    parser.add_argument("--permutations", type=int, required=True)
    parser.add_argument("--ngram", type=int, required=True)
    parser.add_argument("--threshold", type=float, required=True)
    o = parser.parse_args()
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a peer prints is not the answer
    module = {"text-dedup": "text_dedup.minhash", "python set": "hashlib"}.get(o.peer, o.peer)
    importlib.import_module(module)
    json.dump(timed(lambda: runs[o.peer](o.file, o)), answer)
    answer.flush()


if __name__ == "__main__":
    main()
