"""How an agent answers bets on the river: how often its range folds, and what betting with nothing wins.

    python docs/studies/river_folds.py AGENT [AGENT ...]

Heads-up at 100 big blinds. The other player checks and calls with all hands to the river; the agent's range is kept
exactly (`evaluate.range_policy`), its actions are drawn by it. Where the player may bet or raise on the river, the
agent's answer to each size is read for all its hands. With nothing in hand, putting C into a pot of P breaks even if a
share C / (P + C) of the range folds. An agent in equilibrium folds about that much, since else all hands would bet, or
none; from one that is right in the mean and wrong in every spot a best response wins all the same, by the last columns:
the mean of what bets win where they win, and lose where they lose. Money is in big blinds a spot. Two minutes an agent.
"""

from __future__ import annotations

import sys

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import device, poker
from pokerjax.env import menu, tables
from pokerjax.evaluate import load, seat
from pokerjax.evaluate.contest import Contestant
from pokerjax.evaluate.range_policy import ModelRange
from pokerjax.evaluate.ranges import HANDS, unseen

BOARDS = 50
SIZES = (0.5, 1.0, 2.0)
NAMES = ("half pot", "pot", "2 pots", "all-in")
RIVER, FIRST_RAISE = 3, 2
HANDS_LEFT = 1081  # by a board of five


def answers(agent: Contestant, boards: int) -> dict[tuple[str, str], np.ndarray]:
    """Rows of pot, bet, share that folds, share that breaks even and what the bet wins, by kind and size of bet."""
    environment = agent.player.environment
    policy, big_blind = ModelRange(agent.player.model, environment), environment.game.big_blind
    read = jax.jit(lambda memory, token, mask, hands: policy.read(agent.params, memory, token, mask, hands))
    play = jax.jit(lambda table, action, legal: tables.play(environment, table, action, legal)[0])
    look = jax.jit(lambda table: tables.read(environment, table))
    bets = jax.jit(lambda table, legal: menu.offer(SIZES, table.hand, legal, jnp.bool(True)))
    fresh = jax.jit(lambda key: tables.fresh_hand(environment, jax.random.bits(key, (tables.num_bits(environment),))))
    rng, found = np.random.default_rng(0), {}

    def ask(table, decision, memory, hands, reach, player):
        asked, pot = int(decision.legal.call_amount), int(table.hand.pot)
        amounts, offered = bets(table, decision.legal)
        for entry, name in enumerate(NAMES, FIRST_RAISE):
            if not offered[entry]:
                continue
            answer = look(play(table, amounts[entry], decision.legal))
            folding = np.exp(np.asarray(read(memory, answer.token, answer.mask, hands)[0])[:, 0])
            share = float(reach @ folding / reach.sum())
            on_top = int(amounts[entry]) - int(table.hand.bets[player]) - asked
            cost = asked + min(on_top, int(table.hand.stacks[1 - player]))
            wins = (share * pot - (1 - share) * cost) / big_blind
            row = (pot / big_blind, cost / big_blind, share, cost / (pot + cost), wins)
            found.setdefault(("raise" if asked else "bet", name), []).append(row)

    for number in range(boards):
        deal, stakes = fresh(jax.random.key(number))
        left = np.flatnonzero(np.asarray(unseen(deal.board, jnp.asarray(HANDS))))
        hands = jnp.asarray(HANDS[left])
        for player in (0, 1):
            table, reach = tables.seat_players(environment, deal, stakes, jnp.int32(0)), np.ones(HANDS_LEFT)
            memory = policy.begin(HANDS_LEFT, policy.memory_sizes[-1])
            while not table.hand.done:
                decision = look(table)
                action = jnp.int32(poker.CALL)
                if table.hand.actor != player:
                    log_policy, memory = read(memory, decision.token, decision.mask, hands)
                    chances = np.exp(np.asarray(log_policy, np.float64))
                    mass = reach @ chances
                    mass[0] = 0  # the hands that go on
                    entry = rng.choice(len(mass), p=mass / mass.sum())
                    reach, action = reach * chances[:, entry], decision.amounts[entry]
                elif table.hand.street == RIVER:
                    ask(table, decision, memory, hands, reach, player)
                table = play(table, action, decision.legal)
    return {kind: np.array(rows) for kind, rows in found.items()}


def main() -> None:
    """Print a row for each kind of bet."""
    device.use_compilation_cache()
    for path in sys.argv[1:]:
        print(f"{path}\n{'':<16}spots    pot    bet  folds  even at   wins  of what wins  of what loses")
        for (kind, name), rows in sorted(answers(seat(load(path), 2, 100.0), BOARDS).items()):
            pot, bet, share, even, wins = rows.mean(axis=0)
            gains, losses = np.maximum(rows[:, 4], 0).mean(), np.minimum(rows[:, 4], 0).mean()
            print(
                f"{kind + ' ' + name:<16}{len(rows):>5}{pot:>7.1f}{bet:>7.1f}{share:>7.2f}{even:>9.2f}{wins:>+7.1f}"
                f"{gains:>+14.1f}{losses:>+15.1f}"
            )


if __name__ == "__main__":
    main()
