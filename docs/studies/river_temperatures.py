"""What an agent's temperature does to its exact exploitability on rivers: the same spots at each temperature.

    python docs/studies/river_temperatures.py AGENT SPOTS TEMPERATURE [TEMPERATURE ...]

Heads-up at 100 big blinds. The spots are drawn by the agent as it is, playing itself; spots whose betting tree has more
than 5,000 nodes are left out, so that a spot takes half a minute. In each the ranges and the play of the agent at every
temperature are read along the same betting, and best responses are computed for both seats (`evaluate.river`).
"""

from __future__ import annotations

import sys

import jax
import numpy as np

from pokerjax import device
from pokerjax.evaluate import at_temperature, load, river, seat
from pokerjax.evaluate.hands import sample_hands
from pokerjax.evaluate.river_tree import RIVER, TreeTooLarge, river_tree, spot_of

HANDS, MOST_NODES = 1_024, 5_000


def main() -> None:
    """Print a line a spot, and at the end the exploitability over the pot at each temperature and its change."""
    device.use_compilation_cache()
    path, spots, temperatures = sys.argv[1], int(sys.argv[2]), [float(word) for word in sys.argv[3:]]
    agent = seat(load(path), 2, 100.0)
    game, model = agent.player.environment, agent.player.model
    policies = [at_temperature(agent, temperature).params for temperature in temperatures]
    pots, gains = [], []
    for hand in sample_hands(agent.player, agent.params, jax.random.key(0), hands=HANDS):
        if RIVER not in (hand.streets or ()) or len(pots) == spots:
            continue
        spot = spot_of(game, hand)
        try:
            tree = river_tree(game, spot, most_nodes=MOST_NODES)
        except TreeTooLarge:
            continue
        results = [river.measure_spot(model, params, spot, tree) for params in policies]
        pots.append(results[0].pot)
        gains.append([result.exploitability for result in results])
        shown = " ".join(f"{gain:8.0f}" for gain in gains[-1])
        print(f"pot {pots[-1]:8.0f} mbb, exploitability {shown}", flush=True)
    pot, found = np.array(pots), np.array(gains)
    for temperature, gain in zip(temperatures, found.T, strict=True):
        share, change = ratio(gain, pot), ratio(gain - found[:, 0], pot)
        print(f"temperature {temperature:g}: {share} of the pot, change from the first {change}")


def ratio(amounts: np.ndarray, pot: np.ndarray) -> str:
    """The ratio of the means over spots with its 95 % interval, in per cent."""
    share = amounts.mean() / pot.mean()
    error = 1.96 * np.std(amounts - share * pot, ddof=1) / len(pot) ** 0.5 / pot.mean()
    return f"{100 * share:.1f} ± {100 * error:.1f} %"


if __name__ == "__main__":
    main()
