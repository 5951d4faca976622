"""One page about an agent, complete in one file: no script, no asset from elsewhere, pictures drawn as SVG."""

from __future__ import annotations

import dataclasses
import html
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pokerjax import checkpoint
from pokerjax.config import Config, UserError
from pokerjax.evaluate import report
from pokerjax.evaluate.charts import Chart, colours
from pokerjax.evaluate.contest import Contestant
from pokerjax.evaluate.ladder import Ratings
from pokerjax.evaluate.match import MatchResult
from pokerjax.evaluate.play_style import Style

Curve = list[tuple[float, float]]
_CURVES = (
    ("eval/", "bb/100 of the averaged policy against scripted players", "_bb100"),
    ("loss/entropy", "Entropy of the policy, nats a decision", ""),
    ("value/explained_variance", "Explained variance of the value", ""),
    ("optimiser/temperature_bb", "Temperature, big blinds", ""),
)
_LINES = ("#1f6f54", "#c0562b", "#3867b1", "#8a4fa0", "#9a7b16", "#b03a5b", "#4d7c8a")
_STYLE = """
:root { color-scheme: light dark; --page: #f6f4ee; --panel: #fff; --ink: #1e2a26; --quiet: #55625d; --line: #d8d4c8;
--cell: #e7e4da; }
@media (prefers-color-scheme: dark) { :root { --page: #161b1a; --panel: #1f2624; --ink: #e6ebe8; --quiet: #a3b0ab;
--line: #36403d; --cell: #39433f; } svg .curve { filter: brightness(1.5); } }
body { font: 16px/1.5 system-ui, sans-serif; background: var(--page); color: var(--ink); margin: 0; }
main { max-width: 1100px; margin: 0 auto; padding: 1rem 1.2rem 3rem; }
section { background: var(--panel); border: 1px solid var(--line); border-radius: 14px; padding: .6rem 1.2rem 1.2rem;
margin: 1rem 0; overflow-x: auto; }
h2 { font-size: 1.15rem; } .quiet { color: var(--quiet); font-size: .9rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid var(--line); }
td:first-child, th:first-child { text-align: left; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 1.2rem; }
figure { margin: 0; } figcaption { font-size: .88rem; margin-bottom: .3rem; } svg { width: 100%; height: auto; }
svg text { fill: var(--ink); font-family: system-ui, sans-serif; } svg .cell { fill: var(--cell); }
svg .name { fill: #14110c; stroke: #fff; stroke-width: 2; paint-order: stroke; stroke-opacity: .55; }
svg .axis { stroke: var(--line); }
.key span { display: inline-block; margin-right: .9rem; font-size: .84rem; }
.key i { display: inline-block; width: .75em; height: .75em; border-radius: 3px; margin-right: .35em; }
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Findings:
    """What was measured for the page."""

    agent: Contestant
    results: Mapping[str, MatchResult]
    charts: Sequence[Chart]
    stack_bb: float  # of the charts
    style: Style
    ladder: tuple[Sequence[Contestant], Ratings] | None
    curves: Mapping[str, Mapping[str, Curve]]  # by title, then by name


def write(findings: Findings, path: Path) -> None:
    """Write the page. Raises `UserError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(findings), encoding="utf-8")
    except OSError as error:
        raise UserError(f"--report {path} cannot be written: {error.strerror}.") from None


def learning_curves(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Curve]]:
    """The learning curves of a run over its games, from the rows of its metrics; none from no rows."""
    curves: dict[str, dict[str, Curve]] = {title: {} for _, title, _ in _CURVES}
    games = 0.0
    for row in rows:
        games = float(row.get("run/games", games))
        for prefix, title, ending in _CURVES:
            for name, value in row.items():
                if name.startswith(prefix) and name.endswith(ending) and isinstance(value, int | float):
                    label = name.removeprefix(prefix).removesuffix(ending) or name.rsplit("/", 1)[-1]
                    curves[title].setdefault(label, []).append((games, float(value)))
    return {title: found for title, found in curves.items() if any(len(curve) > 1 for curve in found.values())}


def page(findings: Findings) -> str:
    """The HTML."""
    agent = findings.agent
    name = html.escape(agent.label)
    parts = [_card(findings), _results(findings), _style(findings)]
    if findings.ladder is not None:
        parts.append(_ladder(*findings.ladder))
    parts += [_charts(findings), _curves(findings.curves)]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    body = "\n".join(part for part in parts if part)
    return (
        f'<!doctype html><html lang="en"><head>{head}<title>{name}</title><style>{_STYLE}</style></head>'
        f"<body><main><h1>The agent {name}</h1>{body}</main></body></html>\n"
    )


def _section(title: str, *content: str) -> str:
    return f"<section><h2>{html.escape(title)}</h2>{''.join(content)}</section>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def _card(findings: Findings) -> str:
    agent = findings.agent
    record = checkpoint.read_record(agent.path)
    versions = record.environment.get("versions", {})
    facts = [
        ("Parameters", f"{agent.player.model.num_parameters:,}"),
        ("Games trained", f"{agent.games:,}"),
        ("Iterations", f"{agent.iteration:,}"),
        ("Training time", f"{record.seconds / 60:,.0f} minutes"),
        ("Tables", " or ".join(map(str, agent.config.game.sizes)) + " players"),
        ("Trained on", str(record.environment.get("device", "unknown"))),
        ("Written by", f"pokerjax {versions.get('pokerjax', '?')}, jax {versions.get('jax', '?')},"
                       f" commit {str(record.environment.get('git_commit') or 'unknown')[:12]}"),
    ]  # fmt: skip
    return _section("Card", _table(("", ""), facts), _config_table(agent.config))


def _config_table(config: Config) -> str:
    rows = []
    for group in ("game", "model", "learn"):
        for field, value in dataclasses.asdict(getattr(config, group)).items():
            shown = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            rows.append((f"{group}.{field}", shown))
    return f"<details><summary>Its config</summary>{_table(('field', 'value'), rows)}</details>"


def _results(findings: Findings) -> str:
    head = ("opponent", "bb/100", "± 95 %", "as dealt", "± 95 %", "hands", "VPIP", "PFR", "verdict")
    rows = [
        (
            name, f"{r.bb100:+.1f}", f"{r.ci95:.1f}", f"{r.dealt_bb100:+.1f}", f"{r.dealt_ci95:.1f}", f"{r.hands:,}",
            f"{r.vpip:.1%}", f"{r.pfr:.1%}", report.verdict(r),
        )
        for name, r in findings.results.items()
    ]  # fmt: skip
    words = html.escape(f"{report.title(findings.agent)}. {report.footnote(findings.results)}")
    note = f'<p class="quiet">{words}</p>'
    return _section("Results, duplicate hands", _table(head, rows), note)


def _style(findings: Findings) -> str:
    style = findings.style
    rows = [
        ("VPIP", f"{style.vpip:.1%}", "of dealt hands: chips put in before the flop of its own will"),
        ("PFR", f"{style.pfr:.1%}", "of dealt hands: raised before the flop"),
        ("3-bet", f"{style.three_bet:.1%}", "of the chances to raise a first raise"),
        ("Continuation bet", f"{style.continuation:.1%}", "of flops that the last raiser could open"),
        ("Aggression", f"{style.aggression:.2f}", "bets and raises per call, after the flop"),
        ("Showdowns", f"{style.showdown:.1%}", "of hands"),
    ]
    return _section(f"How it plays against itself, {style.hands:,} hands", _table(("", "", "meaning"), rows))


def _ladder(contestants: Sequence[Contestant], ratings: Ratings) -> str:
    order = np.argsort(-ratings.rating)
    rows = [
        (contestants[i].path.name, f"{contestants[i].games:,}", f"{ratings.rating[i]:+.1f}", f"{ratings.ci95[i]:.1f}")
        for i in order
    ]
    head = ("checkpoint", "games", "bb/100 about the mean", "± 95 %")
    return _section("Ladder of its checkpoints", _table(head, rows))


def _charts(findings: Findings) -> str:
    figures = "".join(f"<figure>{chart_svg(one)}</figure>" for one in findings.charts)
    depth = f"{findings.stack_bb:g} big blinds deep; the width of a colour is how often a hand does it, its height how"
    note = f'<p class="quiet">{depth} much of the class comes here, beside the class that does most.</p>'
    return _section("Before the flop", note, f'<div class="charts">{figures}</div>')


def chart_svg(one: Chart) -> str:
    """The grid of a chart as SVG, with its caption and key."""
    shades = colours(one.offered)
    size, parts = 26, []
    for cell in one.cells:
        x, y = cell.column * size, cell.row * size
        parts.append(f'<rect class="cell" x="{x}" y="{y}" width="{size - 1}" height="{size - 1}"/>')
        left, height = float(x), cell.reach / one.full * (size - 1)
        for share, shade in zip(cell.mix if cell.combinations else [], shades, strict=False):
            width = share * (size - 1)
            if width >= 0.05 and height >= 0.05:
                top = y + size - 1 - height
                box = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
                parts.append(f'<rect {box} fill="{shade}"/>')
            left += width
        place = f'x="{x + 12.5}" y="{y + 16}" font-size="8" text-anchor="middle"'
        parts.append(f'<text class="name" {place}>{cell.name}</text>')
    title = html.escape(one.title)
    key = "".join(
        f'<span><i style="background:{shades[i]}"></i>{html.escape(one.entries[i])} {one.mix[i]:.0%}</span>'
        for i in np.flatnonzero(one.offered)
    )
    caption = f"<figcaption><b>{title}</b><br>{one.reach:.0%} of hands arrive, {one.value_bb:+.2f} bb</figcaption>"
    view = f'viewBox="0 0 {13 * size} {13 * size}" role="img" aria-label="{title}"'
    return f'{caption}<svg {view}>{"".join(parts)}</svg><div class="key">{key}</div>'


def _curves(curves: Mapping[str, Mapping[str, Curve]]) -> str:
    if not curves:
        return ""
    figures = [f"<figure>{curve_svg(title, found)}</figure>" for title, found in curves.items()]
    return _section("Learning curves, over games", f'<div class="charts">{"".join(figures)}</div>')


def curve_svg(title: str, curves: Mapping[str, Curve]) -> str:
    """Lines over games as SVG."""
    width, height, left, bottom = 360, 220, 46, 22
    points = [point for curve in curves.values() for point in curve if math.isfinite(point[1])]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    low, high = min(ys), max(ys)
    high = high if high > low else low + 1
    last = max(*xs, 1.0)

    def place(x: float, y: float) -> str:
        return f"{left + x / last * (width - left - 8):.1f},{8 + (high - y) / (high - low) * (height - bottom - 8):.1f}"

    lines = [
        f'<polyline class="curve" fill="none" stroke="{_LINES[i % len(_LINES)]}" stroke-width="1.8" points="'
        + " ".join(place(x, y) for x, y in curve)
        + '"/>'
        for i, curve in enumerate(curves.values())
    ]
    marks = [(low, height - bottom), (high, 14)] + ([(0.0, 0.0)] if low < 0 < high else [])
    texts = []
    for value, _ in marks:
        y = float(place(0, value).split(",")[1])
        texts.append(f'<line class="axis" x1="{left}" x2="{width - 8}" y1="{y}" y2="{y}"/>')
        texts.append(f'<text x="{left - 5}" y="{y + 4}" font-size="10" text-anchor="end">{value:.3g}</text>')
    texts.append(f'<text x="{width - 8}" y="{height - 5}" font-size="10" text-anchor="end">{last:,.0f} games</text>')
    key = "".join(f'<span><i style="background:{_LINES[i % len(_LINES)]}"></i>{html.escape(name)}</span>'
                  for i, name in enumerate(curves))  # fmt: skip
    label = html.escape(title)
    svg = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{"".join(texts + lines)}</svg>'
    return f'<figcaption>{label}</figcaption>{svg}<div class="key">{key}</div>'
