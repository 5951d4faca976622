"""Learning dynamics on the exact tree of Leduc poker: one logit for each action, no network and no sampling.

    python docs/studies/leduc_dynamics.py

What an update rule does by itself, before a network or noise can be blamed. The table in docs/learning.md is what
this prints. Chips; two CPU cores, four minutes.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.evaluate.exploitability import exploitability
from pokerjax.evaluate.game_tree import game_tree
from pokerjax.learn.mirror import centred, movable

TREE = game_tree(poker.leduc())
LEGAL = jnp.asarray(TREE.legal[TREE.examples[:, 0]])
OPEN = TREE.actor != poker.NOBODY


@dataclasses.dataclass(frozen=True)
class Rule:
    """How the logits move."""

    push: str  # "even": mirror descent; "probable": times the action's probability, the policy gradient
    weight: str  # of an information state: "one", "others" (visits by the others and chance alone), "visits"
    step: float = 0.1  # what a chip of advantage adds to a logit at the start
    step_end: float = 0.05  # share of it that is left at the end, geometrically
    entropy: float = 0.5  # temperature in chips at the start
    entropy_end: float = 0.04
    magnet: float = 0.0  # weight of the divergence from the average, in chips
    half_life: float = 0.05  # of the average of the logits, as a share of the run
    lag: float = 0.0  # steps by which the values are behind
    floor: float = 0.0  # actions rarer than this are not made rarer still (learn/mirror.py), and left out of what acts


def policy_of(logits: jax.Array) -> jax.Array:
    """Probabilities [I, 3]."""
    return jax.nn.softmax(jnp.where(LEGAL, logits, -1e30), axis=-1)


def analyse(policy: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Action values [I, 3] in chips given that the state is reached, and visits [I] by the others and by all."""
    nodes, deals = TREE.information.shape
    reach = [jnp.ones((nodes, deals)), jnp.ones((nodes, deals))]
    for level in TREE.levels:
        for action in range(3):
            parents = level[OPEN[level] & (TREE.children[level, action] >= 0)]
            share = policy[TREE.information[parents], action]
            for seat in (0, 1):
                mine = (TREE.actor[parents] == seat)[:, None]
                moved = reach[seat][parents] * jnp.where(mine, share, 1.0)
                reach[seat] = reach[seat].at[TREE.children[parents, action]].set(moved)
    size = TREE.num_information_states
    worth, others, visits = jnp.zeros((size, 3)), jnp.zeros(size), jnp.zeros(size)
    for seat in (0, 1):
        values, choices = jnp.asarray(TREE.payoffs[:, seat], jnp.float32), jnp.zeros((nodes, deals, 3))
        for level in reversed(TREE.levels):
            parents = level[OPEN[level]]
            if len(parents):
                exists = (TREE.children[parents] >= 0)[:, None]
                after = jnp.where(exists, jnp.moveaxis(values[np.maximum(TREE.children[parents], 0)], 1, 2), 0.0)
                choices = choices.at[parents].set(after)
                values = values.at[parents].set(jnp.sum(policy[TREE.information[parents]] * after, axis=-1))
        mine = np.flatnonzero(TREE.actor == seat)
        states, theirs = TREE.information[mine].reshape(-1), reach[1 - seat][mine]
        worth = worth.at[states].add((theirs[..., None] * choices[mine]).reshape(-1, 3))
        others = others.at[states].add(theirs.reshape(-1))
        visits = visits.at[states].add((theirs * reach[seat][mine]).reshape(-1))
    return worth / jnp.maximum(others, 1e-12)[:, None], others, visits


def acting(policy: jax.Array, floor: float) -> jax.Array:
    """The policy without what is rarer than the floor (`Model.log_policy`)."""
    kept = jnp.where(policy < floor, 0.0, policy)
    return kept / jnp.sum(kept, axis=-1, keepdims=True)


def run(rule: Rule, steps: int) -> list[tuple[float, float, float]]:
    """Exploitability of the last logits, their average and what acts by that, at eight moments of a run."""

    def one_step(carry, time):
        logits, average, values = carry
        share, policy = time / steps, policy_of(logits)
        now, others, visits = analyse(policy)
        values += (now - values) / (1 + rule.lag)
        log_policy, log_magnet = (jnp.where(LEGAL, jnp.log(policy_of(x) + 1e-30), 0.0) for x in (logits, average))
        heat = rule.entropy * rule.entropy_end**share
        gain = values - heat * log_policy - rule.magnet * (log_policy - log_magnet)
        moves = movable(values, log_policy, LEGAL, heat, rule.floor) if rule.floor else LEGAL
        push = centred(gain, moves)
        if rule.push == "probable":
            push = policy * (gain - jnp.sum(policy * gain, axis=-1, keepdims=True))
        weight = {"one": jnp.ones(len(LEGAL)), "others": others / others.mean(), "visits": visits / visits.mean()}
        moved = logits + rule.step * rule.step_end**share * weight[rule.weight][:, None] * push
        moved = jnp.clip(centred(moved, LEGAL), -30, 30)
        keep = 0.5 ** (1 / (rule.half_life * steps))
        return (moved, keep * average + (1 - keep) * moved, values), None

    part = jax.jit(lambda carry, times: jax.lax.scan(one_step, carry, times)[0])
    carry = (jnp.zeros(LEGAL.shape),) * 3
    found = []
    for times in np.split(np.arange(steps, dtype=np.float32), 8):
        carry = part(carry, times)
        last, average = map(policy_of, carry[:2])
        found.append(tuple(float(exploitability(TREE, x)) for x in (last, average, acting(average, rule.floor))))
    return found


if __name__ == "__main__":
    still = {"entropy": 0.0, "step_end": 0.03}
    cold = {"entropy_end": 0.072, "step_end": 0.072, "half_life": 0.02}
    rows = [
        (Rule("even", "one"), 600),
        (Rule("even", "one", step_end=0.03, entropy_end=0.02), 2000),
        (Rule("even", "others"), 1000),
        (Rule("even", "visits"), 1000),
        (Rule("probable", "one", step=0.3), 1000),
        (Rule("probable", "visits", step=0.3), 1000),
        (Rule("even", "one", magnet=1.0, half_life=0.03, **still), 2000),
        (Rule("probable", "visits", magnet=1.0, half_life=0.03, **still), 2000),
        (Rule("even", "one", lag=3.0), 1000),
        (Rule("even", "one", step_end=1.0), 600),
        # To the temperature at which the longest run of configs/leduc.py ended, the step falling as it does.
        (Rule("even", "one", **cold), 6000),
        (Rule("even", "one", floor=0.0067, **cold), 6000),
    ]
    for rule, steps in rows:
        curve = " ".join("/".join(f"{x:.3f}" for x in moment) for moment in run(rule, steps))
        print(f"{rule}, {steps} steps, last / average / acting: {curve}", flush=True)
