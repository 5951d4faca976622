"""What an evaluation says: a table for people, one JSON object for programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pokerjax.config import GameConfig
from pokerjax.evaluate.contest import Contestant
from pokerjax.evaluate.lbr_match import LocalBestResponse
from pokerjax.evaluate.match import MatchResult
from pokerjax.evaluate.river import RiverResult

FEWEST_HANDS = 1_000  # for a verdict: results are skewed, small wins and rare large losses, and the interval is not


def verdict(result: MatchResult) -> str:
    """Whether the interval decides who is better, where the hands are enough for it to mean something."""
    if result.hands < FEWEST_HANDS:
        return "too few hands"
    return "wins" if result.low > 0 else "loses" if result.high < 0 else "undecided"


def title(agent: Contestant) -> str:
    """One line that says who plays what."""
    game = agent.player.environment.game
    played = f"{game.num_players} players, {_stacks(game)} big blinds"
    if game.variant != "holdem":
        played = f"{game.variant.capitalize()} poker"
    return f"{agent.label}: {agent.games:,} games trained, {played}"


def table_head(opponents: Sequence[str]) -> str:
    """The first line of the table."""
    results = f"{'bb/100':>9} {'± 95 %':>8} {'as dealt':>9} {'± 95 %':>8}"
    columns = f"{'hands':>9} {'seconds':>8} {'VPIP':>6} {'PFR':>6}  verdict"
    return f"{'opponent':<{_width(opponents)}} {results} {columns}"


def table_row(opponents: Sequence[str], opponent: str, result: MatchResult) -> str:
    """The line of one opponent, aligned with `table_head` of the same opponents."""
    reduced = f"{result.bb100:>+9.1f} {result.ci95:>8.1f} {result.dealt_bb100:>+9.1f} {result.dealt_ci95:>8.1f}"
    numbers = f"{reduced} {result.hands:>9,} {result.seconds:>8.1f}"
    shares = f"{result.vpip:>6.1%} {result.pfr:>6.1%}"
    return f"{opponent:<{_width(opponents)}} {numbers} {shares}  {verdict(result)}"


def footnote(results: Mapping[str, MatchResult]) -> str:
    """One line that says which luck was taken out of the first column of results."""
    methods = dict.fromkeys(result.method for result in results.values())
    return f"Luck taken out of bb/100: {'; '.join(methods)}."


def lbr_head() -> str:
    """The first line of the table of local best responses."""
    return f"{'local best response':<20} {'mbb/hand':>9} {'± 95 %':>8} {'lines':>9} {'seconds':>8}"


def lbr_row(setting: str, result: LocalBestResponse) -> str:
    """The line of one setting, aligned with `lbr_head`: what the local best response wins of the agent."""
    return f"{setting:<20} {result.mbb:>+9.0f} {result.ci95:>8.0f} {result.lines:>9,} {result.seconds:>8.1f}"


def to_json(
    agent: Contestant, results: Mapping[str, MatchResult] | Mapping[str, LocalBestResponse], what: str = "opponent"
) -> str:
    """One JSON object: what was evaluated, and a list of results, each with the name of its opponent or setting."""
    game = agent.player.environment.game
    rows = [
        {what: name, **dataclasses.asdict(result), "low": result.low, "high": result.high}
        for name, result in results.items()
    ]
    data: dict[str, Any] = {
        "checkpoint": str(agent.path),
        "games_trained": agent.games,
        "temperature": agent.temperature,
        "carelessness": agent.carelessness,
        "players": game.num_players,
        "stack_bb": [game.shortest_stack, game.deepest_stack],
        "results": rows,
    }
    return json.dumps(data, indent=2)


def exact_json(agent: Contestant, exploitability: float) -> str:
    """One JSON object: what was measured, and its exploitability in chips a hand."""
    data = {
        "checkpoint": str(agent.path),
        "games_trained": agent.games,
        "temperature": agent.temperature,
        "carelessness": agent.carelessness,
        "variant": agent.config.game.variant,
        "exploitability": exploitability,
    }
    return json.dumps(data, indent=2)


def river_table(agent: Contestant, result: RiverResult) -> str:
    """The lines for people: the agent's river beside random play in the same spots."""
    nodes = [spot.nodes for spot in result.spots]
    rows = [
        ("agent", result.exploitability, result.share_of_pot),
        ("random from here", result.uniform, result.uniform_share_of_pot),
    ]
    lines = [f"{'river':<17} {'mbb/spot':>9} {'± 95 %':>8} {'of the pot':>11} {'± 95 %':>8}"]
    for name, amount, share in rows:
        lines.append(f"{name:<17} {amount.mean:>9,.0f} {amount.ci95:>8,.0f} {share.mean:>11.2%} {share.ci95:>8.2%}")
    bound = result.whole_game
    seen = f"{len(result.spots)} spots, {sum(nodes) / len(nodes):,.0f} nodes on average, {max(nodes):,} at most"
    left = f", {result.left_out} with larger trees left out" if result.left_out else ""
    came = f"{result.reached:,} of {result.hands:,} hands came to a river with chips behind"
    whole = f"So the exploitability in the whole game is at least {bound.mean:,.1f} ± {bound.ci95:,.1f} mbb a hand."
    return "\n".join([title(agent), "", *lines, "", f"{seen}{left}; {came}; {result.seconds:.1f} seconds.", whole])


def river_json(agent: Contestant, result: RiverResult) -> str:
    """One JSON object: exploitability on the river in thousandths of a big blind, in all and spot by spot."""
    data = {
        "checkpoint": str(agent.path),
        "games_trained": agent.games,
        "temperature": agent.temperature,
        "carelessness": agent.carelessness,
        "exploitability_mbb": dataclasses.asdict(result.exploitability),
        "share_of_pot": dataclasses.asdict(result.share_of_pot),
        "random_mbb": dataclasses.asdict(result.uniform),
        "random_share_of_pot": dataclasses.asdict(result.uniform_share_of_pot),
        "whole_game_at_least_mbb": dataclasses.asdict(result.whole_game),
        **dataclasses.asdict(result),
    }
    return json.dumps(data, indent=2)


def _stacks(game: GameConfig) -> str:
    short, deep = game.shortest_stack, game.deepest_stack
    return f"{deep:g}" if short == deep else f"{short:g} to {deep:g}"


def _width(opponents: Sequence[str]) -> int:
    return max(map(len, ["opponent", *opponents])) + 1
