"""Several agents' exact exploitability on the same rivers: the spots of the first agent's play, solved for each.

    python docs/studies/rivers_compared.py SPOTS MOST_NODES SEED AGENT [AGENT ...]

Heads-up at 100 big blinds. The spots are drawn by the first agent, playing itself; spots whose betting tree has more
than MOST_NODES nodes are left out (with 5,000 a spot takes some ten seconds an agent). In each the ranges and the play
of every agent are read along the same betting, and best responses are computed for both seats (`evaluate.river`). The
agents must have the same menu; one at another temperature is written by `bin/evaluate.py RUN --temperature T
--export-agent FOLDER`.
"""

from __future__ import annotations

import sys

import jax
import numpy as np

from pokerjax import device, poker
from pokerjax.evaluate import load, river, seat
from pokerjax.evaluate.contest import Contestant
from pokerjax.evaluate.estimate import half_width
from pokerjax.evaluate.hands import sample_hands
from pokerjax.evaluate.river_tree import RIVER, TreeTooLarge, river_tree, spot_of

HANDS = 1_024


def main() -> None:
    """Print a line a spot, and at the end each agent's exploitability over the pot and its change from the first's."""
    device.use_compilation_cache()
    spots, most_nodes, seed = map(int, sys.argv[1:4])
    agents = [seat(load(path), 2, 100.0) for path in sys.argv[4:]]
    first = agents[0].player
    pots, gains = [], []
    for hand in sample_hands(first, agents[0].params, jax.random.key(seed), hands=HANDS):
        if RIVER not in (hand.streets or ()) or len(pots) == spots:
            continue
        try:
            results = [solve(agent, hand, most_nodes) for agent in agents]
        except TreeTooLarge:
            continue
        pots.append(results[0].pot)
        gains.append([result.exploitability for result in results])
        shown = " ".join(f"{gain:8.0f}" for gain in gains[-1])
        print(f"pot {pots[-1]:8.0f} mbb, exploitability {shown}", flush=True)
    pot, found = np.array(pots), np.array(gains)
    for agent, gain in zip(agents, found.T, strict=True):
        share, change = ratio(gain, pot), ratio(gain - found[:, 0], pot)
        print(f"{agent.label}: {share} of the pot, change from the first {change}")


def solve(agent: Contestant, hand: poker.Hand, most_nodes: int) -> river.SpotResult:
    """The river of a hand with one agent's play; raises `TreeTooLarge`."""
    environment = agent.player.environment  # its tokens may have room for more seats than another agent's
    spot = spot_of(environment, hand)
    tree = river_tree(environment, spot, most_nodes=most_nodes)
    return river.measure_spot(agent.player.model, agent.params, spot, tree)


def ratio(amounts: np.ndarray, pot: np.ndarray) -> str:
    """The ratio of the means over spots with its 95 % interval, in per cent."""
    share = amounts.mean() / pot.mean()
    error = half_width(np.std(amounts - share * pot, ddof=1) / len(pot) ** 0.5 / pot.mean(), len(pot))
    return f"{100 * share:.1f} ± {100 * error:.1f} %"


if __name__ == "__main__":
    main()
