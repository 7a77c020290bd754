#!/usr/bin/env python3
"""Writes gpt2_golden.json: what an independent implementation of the model says.

The model is written here a second time, from the papers, in PyTorch (float64, automatic differentiation, torch.optim.AdamW);
Adafactor in plain numpy from arXiv:1804.04235. Gradients are scaled by min(1, clip / norm): torch's own clip_grad_norm_ adds
1e-6 to the norm. Adafactor is compared without biases: a key's bias has no gradient in exact arithmetic, and the optimizer
would make steps of full size out of its rounding. Nothing is read from this project. The inputs come from integer formulas,
so that a reader in any language makes the same ones:

    noise(i) in [-1, 1):  x = (i * 2654435761 + 12345) mod 2^32;  x ^= x >> 16;  x = x * 2246822519 mod 2^32;  x ^= x >> 13;
                          noise = x / 2^31 - 1
    element j of the registry (tensors one after another, row-major, matrices as outputs x inputs):
                          matrices and embeddings 0.2 noise(j), biases 0.1 noise(j), gains 1 + 0.1 noise(j)
    token i:              inputs[i] = floor((noise(10^6 + i) + 1) / 2 * vocab_size), targets likewise from 2 * 10^6; every
                          seventh target (i mod 7 == 3) is -1: not scored

Run:  python3 make_gpt2_golden.py  (needs torch and numpy; the committed file was made with torch 2.15.0)
The numbers are rounded to 9 significant digits, which is more than float32 holds.
"""

import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

CASES = [
    dict(name="bias_gelu", n_layer=2, n_head=2, n_embd=8, n_inner=32, vocab_size=17, block_size=6, bias=True,
         activation="gelu", optimizer="adamw", decay_all=True, sequences=4),
    dict(name="no_bias_tanh", n_layer=1, n_head=3, n_embd=15, n_inner=20, vocab_size=33, block_size=5, bias=False,
         activation="gelu_tanh", optimizer="adamw", decay_all=False, sequences=3),
    dict(name="adafactor", n_layer=1, n_head=2, n_embd=8, n_inner=32, vocab_size=17, block_size=6, bias=False,
         activation="gelu", optimizer="adafactor", decay_all=False, sequences=4),
]
STEPS = 10
RULE = dict(learning_rate=0.01, beta1=0.9, beta2=0.95, epsilon=1e-8, weight_decay=0.1, grad_clip=0.5)


def noise(i):
    x = (np.asarray(i, dtype=np.uint64) * np.uint64(2654435761) + np.uint64(12345)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    x = (x * np.uint64(2246822519)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(13)
    return x.astype(np.float64) / 2.0**31 - 1.0


def registry(c):
    """(name, shape, kind) in Hugging Face's names; matrices as outputs x inputs."""
    d, f = c["n_embd"], c["n_inner"]
    out = [("transformer.wte.weight", (c["vocab_size"], d), "wide"), ("transformer.wpe.weight", (c["block_size"], d), "wide")]

    def norm(name):
        out.append((name + ".weight", (d,), "gain"))
        if c["bias"]:
            out.append((name + ".bias", (d,), "bias"))

    def linear(name, outputs, inputs):
        out.append((name + ".weight", (outputs, inputs), "wide"))
        if c["bias"]:
            out.append((name + ".bias", (outputs,), "bias"))

    for layer in range(c["n_layer"]):
        h = f"transformer.h.{layer}"
        norm(h + ".ln_1")
        linear(h + ".attn.c_attn", 3 * d, d)
        linear(h + ".attn.c_proj", d, d)
        norm(h + ".ln_2")
        linear(h + ".mlp.c_fc", f, d)
        linear(h + ".mlp.c_proj", d, f)
    norm("transformer.ln_f")
    return out


def parameters(c):
    params, at = {}, 0
    for name, shape, kind in registry(c):
        size = math.prod(shape)
        x = noise(np.arange(at, at + size))
        x = {"wide": 0.2 * x, "bias": 0.1 * x, "gain": 1 + 0.1 * x}[kind]
        params[name] = torch.tensor(x.reshape(shape), dtype=torch.float64, requires_grad=True)
        at += size
    return params


def batch(c):
    count = c["sequences"] * c["block_size"]
    draw = lambda start: np.floor((noise(np.arange(start, start + count)) + 1) / 2 * c["vocab_size"]).astype(np.int64)
    inputs, targets = draw(1_000_000), draw(2_000_000)
    targets[np.arange(count) % 7 == 3] = -1
    shape = (c["sequences"], c["block_size"])
    return torch.tensor(inputs.reshape(shape)), torch.tensor(targets.reshape(shape))


def loss_of(c, p, inputs, targets):
    """Mean nats over scored positions of a pre-LayerNorm GPT-2 with a tied head."""
    heads, d = c["n_head"], c["n_embd"]
    b, t = inputs.shape

    def norm(x, name):
        return F.layer_norm(x, (d,), p[name + ".weight"], p.get(name + ".bias"), 1e-5)

    def linear(x, name):
        return F.linear(x, p[name + ".weight"], p.get(name + ".bias"))

    x = p["transformer.wte.weight"][inputs] + p["transformer.wpe.weight"][:t]
    mask = torch.tril(torch.ones(t, t, dtype=torch.bool))
    for layer in range(c["n_layer"]):
        h = f"transformer.h.{layer}"
        q, k, v = linear(norm(x, h + ".ln_1"), h + ".attn.c_attn").split(d, dim=2)
        q, k, v = (y.view(b, t, heads, d // heads).transpose(1, 2) for y in (q, k, v))
        scores = q @ k.transpose(2, 3) / math.sqrt(d // heads)
        attention = torch.softmax(scores.masked_fill(~mask, float("-inf")), dim=-1) @ v
        x = x + linear(attention.transpose(1, 2).reshape(b, t, d), h + ".attn.c_proj")
        inner = linear(norm(x, h + ".ln_2"), h + ".mlp.c_fc")
        inner = F.gelu(inner, approximate="tanh" if c["activation"] == "gelu_tanh" else "none")
        x = x + linear(inner, h + ".mlp.c_proj")
    logits = norm(x, "transformer.ln_f") @ p["transformer.wte.weight"].T
    return F.cross_entropy(logits.view(b * t, -1), targets.view(-1), ignore_index=-1)


class Adafactor:
    """arXiv:1804.04235, algorithms 4 and 5 without momentum and relative step: decay 1 - t^-0.8, update clipping 1, eps 1e-30."""

    def __init__(self):
        self.state = {}

    def step(self, name, w, g, t, lr, decay):
        beta = 1 - t**-0.8
        g2 = g * g + 1e-30
        if g.ndim == 2:
            row, col = self.state.get(name, (np.zeros(g.shape[0]), np.zeros(g.shape[1])))
            row = beta * row + (1 - beta) * g2.mean(axis=1)
            col = beta * col + (1 - beta) * g2.mean(axis=0)
            self.state[name] = (row, col)
            v = np.outer(row, col) / row.mean()
        else:
            v = beta * self.state.get(name, np.zeros_like(g)) + (1 - beta) * g2
            self.state[name] = v
        u = g / np.sqrt(v)
        u /= max(1.0, np.sqrt((u * u).mean()))
        return w * (1 - lr * decay) - lr * u


def train(c, p, inputs, targets):
    kinds = {name: kind for name, _, kind in registry(c)}
    decay = {n: RULE["weight_decay"] if c["decay_all"] or kinds[n] == "wide" else 0.0 for n in p}
    adamw = torch.optim.AdamW([dict(params=[p[n]], weight_decay=decay[n]) for n in p], lr=RULE["learning_rate"],
                              betas=(RULE["beta1"], RULE["beta2"]), eps=RULE["epsilon"])
    adafactor, losses, norms = Adafactor(), [], []
    for step in range(1, STEPS + 1):
        for x in p.values():
            x.grad = None
        loss = loss_of(c, p, inputs, targets)
        loss.backward()
        losses.append(loss.item())
        norms.append(math.sqrt(sum((x.grad**2).sum().item() for x in p.values())))
        for x in p.values():
            x.grad *= min(1.0, RULE["grad_clip"] / norms[-1])
        if c["optimizer"] == "adamw":
            adamw.step()
        else:
            for n, x in p.items():
                new = adafactor.step(n, x.detach().numpy(), x.grad.numpy(), step, RULE["learning_rate"], decay[n])
                x.data = torch.tensor(new)
    return losses, norms


def numbers(x):
    return [float(f"{v:.9g}") for v in np.asarray(x, dtype=np.float64).ravel()]


def main():
    cases = []
    for c in CASES:
        p = parameters(c)
        inputs, targets = batch(c)
        loss = loss_of(c, p, inputs, targets)
        loss.backward()
        gradients = {n: numbers(x.grad) for n, x in p.items()}
        losses, norms = train(c, p, inputs, targets)
        cases.append(dict(c, rule=RULE, loss=loss.item(), gradients=gradients, losses=losses, norms=norms,
                          weights={n: numbers(x.detach()) for n, x in p.items()}))
    path = pathlib.Path(__file__).with_name("gpt2_golden.json")
    path.write_text(json.dumps(dict(made_by="make_gpt2_golden.py", torch=torch.__version__.split("+")[0], cases=cases),
                               separators=(",", ":")) + "\n")
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
