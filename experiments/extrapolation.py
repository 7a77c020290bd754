#!/usr/bin/env python3
"""How far laws carry: each table's cheap runs are fitted and its dear ones predicted, with `isoflop fit --holdout`.

The protocol, fixed before the first fit of it:
- Tables: Epoch's 240 rows; each of Porian et al.'s configurations; Muennighoff et al.'s 182 rows.
- Law: `chinchilla`; of repeated text `data_constrained`, every constant free. Huber 1e-3, 1,000 resamples, seed 0.
Added after its results were seen: Porian's tables once more by the loss of their optima, L*(C) with `power_c_floor`.
- C as the table states it, else 6 N D. Fitted: C <= C_max / 3, / 10, / 30; predicted: the others, 90 % intervals.
- Left out: cuts with fewer cheap rows than twice the constants.

usage: experiments/extrapolation.py TABLES [ISOFLOP]      TABLES: the folder of epoch_chinchilla.csv, ...
"""
import csv
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile


def tables(folder):
    def rows(name):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return list(csv.DictReader(file))

    yield "Epoch", "chinchilla", [r for r in rows("epoch_chinchilla.csv") if r["epoch_dropped"] == "0"]
    porian = {}
    for r in rows("porian2024_isoflop.csv"):
        key = ", ".join(r[k] for k in ("dataset", "hparams", "warmup", "decay", "param_count", "loss_kind"))
        porian.setdefault((r["file"], key), []).append(r)
    for (file, key), group in porian.items():
        yield f"Porian {key} ({file})", "chinchilla", group
    optima = {}
    for r in rows("porian2024_optimal.csv"):
        key = ", ".join(r[k] for k in ("dataset", "hparams", "warmup", "decay", "param_count", "loss_kind"))
        optima.setdefault((r["file"], key), []).append({"params": r["n_opt"], "tokens": r["t_opt"], "loss": r["loss"], "flops": r["flops"]})
    for (file, key), group in optima.items():
        yield f"Porian, optima {key} ({file})", "power_c_floor", [r for r in group if r["loss"]]
    yield "Muennighoff", "data_constrained", [r for r in rows("muennighoff2023_datablations.csv") if r["muennighoff_fit182"] == "1"]


def write(rows, path):
    columns = ["params", "tokens", "loss", "flops"] + (["unique_tokens"] if "unique_tokens" in rows[0] else [])
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(columns)
        for r in rows:
            r.setdefault("flops", repr(6 * float(r["params"]) * float(r["tokens"])))
            out.writerow([r[c] for c in columns])
    return max(float(r["flops"]) for r in rows)


def main():
    folder, program = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "build/release/isoflop"
    constants = {"chinchilla": 5, "data_constrained": 7, "power_c_floor": 3}
    print("| table | C_max / | fitted | predicted | error in L, % | rms ln(L - E) | covered, % | drift | best baseline / law | a: cheap, all |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    done = []
    with tempfile.TemporaryDirectory() as work:
        for name, law, rows in tables(folder):
            path = os.path.join(work, "table.csv")
            most = write(rows, path)
            for ratio in (3, 10, 30):
                where = f"flops<={most / ratio!r}"
                if sum(float(r["flops"]) <= most / ratio for r in rows) < 2 * constants[law]:
                    continue
                run = subprocess.run([program, "fit", path, "--law", law, "--holdout", where, "--json", "--quiet"], text=True, capture_output=True, check=True)
                fits = json.loads(run.stdout)["fits"]
                h = fits[0]["holdout"] if fits else None
                if not h:
                    print(f"| {name} | {ratio} | no law | | | | | | | |")
                    continue
                skill = min(h["baselines"].values()) / h["rmse_ln_loss"]
                a = h["exponents"].get("a")
                done.append((name, h["rows_predicted"], h["covered"], h["error_loss"], skill))
                print(f"| {name} | {ratio} | {h['rows_fitted']} | {h['rows_predicted']} | {100 * h['error_loss']:.2f} | "
                      f"{h['rmse_ln_reducible'] or math.nan:.3f} | {100 * h['covered']:.0f} | {h['discrepancy']:.4f} | {skill:.1f} | "
                      f"{'' if not a else format(a['cheap'], '.3f') + ', ' + format(a['all'], '.3f')} |", flush=True)
    sets = {"the protocol": lambda name: "optima" not in name,
            "with Porian's optima for his tables": lambda name: "optima" in name or "Porian" not in name,
            "the same, his tuned runs only": lambda name: "Porian" not in name or ("optima" in name and "tuned" in name)}
    for title, chosen in sets.items():
        some = [d[1:] for d in done if chosen(d[0])]
        total = sum(n for n, *_ in some)
        print(f"\n{title}: {len(some)} forecasts of {total} rows: {100 * sum(n * c for n, c, *_ in some) / total:.1f} % of rows inside their 90 % interval "
              f"({100 * statistics.mean(c for _, c, *_ in some):.1f} % as the mean of forecasts); error in L: median {100 * statistics.median(e for *_, e, _ in some):.2f} %, "
              f"over 1.5 % in {sum(e > 0.015 for *_, e, _ in some)}; ahead of all three baselines in {sum(s > 1 for *_, s in some)}")


if __name__ == "__main__":
    main()
