"""Tokenizers for bench/peers/data: the same ids on every text, the jobs, and each peer as a process of its own (`data_tok.py PEER WORK ...`)."""

import argparse
import array
import base64
import glob
import json
import os
import subprocess
import sys

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

from sitting import Failed, say, timed

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
            raise Failed(f"{file['path']}: the header is wrong")
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
            raise Failed(f"{name}: document {number} has other ids")
    if at != [len(side) for side in sides]:
        raise Failed(f"{name}: documents are left over")
    say(f"{name}: {sum(map(len, expected)):,} ids of {len(expected):,} documents are the same")


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


def gpt4_pattern():
    return (r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"""
            r"""|\s+(?!\S)|\s+""")


def write_corpus(path, folder, part):
    """Every n-th document as JSON Lines, and their texts."""
    texts = []
    with open(path, "w", encoding="utf-8") as file:
        for number, (source, text) in enumerate(documents(folder)):
            if number % part == 0 and text:
                texts.append(text)
                file.write(json.dumps({"text": text, "source": source}, ensure_ascii=False) + "\n")
    return texts


def jobs(o, corpus, texts, work):
    """Each: what is done, bytes of text, the clock, our command for a peer, the peers' commands by name."""
    size = sum(len(text.encode()) for text in texts)
    own, gpt2 = os.path.join(work, "speed.json"), os.path.join(work, "gpt2.json")
    isoflop(o, "tok", "train", "--bpe", "--vocab-size", "300", corpus, "--split", "none", "--out", own)
    isoflop(o, "tok", "convert", "--tokenizer", o.gpt2, "--out", gpt2)
    names = {"tokenizers": f"tokenizers {tokenizers.__version__}"}
    names.update({"tiktoken": f"tiktoken {tiktoken.__version__}"} if tiktoken else {})
    names.update({"rustbpe": "rustbpe"} if rustbpe else {})

    def command(peer, task):
        return [sys.executable, __file__, peer, task, corpus, "--vocab-size", str(o.vocab_size), "--own", own, "--gpt2", o.gpt2, "--json", gpt2]

    def train(_):
        return [o.isoflop, "tok", "train", "--bpe", "--vocab-size", str(o.vocab_size), corpus, "--split", "none", "--out", own + ".new",
                "--json", "--quiet"]

    found = [(f"Training {o.vocab_size:,} tokens", size, "cpu", train,
              {name: command(peer, "train") for peer, name in names.items() if peer != "tiktoken"})]
    ranks = os.path.join(work, "rust.tiktoken")
    if rustbpe:
        write_ranks(ranks, trained_by_rustbpe(texts, o.vocab_size).get_mergeable_ranks())
        names["rustbpe"] = "rustbpe, its own vocabulary"

    def encode(name):
        of = [ranks, "--split-pattern", "gpt4"] if name.startswith("rustbpe") else [o.gpt2]
        return [o.isoflop, "tok", "encode", corpus, "--count", "--tokenizer", *of, "--json", "--quiet"]

    found.append(("Encoding with GPT-2's vocabulary", size, "cpu", encode, {name: command(peer, "encode") for peer, name in names.items()}))
    return found


def trained_by_rustbpe(texts, vocab_size):
    rust = rustbpe.Tokenizer()
    rust.train_from_iterator(iter(texts[::7]), vocab_size, pattern=gpt4_pattern())
    return rust


def work_of(o, texts):
    """What is timed: the text is in memory and the tokenizer there, and has seen some of the text."""
    if o.task == "train":
        pattern = pattern_of(o.own)
        if o.peer == "rustbpe":
            return lambda: rustbpe.Tokenizer().train_from_iterator(iter(texts), o.vocab_size, pattern=pattern)
        return lambda: hf_untrained(pattern).train_from_iterator(iter(texts), hf_trainer(o.vocab_size))
    if o.peer == "tokenizers":
        theirs = tokenizers.Tokenizer.from_file(o.json)
        encode = lambda some: theirs.encode_batch(some, add_special_tokens=False)
    else:
        one = gpt2_of_tiktoken(o).encode_ordinary if o.peer == "tiktoken" else trained_by_rustbpe(texts, o.vocab_size).encode
        encode = lambda some: [one(text) for text in some]
    encode(texts[:20])
    return lambda: encode(texts)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=["tokenizers", "tiktoken", "rustbpe"])
    parser.add_argument("task", choices=["train", "encode"])
    parser.add_argument("corpus")
    parser.add_argument("--vocab-size", type=int, required=True)
    parser.add_argument("--own", required=True)
    parser.add_argument("--gpt2", required=True)
    parser.add_argument("--json", required=True)
    o = parser.parse_args()
    with open(o.corpus, encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    work = work_of(o, texts)

    def run():
        work()

    json.dump(timed(run), sys.stdout)


if __name__ == "__main__":
    main()
