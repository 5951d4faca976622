"""Other poker engines at the same work, for `bin/benchmark.py engine --peers`: random legal no-limit hold'em.

Each plays in one process a core, called from Python as its users call it, at 100 big blinds with dealing, hand
strength and settling. Kinds of actions are equally likely, as in `pokerjax.benchmark.simulation`; amounts are
drawn from those that the engine offers. Install them with `pip install -e .[bench]`.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import random
import time
import warnings
from collections.abc import Callable
from typing import Any

Count = tuple[int, int]  # decisions, hands
BIG_BLIND, STACK = 100, 10_000


def pokers_hand(num_players: int, rng: random.Random) -> Count:
    """A hand in `pokers` 0.1 (Rust). It deals from a seed; raises are by how much, in any amount."""
    import pokers  # pyright: ignore[reportMissingImports]

    state = pokers.State.from_seed(num_players, 0, BIG_BLIND / 2, BIG_BLIND, STACK, rng.getrandbits(32))
    decisions = 0
    while not state.final_state:
        kind = rng.choice(state.legal_actions)
        amount = 0.0
        if kind == pokers.ActionEnum.Raise:
            me = state.players_state[state.current_player]
            owed = state.min_bet - me.bet_chips
            amount = rng.uniform(0, max(me.stake - owed, 0))
        action: Any = pokers.Action(kind, amount)  # its stubs call it None
        state = state.apply_action(action)
        decisions += 1
    return decisions, 1


def openspiel_hand(num_players: int, rng: random.Random) -> Count:
    """A hand in OpenSpiel's universal_poker (C++): fold, call, pot and all-in, its quickest no-limit form."""
    state, decisions = _openspiel_game(num_players).new_initial_state(), 0
    while not state.is_terminal():
        actions = state.legal_actions()
        decisions += not state.is_chance_node()
        state.apply_action(rng.choice(actions))
    state.returns()
    return decisions, 1


_games: dict[int, Any] = {}


def _openspiel_game(num_players: int) -> Any:
    import pyspiel

    if num_players not in _games:
        heads_up = num_players == 2
        parameters = {
            "betting": "nolimit",
            "bettingAbstraction": "fcpa",
            "numPlayers": num_players,
            "numRounds": 4,
            "stack": " ".join([str(STACK)] * num_players),
            "blind": "100 50" if heads_up else " ".join(["50", "100", *["0"] * (num_players - 2)]),
            "firstPlayer": "2 1 1 1" if heads_up else "3 1 1 1",
            "numSuits": 4,
            "numRanks": 13,
            "numHoleCards": 2,
            "numBoardCards": "0 3 1 1",
        }
        _games[num_players] = pyspiel.load_game("universal_poker", parameters)
    return _games[num_players]


def pokerkit_hand(num_players: int, rng: random.Random) -> Count:
    """A hand in PokerKit (Python)."""
    import pokerkit

    state = pokerkit.NoLimitTexasHoldem.create_state(
        tuple(pokerkit.Automation), True, 0, (BIG_BLIND // 2, BIG_BLIND), BIG_BLIND, STACK, num_players
    )
    decisions = 0
    while state.status:
        least = state.min_completion_betting_or_raising_to_amount
        most = state.max_completion_betting_or_raising_to_amount
        kind = rng.choice(["call"] + ["fold"] * bool(state.checking_or_calling_amount) + ["raise"] * bool(least))
        if kind == "raise" and least and most:
            state.complete_bet_or_raise_to(rng.randint(least, most))
        elif kind == "fold":
            state.fold()
        else:
            state.check_or_call()
        decisions += 1
    return decisions, 1


PEERS: dict[str, tuple[str, Callable[[int, random.Random], Count]]] = {
    "pokers": ("pokers", pokers_hand),
    "OpenSpiel universal_poker": ("pyspiel", openspiel_hand),
    "PokerKit": ("pokerkit", pokerkit_hand),
}


def missing() -> list[str]:
    """The peers that are not installed."""
    return [name for name, (module, _) in PEERS.items() if importlib.util.find_spec(module) is None]


def measure(name: str, num_players: int, *, seconds: float) -> dict:
    """Let one peer play for so many seconds on every core."""
    cores = os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    with context.Pool(cores) as pool:
        counts = pool.starmap(_play, [(name, num_players, seconds, core) for core in range(cores)])
    decisions = sum(count / elapsed for count, _, elapsed in counts)
    hands = sum(count / elapsed for _, count, elapsed in counts)
    return {
        "processes": cores,
        "decisions_per_second": decisions,
        "hands_per_second": hands,
        "seconds": max(elapsed for *_, elapsed in counts),
    }


def _play(name: str, num_players: int, seconds: float, seed: int) -> tuple[int, int, float]:
    """Decisions, hands and seconds of one process."""
    warnings.simplefilter("ignore")  # PokerKit warns of unusual hands
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # pokers prints every showdown
    play, rng = PEERS[name][1], random.Random(seed)
    random.seed(seed)  # PokerKit shuffles with the global generator
    play(num_players, rng)  # imports
    decisions = hands = 0
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        for _ in range(10):
            more, finished = play(num_players, rng)
            decisions, hands = decisions + more, hands + finished
    return decisions, hands, elapsed
