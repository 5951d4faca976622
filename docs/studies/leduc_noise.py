"""Where the noise in mirror descent's push comes from: the cards that a seat cannot see, or the actions that are drawn.

    python docs/studies/leduc_noise.py runs/leduc

Plays on with the parameters of a checkpoint as they are, groups decisions by what their seat knows, and compares each
push with the mean of its group: all of the difference is noise. What is left when the critic's values replace the
sampled return is the cards'; the rest is the actions'. The table in docs/learning.md is what this prints. Two CPU
cores, a minute.
"""

from __future__ import annotations

import collections
import sys

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import checkpoint
from pokerjax.learn import mirror, schedules
from pokerjax.learn.learner import Learner
from pokerjax.learn.returns import advantages, of_action
from pokerjax.learn.rollout import Steps, carry_prefix, rollout
from pokerjax.learn.slips import behaviour, even
from pokerjax.learn.targets import make_targets
from pokerjax.model.features import depth_bb

WAYS = {
    "own decisions only, lambda 1": (False, 1.0),
    "own decisions only, lambda 0.5": (False, 0.5),
    "both seats', lambda 1": (True, 1.0),
    "both seats', lambda 0.5": (True, 0.5),
}
ROLLOUTS = 150
PROGRESS = 0.95  # of the run: sets the temperature


def main() -> None:
    """Print the noise of each way to estimate, in squared big blinds a decision."""
    path, config = checkpoint.resolve(sys.argv[1])
    learner = Learner(config)
    state = checkpoint.restore(path, checkpoint.abstract_like(learner.init(jax.random.key(0))))
    learn, model = config.learn, learner.model
    rates = schedules.rates(learn, jnp.float32(PROGRESS))

    def pushes(window: Steps) -> dict[str, jax.Array]:
        depth = depth_bb(model.environment.layout, window.tokens)
        values, states = window.values * depth[..., None], window.state_values * depth
        log_drawn = of_action(behaviour(window.log_policy, even(window.masks, learn.exploration)), window.actions)
        ratios = jnp.exp(of_action(window.log_policy, window.actions) - log_drawn)
        ratios = jnp.where(window.segments >= 0, ratios, 1.0)

        def pushed(estimates: jax.Array) -> jax.Array:
            return mirror.push(estimates, window.log_policy, window.masks, jnp.float32(1.0), rates.temperature)

        found = {"critic": pushed(values)}
        for name, (both, gae_lambda) in WAYS.items():
            surprises, _ = jax.vmap(lambda *steps, gae_lambda=gae_lambda: advantages(*steps, gae_lambda))(
                states, of_action(values, window.actions), ratios, jnp.full(states.shape, both),
                window.segments % 2, window.done, window.rewards,
            )  # fmt: skip
            found[name] = pushed(mirror.action_values(values, surprises, jnp.exp(log_drawn), window.actions))
        return found

    @jax.jit
    def play(table, prefix, key):
        (table,), window, _ = rollout(
            model, state.params, (table,), prefix, key, length=learn.rollout_length, exploration=learn.exploration
        )
        targets, _ = make_targets(model, learn, window, rates)
        seen = (window.tokens, window.segments, targets.weights, targets.reach, pushes(window))
        return table, carry_prefix(model.environment, window, table.hands), seen

    table, prefix = state.tables[0], state.prefix
    groups: dict[bytes, list] = collections.defaultdict(list)
    for number in range(ROLLOUTS):
        table, prefix, seen = play(table, prefix, jax.random.key(number))
        tokens, segments, weights, reach, found = jax.tree.map(np.asarray, seen)
        for row in range(len(tokens)):
            known: dict[int, bytes] = collections.defaultdict(bytes)
            for place in np.flatnonzero(segments[row] >= 0):
                known[segments[row, place]] += tokens[row, place].tobytes()
                if weights[row, place] > 0:
                    group = groups[known[segments[row, place]]]
                    group.append((reach[row, place], *(found[name][row, place] for name in ("critic", *WAYS))))
    noise = np.zeros(1 + len(WAYS))
    decisions = 0
    for group in groups.values():
        weight = np.array([entry[0] for entry in group])[:, None]
        for which in range(len(noise)):
            values = np.stack([entry[1 + which] for entry in group])
            mean = (weight * values).sum(0) / weight.sum()
            noise[which] += ((weight * (values - mean)) ** 2).sum()
        decisions += len(group)
    noise /= decisions
    print(f"{decisions:,} decisions of {len(groups)} information states, bb^2 a decision")
    print(f"  {'hidden cards alone (critic)':32}{noise[0]:8.2f}")
    for name, all_of_it in zip(WAYS, noise[1:], strict=True):
        print(f"  {name:32}{all_of_it:8.2f}")


if __name__ == "__main__":
    main()
