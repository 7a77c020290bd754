#!/usr/bin/env python3
"""Tokenizers here and in tokenizers, tiktoken and rustbpe: the same ids on every text, and seconds side by side (README.md)."""

import argparse
import array
import base64
import glob
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("RAYON_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# pylint: disable=wrong-import-position
import tokenizers
from tokenizers import Regex, decoders, models, pre_tokenizers, trainers

try:
    import tiktoken
    import tiktoken.load
except ImportError:
    tiktoken = None
try:
    import rustbpe
except ImportError:
    rustbpe = None

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
END = "<|endoftext|>"


def documents(folder):
    """Every text of the corpora, those of one file cut into pieces of about 20,000 characters at line ends."""
    for path in sorted(glob.glob(os.path.join(folder, "*", "*"))):
        with open(path, encoding="utf-8") as file:
            if path.endswith(".jsonl"):
                for line in file:
                    row = json.loads(line)
                    yield os.path.basename(path), row.get("text") or row.get("raw")
                continue
            piece = ""
            for line in file.read().splitlines(keepends=True):
                piece += line
                if len(piece) > 20000:
                    yield os.path.basename(path), piece
                    piece = ""
            if piece:
                yield os.path.basename(path), piece


def isoflop(o, *arguments):
    run = subprocess.run([o.isoflop, *arguments, "--json", "--quiet"], text=True, stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)


def cpu_seconds():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def seconds(work):
    """Of a processor: every side runs on one thread, so that another program costs neither of them anything but cache."""
    start = cpu_seconds()
    result = work()
    return cpu_seconds() - start, result


def ids_of_ours(o, tokenizer, corpus, work, *flags):
    """The ids of each document, train and val sides apart, as `tok export` writes them."""
    facts = isoflop(o, "tok", "encode", "--tokenizer", tokenizer, corpus, "--split", "document", "--out", os.path.join(work, "tokens"), *flags)
    end = isoflop(o, "tok", "inspect", tokenizer, *flags)["end_of_text"]
    files = isoflop(o, "tok", "export", facts["folder"], "--format", "llm.c", "--out", os.path.join(work, "shards"))["files"]
    sides = []
    for file in files:
        with open(file["path"], "rb") as stream:
            header = array.array("i", stream.read(1024))
            tokens = array.array("H" if header[0] == 20240520 else "I", stream.read())
        if len(tokens) != file["tokens"] or header[2] != len(tokens):
            raise SystemExit(f"data_tok: {file['path']}: the header is wrong")
        side, one = [], []
        for token in tokens:
            if token == end:
                side.append(one)
                one = []
            else:
                one.append(token)
        sides.append(side)
    return sides


def check(name, sides, expected):
    """Documents keep their order on each side; which side is ours to say."""
    at = [0] * len(sides)
    for number, ids in enumerate(expected):
        for side, place in enumerate(at):
            if place < len(sides[side]) and sides[side][place] == ids:
                at[side] += 1
                break
        else:
            raise SystemExit(f"data_tok: {name}: document {number} has other ids")
    if at != [len(side) for side in sides]:
        raise SystemExit(f"data_tok: {name}: documents are left over")
    print(f"- {name}: {sum(map(len, expected)):,} ids of {len(expected):,} documents are the same", flush=True)


def hf_trainer(size):
    return trainers.BpeTrainer(vocab_size=size, special_tokens=[END], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), min_frequency=2, show_progress=False)


def hf_untrained(pattern):
    tokenizer = tokenizers.Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def hf_ids(tokenizer, texts):
    return [e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=False)]


def pattern_of(path):
    with open(path, encoding="utf-8") as file:
        step = json.load(file)["pre_tokenizer"]
    if step["type"] == "ByteLevel":
        return r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
    return step["pretokenizers"][0]["pattern"]["Regex"]


def ranks_in(path):
    with open(path, "rb") as file:
        return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in file)}


def write_ranks(path, ranks):
    with open(path, "wb") as file:
        for token, rank in ranks:
            file.write(base64.b64encode(bytes(token)) + b" " + str(rank).encode() + b"\n")


def identities(o, corpus, texts, work):
    """Ours read by the peers, theirs read by us."""
    own = os.path.join(work, "own.json")
    for pattern in ("gpt2", "gpt4", "script"):
        isoflop(o, "tok", "train", "--bpe", "--vocab-size", "8192", "--split-pattern", pattern, corpus, "--split", "document", "--out", own)
        sides = ids_of_ours(o, own, corpus, work)
        check(f"trained here, {pattern}, read by tokenizers", sides, hf_ids(tokenizers.Tokenizer.from_file(own), texts))
        if tiktoken and pattern != "script":
            ranks = os.path.join(work, "own.tiktoken")
            isoflop(o, "tok", "convert", "--tokenizer", own, "--format", "tiktoken", "--out", ranks)
            theirs = tiktoken.Encoding("own", pat_str=pattern_of(own), mergeable_ranks=ranks_in(ranks), special_tokens={END: 8191})
            check(f"trained here, {pattern}, its rank file read by tiktoken", sides, [theirs.encode_ordinary(text) for text in texts])
        theirs = hf_untrained(pattern_of(own))
        theirs.train_from_iterator(texts[::7], hf_trainer(8192))
        path = os.path.join(work, "hf.json")
        theirs.save(path)
        check(f"trained by tokenizers, {pattern}, read here", ids_of_ours(o, path, corpus, work), hf_ids(theirs, texts))
    if tiktoken:
        theirs = gpt2_of_tiktoken(o)
        check("GPT-2's files, tiktoken", ids_of_ours(o, o.gpt2, corpus, work), [theirs.encode_ordinary(text) for text in texts])


def gpt2_of_tiktoken(o):
    ranks = tiktoken.load.data_gym_to_mergeable_bpe_ranks(os.path.join(o.gpt2, "vocab.bpe"), os.path.join(o.gpt2, "encoder.json"))
    pattern = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""
    return tiktoken.Encoding("gpt2", pat_str=pattern, mergeable_ranks=ranks, special_tokens={END: 50256})


def report(title, size, rows):
    print(f"\n{title}, {size / 1e6:.1f} MB, one core\n\n| peer | ours, MB/s | peer, MB/s | ours / peer: median [min–max] |\n|---|---|---|---|")
    for name, pairs in rows.items():
        ratios = [b / a for a, b in pairs]
        print(f"| {name} | {statistics.median(size / a for a, _ in pairs) / 1e6:.1f} | {statistics.median(size / b for _, b in pairs) / 1e6:.1f} | "
              f"{statistics.median(ratios):.2f} [{min(ratios):.2f}–{max(ratios):.2f}] |", flush=True)


def alternating(o, ours, peers):
    rows = {name: [] for name in peers}
    for number in range(o.rounds):
        for name, peer in peers.items():
            first, second = (ours(name), peer) if number % 2 == 0 else (peer, ours(name))
            a, b = seconds(first)[0], seconds(second)[0]
            rows[name].append((a, b) if number % 2 == 0 else (b, a))
    return rows


def training(o, corpus, texts, size, work):
    own = os.path.join(work, "speed.json")
    isoflop(o, "tok", "train", "--bpe", "--vocab-size", "300", corpus, "--split", "none", "--out", own)
    pattern = pattern_of(own)
    peers = {f"tokenizers {tokenizers.__version__}": lambda: hf_untrained(pattern).train_from_iterator(iter(texts), hf_trainer(o.vocab_size))}
    if rustbpe:
        peers["rustbpe"] = lambda: rustbpe.Tokenizer().train_from_iterator(iter(texts), o.vocab_size, pattern=pattern)
    ours = lambda _: lambda: isoflop(o, "tok", "train", "--bpe", "--vocab-size", str(o.vocab_size), corpus, "--split", "none", "--out", own)
    report(f"Training {o.vocab_size:,} tokens (ours: the whole command, reading and checking the text included)", size, alternating(o, ours, peers))


def encoding(o, corpus, texts, size, work):
    own = {}
    path = os.path.join(work, "gpt2.json")
    isoflop(o, "tok", "convert", "--tokenizer", o.gpt2, "--out", path)
    hf = tokenizers.Tokenizer.from_file(path)
    peers = {f"tokenizers {tokenizers.__version__}": lambda: hf.encode_batch(texts, add_special_tokens=False)}
    if tiktoken:
        theirs = gpt2_of_tiktoken(o)
        peers["tiktoken"] = lambda: [theirs.encode_ordinary(text) for text in texts]
    if rustbpe:
        rust = rustbpe.Tokenizer()
        pattern = r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
        rust.train_from_iterator(iter(texts[::7]), o.vocab_size, pattern=pattern)
        ranks = os.path.join(work, "rust.tiktoken")
        write_ranks(ranks, rust.get_mergeable_ranks())
        own["rustbpe"] = [ranks, "--split-pattern", "gpt4"]
        peers["rustbpe"] = lambda: [rust.encode(text) for text in texts]
    ours = lambda name: lambda: isoflop(o, "tok", "encode", corpus, "--count", "--tokenizer", *own.get(name, [o.gpt2]))
    report("Encoding with GPT-2's vocabulary (rustbpe: its own; ours: the whole command, reading and checking the text twice included)", size,
           alternating(o, ours, peers))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--isoflop", default=os.path.join(ROOT, "build/release/isoflop"))
    parser.add_argument("--corpora", default=os.path.join(ROOT, "../shared/data/corpora"), help="a folder of folders with .txt and .jsonl")
    parser.add_argument("--gpt2", default=os.path.join(ROOT, "../shared/data/gpt2"), help="the folder of encoder.json and vocab.bpe")
    parser.add_argument("--vocab-size", type=int, default=32768)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["identities", "training", "encoding"])
    parser.add_argument("--part", type=int, default=1, help="take every n-th document")
    o = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="isoflop-tok-") as work:
        corpus = os.path.join(work, "corpus.jsonl")
        texts = []
        with open(corpus, "w", encoding="utf-8") as file:
            for number, (source, text) in enumerate(documents(o.corpora)):
                if number % o.part == 0 and text:
                    texts.append(text)
                    file.write(json.dumps({"text": text, "source": source}, ensure_ascii=False) + "\n")
        size = sum(len(text.encode()) for text in texts)
        peers = [f"tokenizers {tokenizers.__version__}"]
        peers += [f"tiktoken {tiktoken.__version__}"] if tiktoken else []
        peers += ["rustbpe"] if rustbpe else []
        print(f"- peers: {', '.join(peers)}; {len(texts):,} documents, {size / 1e6:.1f} MB; {o.rounds} rounds; load average {os.getloadavg()[0]:.2f}")
        for name, work_of in (("identities", lambda: identities(o, corpus, texts, work)), ("training", lambda: training(o, corpus, texts, size, work)),
                              ("encoding", lambda: encoding(o, corpus, texts, size, work))):
            if o.only in (None, name):
                work_of()
    return 0


if __name__ == "__main__":
    sys.exit(main())
