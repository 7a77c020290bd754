#!/usr/bin/env python3
"""GPT-2 in plain PyTorch, trained on random windows: what a peer does with the work isoflop does.

Pre-LayerNorm blocks, learned positions, exact GELU, biases everywhere, tied head; AdamW with decay on every parameter; the
gradient's global norm clipped to 1. A timed step is the whole of it: batch, forward, backward, clip, update, the loss read.
Runs on PyTorch 1.13 and later. Prints one JSON line; what this build does not have is an exit code of 69 and one line on stderr.
"""

import argparse
import inspect
import json
import math
import os
import re
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

UNAVAILABLE = 69


class Block(nn.Module):
    def __init__(self, n_embd, n_head, block_size, attention):
        super().__init__()
        self.n_head, self.attention = n_head, attention
        self.ln_1, self.ln_2 = nn.LayerNorm(n_embd), nn.LayerNorm(n_embd)
        self.qkv, self.proj = nn.Linear(n_embd, 3 * n_embd), nn.Linear(n_embd, n_embd)
        self.fc, self.fc_proj = nn.Linear(n_embd, 4 * n_embd), nn.Linear(4 * n_embd, n_embd)
        self.register_buffer("future", torch.ones(block_size, block_size, dtype=torch.bool).triu(1), persistent=False)

    def mix(self, x):
        b, t, c = x.shape
        q, k, v = (y.view(b, t, self.n_head, c // self.n_head).transpose(1, 2) for y in self.qkv(x).split(c, dim=2))  # (B, H, T, d)
        if self.attention == "sdpa":
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(q.size(-1)))  # (B, H, T, T)
            y = torch.softmax(scores.masked_fill(self.future[:t, :t], float("-inf")), dim=-1) @ v
        return self.proj(y.transpose(1, 2).reshape(b, t, c))

    def forward(self, x):
        x = x + self.mix(self.ln_1(x))
        return x + self.fc_proj(F.gelu(self.fc(self.ln_2(x))))


class Gpt(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(o.vocab_size, o.n_embd), nn.Embedding(o.block_size, o.n_embd)
        self.blocks = nn.ModuleList(Block(o.n_embd, o.n_head, o.block_size, o.attention) for _ in range(o.n_layer))
        self.ln_f = nn.LayerNorm(o.n_embd)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, 0.0, 0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def forward(self, tokens, targets):
        x = self.wte(tokens) + self.wpe.weight[: tokens.size(1)]  # (B, T, C)
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.ln_f(x), self.wte.weight)  # (B, T, V): the head is the embedding
        return F.cross_entropy(logits.view(-1, logits.size(-1)), targets.reshape(-1))


def make_optimizer(parameters):
    """AdamW in the fastest form this build has."""
    rule = dict(lr=3e-4, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)
    for form in ("fused", "foreach"):
        try:
            return form, torch.optim.AdamW(parameters, **{form: True}, **rule)
        except (RuntimeError, TypeError):
            continue
    return "loop", torch.optim.AdamW(parameters, **rule)


def blas():
    """The matrix library in use: MKL where it is built in, else the shared library the process has mapped."""
    if torch.backends.mkl.is_available():
        version = re.search(r"Math Kernel Library Version (\S+?)-", torch.__config__.show())
        return "MKL " + version.group(1) if version else "MKL"
    torch.ones(64, 64) @ torch.ones(64, 64)
    with open("/proc/self/maps", encoding="utf-8") as maps:
        mapped = maps.read()
    for library, name in (("libopenblas", "OpenBLAS"), ("libblis", "BLIS"), ("libatlas", "ATLAS")):
        if library in mapped:
            return name
    return "reference BLAS"


def describe():
    return {"torch": torch.__version__, "blas": blas(), "sdpa": hasattr(F, "scaled_dot_product_attention"), "compile": hasattr(torch, "compile")}


def unavailable(why):
    print(str(why).strip().splitlines()[-1], file=sys.stderr)
    sys.exit(UNAVAILABLE)


def measure(o):
    torch.manual_seed(o.seed)
    model = Gpt(o)
    parameters = list(model.parameters())
    optimizer_form, optimizer = make_optimizer(parameters)
    clip = {"foreach": True} if "foreach" in inspect.signature(nn.utils.clip_grad_norm_).parameters else {}
    loss_of = torch.compile(model) if o.compile else model
    corpus = torch.randint(o.vocab_size, (o.corpus_tokens,))
    offsets = torch.arange(o.block_size + 1)

    def step():
        starts = torch.randint(o.corpus_tokens - o.block_size, (o.batch_size, 1))
        window = corpus[starts + offsets]  # (B, T + 1)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=o.dtype == "bfloat16"):
            loss = loss_of(window[:, :-1], window[:, 1:])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0, **clip)
        optimizer.step()
        return loss.item()

    try:
        first_loss = step()  # compiles, where that is asked for
    except Exception as error:  # the compiler may be missing, or refuse the model: both are for the caller to know
        if o.compile:
            unavailable(f"compile: {type(error).__name__}")
        raise
    for _ in range(o.warmup - 1):
        step()

    seconds = []
    while len(seconds) < o.min_steps or sum(seconds) < o.seconds:
        start = time.perf_counter()
        loss = step()
        seconds.append(time.perf_counter() - start)
    typical = statistics.median(seconds)
    return {"params": sum(p.numel() for p in parameters), "optimizer": optimizer_form, "steps": len(seconds), "first_loss": first_loss, "loss": loss,
            "seconds_per_step": typical, "tokens_per_second": o.batch_size * o.block_size / typical}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--describe", action="store_true", help="print what this build of PyTorch is and has, and stop")
    for name, value in (("n_layer", 2), ("n_head", 2), ("n_embd", 64), ("block_size", 256), ("vocab_size", 3554), ("batch_size", 32)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--attention", choices=("masked", "sdpa"), default="masked", help="explicit softmax, or PyTorch's own operator")
    parser.add_argument("--compile", action="store_true", help="torch.compile")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="bfloat16: autocast over f32 weights")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--warmup", type=int, default=2, help="untimed steps, 1 or more")
    parser.add_argument("--min_steps", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="timed steps go on until they have taken this long together")
    parser.add_argument("--corpus_tokens", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    if o.describe:
        print(json.dumps(describe()))
        return
    if o.attention == "sdpa" and not hasattr(F, "scaled_dot_product_attention"):
        unavailable("sdpa: not in this build")
    if o.compile and not hasattr(torch, "compile"):
        unavailable("compile: not in this build")
    print(json.dumps(measure(o)))


if __name__ == "__main__":
    main()
