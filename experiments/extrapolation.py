#!/usr/bin/env python3
"""How far laws carry: each table's cheap runs are fitted and its dear ones predicted, with `isoflop fit --holdout`.

The protocol, fixed before the first fit of it:
- Tables: Epoch's 240 rows; each of Porian et al.'s configurations; Muennighoff et al.'s 182 rows.
- Law: `chinchilla`; of repeated text `data_constrained`, every constant free. Huber 1e-3, 1,000 resamples, seed 0.
- C as the table states it, else 6 N D. Fitted: C <= C_max / 3, / 10, / 30; predicted: the others, 90 % intervals.
- Left out: cuts with fewer cheap rows than twice the constants.
Added after its results were seen: Porian's tables once more by the loss of their optima, L*(C) with `power_c_floor`.
Added after that, chosen by the errors on Porian's five tables of OpenWebText2, dear rows and all (what had been seen of the
others then stands in LOG.md), and then run on the others: `early_phase` in place of `chinchilla`, and `--low-loss 16` for
it and for `data_constrained`. All else as above.
Beside each forecast: the error that the same law, fitted to all rows, leaves on the dear ones.

usage: experiments/extrapolation.py TABLES [ISOFLOP]      TABLES: the folder of epoch_chinchilla.csv, ...
"""
import csv
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile


LOW = "low loss, "  # before a law's name: rows weighted towards low loss
TAKEN = {"Epoch": "early_phase", "Porian": "early_phase", "Muennighoff": LOW + "data_constrained"}  # what was added last


def tables(folder):
    def rows(name):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return list(csv.DictReader(file))

    epoch = [r for r in rows("epoch_chinchilla.csv") if r["epoch_dropped"] == "0"]
    yield "Epoch", "chinchilla", epoch
    yield "Epoch", "early_phase", epoch
    porian = {}
    for r in rows("porian2024_isoflop.csv"):
        key = ", ".join(r[k] for k in ("dataset", "hparams", "warmup", "decay", "param_count", "loss_kind"))
        porian.setdefault((r["file"], key), []).append(r)
    for (file, key), group in porian.items():
        yield f"Porian {key} ({file})", "chinchilla", group
        yield f"Porian {key} ({file})", "early_phase", group
    optima = {}
    for r in rows("porian2024_optimal.csv"):
        key = ", ".join(r[k] for k in ("dataset", "hparams", "warmup", "decay", "param_count", "loss_kind"))
        optima.setdefault((r["file"], key), []).append({"params": r["n_opt"], "tokens": r["t_opt"], "loss": r["loss"], "flops": r["flops"]})
    for (file, key), group in optima.items():
        yield f"Porian, optima {key} ({file})", "power_c_floor", [r for r in group if r["loss"]]
    muennighoff = [r for r in rows("muennighoff2023_datablations.csv") if r["muennighoff_fit182"] == "1"]
    yield "Muennighoff", "data_constrained", muennighoff
    yield "Muennighoff", LOW + "data_constrained", muennighoff


def write(rows, path):
    columns = ["params", "tokens", "loss", "flops"] + (["unique_tokens"] if "unique_tokens" in rows[0] else [])
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(columns)
        for r in rows:
            r.setdefault("flops", repr(6 * float(r["params"]) * float(r["tokens"])))
            out.writerow([r[c] for c in columns])
    return max(float(r["flops"]) for r in rows)


def forecast(program, path, work, law, where):
    """The fit's hold-out, and what the fit to all rows says of each."""
    predicted = os.path.join(work, "predicted.csv")
    weights = ["--low-loss", "16"] if law == "early_phase" or law.startswith(LOW) else []
    run = subprocess.run([program, "fit", path, "--law", law.removeprefix(LOW), "--holdout", where, "--predict", predicted, *weights, "--json", "--quiet"],
                         text=True, capture_output=True, check=True)
    fits = json.loads(run.stdout)["fits"]
    if not fits or not fits[0]["holdout"]:
        return None, []
    with open(predicted, encoding="utf-8") as file:
        return fits[0]["holdout"], [float(r["predicted"]) for r in csv.DictReader(file)]


def main():
    folder, program = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "build/release/isoflop"
    constants = {"chinchilla": 5, "early_phase": 8, "data_constrained": 7, "power_c_floor": 3}
    print("| table | law | C_max / | fitted | predicted | error in L, % | of the fit to all | rms ln(L - E) | covered, % | drift | best baseline / law | a: cheap, all |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    done = []
    with tempfile.TemporaryDirectory() as work:
        for name, law, rows in tables(folder):
            path = os.path.join(work, "table.csv")
            most = write(rows, path)
            for ratio in (3, 10, 30):
                where = f"flops<={most / ratio!r}"
                if sum(float(r["flops"]) <= most / ratio for r in rows) < 2 * constants[law.removeprefix(LOW)]:
                    continue
                h, fitted = forecast(program, path, work, law, where)
                if not h:
                    print(f"| {name} | {law} | {ratio} | no law | | | | | | | | |")
                    continue
                bound = statistics.mean(abs(value / float(r["loss"]) - 1) for r, value in zip(rows, fitted, strict=True) if float(r["flops"]) > most / ratio)
                skill = min(h["baselines"].values()) / h["rmse_ln_loss"]
                a = h["exponents"].get("a")
                done.append((name, law, ratio, h["rows_predicted"], h["covered"], h["error_loss"], skill, bound))
                print(f"| {name} | {law} | {ratio} | {h['rows_fitted']} | {h['rows_predicted']} | {100 * h['error_loss']:.2f} | {100 * bound:.2f} | "
                      f"{h['rmse_ln_reducible'] or math.nan:.3f} | {100 * h['covered']:.0f} | {h['discrepancy']:.4f} | {skill:.1f} | "
                      f"{'' if not a else format(a['cheap'], '.3f') + ', ' + format(a['all'], '.3f')} |", flush=True)
    first = {"Epoch": "chinchilla", "Porian": "chinchilla", "Muennighoff": "data_constrained"}
    of = lambda name: re.split("[ ,]", name)[0]
    optima = lambda name: "optima" in name
    sets = {"the protocol": lambda name, law: not optima(name) and law == first[of(name)],
            "with Porian's optima for his tables": lambda name, law: optima(name) or (of(name) != "Porian" and law == first[of(name)]),
            "the same, his tuned runs only": lambda name, law: (optima(name) and "tuned" in name) or (of(name) != "Porian" and law == first[of(name)]),
            "early_phase and low loss": lambda name, law: not optima(name) and law == TAKEN[of(name)],
            "the same, without the tables they were chosen on": lambda name, law: not optima(name) and law == TAKEN[of(name)] and "owt2" not in name}
    for title, chosen in sets.items():
        some = [d[2:] for d in done if chosen(*d[:2])]
        total = sum(n for _, n, *_ in some)
        print(f"\n{title}: {len(some)} forecasts of {total} rows: {100 * sum(n * c for _, n, c, *_ in some) / total:.1f} % of rows inside their 90 % interval "
              f"({100 * statistics.mean(c for _, _, c, *_ in some):.1f} % as the mean of forecasts); error in L: median {100 * statistics.median(d[3] for d in some):.2f} %, "
              f"over 1.5 % in {sum(d[3] > 0.015 for d in some)}; ahead of all three baselines in {sum(d[4] > 1 for d in some)}")
        for ratio in (3, 10, 30):
            cut = [d for d in some if d[0] == ratio]
            print(f"  C_max / {ratio}: error in L {100 * min(d[3] for d in cut):.2f} to {100 * max(d[3] for d in cut):.2f} %, median {100 * statistics.median(d[3] for d in cut):.2f} %, "
                  f"over 1.5 % in {sum(d[3] > 0.015 for d in cut)} of {len(cut)}, ahead in {sum(d[4] > 1 for d in cut)}; "
                  f"the fit to all rows: median {100 * statistics.median(d[5] for d in cut):.2f} %, at most {100 * max(d[5] for d in cut):.2f} %")


if __name__ == "__main__":
    main()
