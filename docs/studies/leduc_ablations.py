"""Each item of PPO's recipe alone, on Leduc poker: what it does to exploitability at equal decisions.

    python docs/studies/leduc_ablations.py RUNS_FOLDER [CURVES.csv]

Trains what is not in the folder yet (three seeds a line, 45 s each on one CPU core), prints the table of
docs/learning.md and writes the mean curves, which `bin/curves.py CURVES.csv --plot FILE` draws.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from pokerjax.curves import write_csv

ROOT = Path(__file__).parents[2]
SEEDS = (0, 1, 2)
T_95 = 4.303  # two degrees of freedom
COMMON = (
    "--config configs/kuhn.py --variant leduc --learning-rate 1e-3 --num-games 200000 --evaluate-every 6 --snapshots 0"
    " --device cpu"
)
ITEMS = {
    "base": ("the Kuhn recipe", ""),
    "magnet0": ("no magnet", "--magnet-coefficient 0"),
    "magnet5": ("magnet 5", "--magnet-coefficient 5"),
    "halflife20": ("magnet's half-life 20 %", "--magnet-half-life 0.2"),
    "entropy0": ("no entropy bonus", "--entropy-coefficient 0"),
    "entropy4": ("entropy 0.2", "--entropy-coefficient 0.2"),
    "entropyflat": ("entropy 0.05, not annealed", "--entropy-end 1.0"),
    "rateflat": ("learning rate not annealed", "--learning-rate-end 1.0"),
    "lambda095": ("lambda 0.95", "--gae-lambda 0.95"),
    "epochs3": ("3 epochs", "--epochs 3"),
    "batch1k": ("minibatches of 1,024", "--batch-size 1024"),
    "batch16k": ("minibatches of 16,384", "--batch-size 16384"),
    "critic_action": ("critic of actions, Expected SARSA", "--critic action"),
    "pool": ("opponent pool, 25 % of tables", "--pool-share 0.25"),
    "tremble": ("slips, 10 %", "--tremble 0.1"),
}


def train(folder: Path, flags: str, seed: int) -> None:
    """One run, unless it is there and whole."""
    if (folder / "done").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [sys.executable, "bin/train.py", *f"{COMMON} {flags} --seed {seed}".split()]
    with (folder / "log").open("w") as log:
        subprocess.run([*command, "--run-dir", str(folder / "run")], cwd=ROOT, stdout=log, stderr=log, check=True)
    (folder / "done").touch()


def curve(folder: Path) -> tuple[list[int], list[float]]:
    """Decisions, and the averaged policy's exploitability there."""
    lines = [json.loads(line) for line in (folder / "run" / "metrics.jsonl").read_text().splitlines()]
    decisions = {line["run/iteration"]: line["run/decisions"] for line in lines if "run/decisions" in line}
    found = {line["run/iteration"]: line["eval/exploitability"] for line in lines if "eval/exploitability" in line}
    return [decisions.get(iteration, 0) for iteration in found], list(found.values())


def interval(values: list[float]) -> str:
    """Mean and 95 % t-interval of three seeds."""
    return f"{np.mean(values):.3f} ± {T_95 * np.std(values, ddof=1) / math.sqrt(len(values)):.3f}".replace("-", "−")


def main(runs: Path, data: Path | None) -> None:
    """Train, print, write."""
    means, base = {}, None
    for name, (title, flags) in ITEMS.items():
        for seed in SEEDS:
            train(runs / name / f"s{seed}", flags, seed)
        curves = [curve(runs / name / f"s{seed}") for seed in SEEDS]
        ends, least = [values[-1] for _, values in curves], [min(values) for _, values in curves]
        base = base or ends
        change = interval([end - before for end, before in zip(ends, base, strict=True)])
        print(f"| {title} | {', '.join(f'{x:.3f}' for x in ends)} | {interval(ends)} | {interval(least)} | {change} |")
        decisions, values = curves[0][0], np.mean([values for _, values in curves], axis=0)
        means[title] = list(zip(decisions, values, strict=True))
    if data:
        write_csv(means, "eval/exploitability", "run/decisions", data)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
