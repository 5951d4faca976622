"""Measure an agent: python bin/evaluate.py RUN_OR_CHECKPOINT --num-games N [--opponents ...] [--json].

Every deal is played with the agent in each seat; the result is in big blinds per 100 hands. Agents of Kuhn and
Leduc poker get their exact exploitability instead, and with --export-policy FILE a policy for OpenSpiel to judge.
--river N measures agents of heads-up hold'em against exact best responses on N rivers.
With --ladder all kept checkpoints of one or several runs play each other and are rated.
With --lbr a local best response plays a heads-up hold'em agent: what it wins bounds the exploitability from below.
--hands FILE.phhs writes some hands against each opponent for replays.
--chart preflop draws what the agent does with every hand; --report FILE.html writes one page about it.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from pokerjax import commandline
from pokerjax.checks import check_output, check_seed
from pokerjax.config import Device, require
from pokerjax.pictures import check_picture

if TYPE_CHECKING:
    from pokerjax.evaluate.contest import Contestant

STYLE_HANDS = 512  # of the agent against itself, for the report
MOST_RUNGS = 6  # checkpoints in the report's ladder


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Arguments:
    """Play duplicate matches of a trained agent against scripted players and other checkpoints."""

    run_or_checkpoint: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="[RUN_OR_CHECKPOINT]")] = ""
    """A run folder (its final or newest checkpoint) or one checkpoint. None, or `shipped`: the agent that ships with
    pokerjax; `shipped/told`: its second one, which can be told how careless its table is."""
    more_runs: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="[RUN ...]")] = ()
    """More runs or checkpoints for the ladder."""
    ladder: bool = False
    """Let all kept checkpoints of the runs play each other, and rate them."""
    plot: Path | None = None
    """Draw the ladder's ratings over games into this file; its ending names the format."""
    num_games: int = 20_000
    """Hands against each opponent, rounded up to whole deals; with --lbr, dealt hands that tell as much."""
    opponents: tuple[str, ...] = (
        "random", "always_call", "always_all_in", "tight_aggressive", "rock", "pot_odds",
    )  # fmt: skip
    """Scripted players by name, other runs or checkpoints by path, or `shipped` and `shipped/told`."""
    num_players: int | None = None
    """Players at the table. None: the fewest that the agent knows."""
    stack_bb: float | None = None
    """Starting stacks in big blinds. None: as in training."""
    exploitability: bool = False
    """Compute the exact exploitability (Kuhn and Leduc poker, where this is the default)."""
    export_policy: Path | None = None
    """Write the policy of a Kuhn or Leduc agent to this file, as JSON with OpenSpiel's strings and actions."""
    export_agent: Path | None = None
    """Write the averaged policy alone to this new folder: a checkpoint to evaluate, play and hand on."""
    temperature: float = 1.0
    """Divide the logits of the agent's policy by this, for any measure of one agent and for --export-agent: below 1 its
    likeliest actions become likelier, above 1 it comes nearer to random. (In training it is mirror descent's.)"""
    carelessness: float | None = None
    """How careless the agent is told its table is, for agents of --told-carelessness, any measure of one agent and
    --export-agent: from 0, nobody slips, to 1, as much as it met in training. None: 0.2."""
    river: int = 0
    """Solve the betting of so many rivers for the best response to the agent (heads-up hold'em). 0: none."""
    lbr: bool = False
    """Play a local best response instead, in four settings (heads-up hold'em, minutes for each)."""
    chart: str = ""
    """Draw the agent's ranges as a picture and a CSV file: "preflop", or a hand history (PHH, PokerStars) for every
    decision of its first hand."""
    chart_out: Path | None = None
    """Where the picture of --chart goes, its ending names the format; the CSV file lies beside it. None:
    chart_<name>.png here."""
    hands: Path | None = None
    """Write some hands against each opponent into this file, as PHH (.phhs) for replays."""
    report: Path | None = None
    """Write one self-contained HTML page: card, results, play style, ladder, preflop charts, learning curves."""
    json: bool = False
    """Print one JSON object instead of the table."""
    seed: int = 0
    """Seed of the deals and of the actions."""
    device: Device = "auto"
    """Where to run: auto takes the best there is."""


def main(arguments: list[str]) -> None:
    """Check the flags before JAX is imported, so that a typing mistake is answered at once."""
    settings = commandline.parse(_Arguments, arguments, program="bin/evaluate.py")
    most = 100_000_000
    require(1 <= settings.num_games <= most, f"--num-games {settings.num_games} must be from 1 to {most}.")
    require(bool(settings.opponents), "--opponents is empty: name at least one.")
    require(all(settings.opponents), "--opponents has an empty name: leave it out.")
    unscripted = [name for name in settings.opponents if name not in _Arguments.opponents]
    runs = [name for name in unscripted if "/" in name or Path(name).exists()]
    first = f"--opponents {' '.join(runs)}: name the agent that is measured first, as in bin/evaluate.py shipped"
    require(bool(settings.run_or_checkpoint) or not runs, f"{first} --opponents {' '.join(runs)}.")
    rivers = settings.river == 0 or 2 <= settings.river <= 100_000
    require(rivers, f"--river {settings.river} must be 0 (leave it out) or from 2 to 100000.")
    check_seed(settings.seed)
    if settings.stack_bb is not None:
        require(2 <= settings.stack_bb <= 2000, f"--stack-bb {settings.stack_bb:g} must be from 2 to 2000.")
    kinds = ("ladder", "lbr", "river", "exploitability", "export_policy", "export_agent", "chart", "report")
    asked = [f"--{kind.replace('_', '-')}" for kind in kinds if getattr(settings, kind)]
    alone = len(asked) < 2 or asked == ["--exploitability", "--export-policy"]
    require(alone, f"{' and '.join(asked)} are different measures: ask for one at a time.")
    needless = " and ".join(asked)
    require(not (settings.hands and asked), f"--hands {settings.hands} is for matches: leave {needless} out.")
    matched = settings.opponents == _Arguments.opponents or not asked or settings.report
    require(bool(matched), f"--opponents {' '.join(settings.opponents)} are for matches: leave {needless} out.")
    silent = [flag for flag in asked if flag in ("--chart", "--report", "--export-agent")]
    plays = not asked or settings.ladder or settings.lbr or settings.report
    unplayed = f"--num-games {settings.num_games} is for hands, and {needless} plays none: leave it out."
    require(bool(plays) or settings.num_games == _Arguments.num_games, unplayed)
    spoken = f"--json is for numbers, and {' '.join(silent)} writes a file: leave one of them out."
    require(not (settings.json and silent), spoken)
    at_any_table = settings.export_agent or settings.chart not in ("", "preflop")
    table = [f"--num-players {settings.num_players}"] if settings.num_players is not None else []
    table += [f"--stack-bb {settings.stack_bb:g}"] if settings.stack_bb is not None else []
    choice = f"{' and '.join(table)} would change nothing in {needless}: leave it out."
    require(not (at_any_table and table), choice)
    heat = f"--temperature {settings.temperature:g}"
    changed = [heat] if settings.temperature != 1 else []
    changed += [f"--carelessness {settings.carelessness:g}"] if settings.carelessness is not None else []
    kept = not changed or not (settings.ladder or settings.report)
    exported = "--export-agent the agent at it, and name that instead"
    require(kept, f"{' and '.join(changed)} is not for {needless}: {exported}.")
    allowed = 0.01 <= settings.temperature <= 100
    require(allowed, f"{heat} must be from 0.01 to 100; 1 leaves the policy as it was trained.")
    others = " ".join(settings.more_runs)
    require(settings.ladder or not others, f"{others}: several runs are for --ladder; add it, or name opponents.")
    require(settings.ladder or not settings.plot, f"--plot {settings.plot} draws a ladder: add --ladder.")
    require(bool(settings.chart) or not settings.chart_out, f"--chart-out {settings.chart_out} needs --chart: add it.")
    for name in ("hands", "report", "export_policy", "plot", "chart_out"):
        if path := getattr(settings, name):
            writes = check_picture if name in ("plot", "chart_out") else check_output
            writes(f"--{name.replace('_', '-')}", path)
    from pokerjax import device

    device.use_compilation_cache()
    device.select(settings.device)
    (_play_ladder if settings.ladder else _evaluate)(settings)


def _evaluate(settings: _Arguments) -> None:
    import jax

    from pokerjax.evaluate import at_temperature, load, play_opponents, report, seat, told, write_matches

    agent, opponents = at_temperature(load(settings.run_or_checkpoint), settings.temperature), settings.opponents
    agent = agent if settings.carelessness is None else told(agent, settings.carelessness)
    agent = seat(agent, settings.num_players, settings.stack_bb)
    measures = {
        "export_agent": _export_agent, "chart": _draw_charts, "report": _write_report, "lbr": _play_local_best_response,
        "river": _solve_rivers,
    }  # fmt: skip
    for name, measure in measures.items():
        if getattr(settings, name):
            measure(settings, agent)
            return
    if settings.hands:
        _check_holdem("--hands", agent)
    if agent.config.game.variant != "holdem" or settings.exploitability or settings.export_policy:
        if settings.opponents != _Arguments.opponents:
            _check_holdem("--opponents", agent)
        _compute(settings, agent)
        return
    results = {}
    key = jax.random.key(settings.seed)
    if settings.hands:
        # Before the matches, so that a file that cannot be written costs no result.
        written = write_matches(settings.hands, agent, opponents, key)
        if not settings.json:
            print(f"{written} hands written to {settings.hands}\n")
    for name, result in play_opponents(agent, opponents, key, hands=settings.num_games):
        if not results and not settings.json:
            print(f"{report.title(agent)}\n\n{report.table_head(opponents)}")
        if not settings.json:
            print(report.table_row(opponents, name, result), flush=True)
        results[name] = result
    print(report.to_json(agent, results) if settings.json else f"\n{report.footnote(results)}")


def _export_agent(settings: _Arguments, agent: Contestant) -> None:
    from pokerjax.evaluate import export_agent

    assert settings.export_agent
    export_agent(agent, settings.export_agent)
    print(f"Policy of {agent.label} written to {settings.export_agent}")


def _draw_charts(settings: _Arguments, agent: Contestant) -> None:
    from pokerjax.evaluate import charts, preflop
    from pokerjax.play.spots import first_hand

    _check_holdem("--chart", agent)
    heat = f"_t{settings.temperature:g}" if settings.temperature != 1 else ""
    heat += f"_c{settings.carelessness:g}" if settings.carelessness is not None else ""
    path = settings.chart_out or Path(f"chart_{Path(settings.chart).stem}{heat}.png")
    check_picture("--chart-out", path)
    check_output("--chart-out", path.with_suffix(".csv"))
    if settings.chart == "preflop":
        drawn = preflop.preflop_charts(agent)
    else:
        drawn = preflop.line_charts(agent, first_hand("--chart", Path(settings.chart)))
    charts.write_csv(drawn, path.with_suffix(".csv"))
    charts.plot(drawn, path)
    print(f"{len(drawn)} charts of {agent.label} written to {path} and {path.with_suffix('.csv')}")


def _write_report(settings: _Arguments, agent: Contestant) -> None:
    import jax

    from pokerjax.evaluate import hands, html_report, ladder, play_opponents, play_style, preflop
    from pokerjax.metrics import read_rows

    _check_holdem("--report", agent)
    kept = agent.run / "metrics.jsonl"  # an exported agent has none
    curves = html_report.learning_curves(read_rows(kept) if kept.is_file() else [])
    match_key, hand_key, ladder_key = jax.random.split(jax.random.key(settings.seed), 3)
    results = {}
    for name, result in play_opponents(agent, settings.opponents, match_key, hands=settings.num_games):
        print(f"{name}: {result.bb100:+.1f} ± {result.ci95:.1f} bb/100", flush=True)
        results[name] = result
    style = play_style.measure_style(hands.sample_hands(agent.player, agent.params, hand_key, hands=STYLE_HANDS))
    rungs = ladder.find_rungs(agent, most=MOST_RUNGS)
    rated = None
    if len(rungs) > 1:
        rated = rungs, ladder.rate(dict(ladder.play_all(rungs, ladder_key, hands=settings.num_games)))
    stack_bb = preflop.stack_of(agent) / agent.config.game.big_blind
    found = html_report.Findings(
        agent=agent, results=results, charts=preflop.preflop_charts(agent), stack_bb=stack_bb, style=style,
        ladder=rated, curves=curves,
    )  # fmt: skip
    assert settings.report
    html_report.write(found, settings.report)
    print(f"Report of {agent.path} written to {settings.report}")


def _check_holdem(flag: str, agent: Contestant) -> None:
    """Raise `UserError` for an agent of another game."""
    variant = agent.config.game.variant
    require(variant == "holdem", f"{flag} is for hold'em, and this agent plays {variant.capitalize()} poker.")


def _play_ladder(settings: _Arguments) -> None:
    import jax

    from pokerjax.evaluate import ladder, ladder_report

    runs = [settings.run_or_checkpoint, *settings.more_runs]
    contestants = ladder.find_contestants(runs, settings.num_players, settings.stack_bb)
    results = dict(ladder.play_all(contestants, jax.random.key(settings.seed), hands=settings.num_games))
    ratings = ladder.rate(results)
    print((ladder_report.to_json if settings.json else ladder_report.table)(contestants, results, ratings))
    if settings.plot:
        ladder_report.plot(contestants, ratings, settings.plot)


def _play_local_best_response(settings: _Arguments, agent: Contestant) -> None:
    import jax

    from pokerjax.evaluate import lbr_match, report

    results = {}
    for name, result in lbr_match.play_settings(agent, jax.random.key(settings.seed), hands=settings.num_games):
        if not results and not settings.json:
            print(f"{report.title(agent)}\n\n{report.lbr_head()}")
        if not settings.json:
            print(report.lbr_row(name, result), flush=True)
        results[name] = result
    if settings.json:
        print(report.to_json(agent, results, what="setting"))


def _compute(settings: _Arguments, agent: Contestant) -> None:
    from pokerjax.evaluate import exact, report

    exploitability = exact.exploitability(agent.config, agent.params)
    if settings.export_policy:
        exact.export_policy(agent.config, agent.params, settings.export_policy)
    if settings.json:
        print(report.exact_json(agent, exploitability))
        return
    print(f"{report.title(agent)}\n\nExploitability: {exploitability:.5f} chips a hand (NashConv / 2)")
    if settings.export_policy:
        print(f"Policy written to {settings.export_policy}")


def _solve_rivers(settings: _Arguments, agent: Contestant) -> None:
    import jax

    from pokerjax.evaluate import report, river

    result = river.measure(agent.player, agent.params, jax.random.key(settings.seed), spots=settings.river)
    print((report.river_json if settings.json else report.river_table)(agent, result))


if __name__ == "__main__":
    commandline.run(main)
