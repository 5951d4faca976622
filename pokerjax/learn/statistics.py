"""Poker statistics of a rollout: how the policy plays, beside how its loss falls."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from pokerjax.env import tokens
from pokerjax.env.tables import Outcome


def poker_statistics(outcomes: Outcome, group: str = "poker") -> dict[str, jax.Array]:
    """Statistics over all seats of outcomes [T, ..., B] (a hand counts where it ends), named after their `group`.

    VPIP and PFR are shares of the hands dealt to a seat; aggression is bets and raises per call after the flop;
    the results are bb/100 by position (seat 0 is the first left of the button).
    """
    done = outcomes.done
    ended = done[:, None]
    hands = jnp.maximum(jnp.sum(done), 1).astype(jnp.float32)
    num_players = outcomes.rewards.shape[1]
    postflop = outcomes.street > 0
    raises = jnp.sum(postflop & (outcomes.kind == tokens.RAISED))
    calls = jnp.sum(postflop & (outcomes.kind == tokens.CALLED))
    results = 100 * jnp.sum(jnp.where(ended, outcomes.rewards, 0.0), axis=(0, 2)) / hands
    statistics = {
        f"{group}/vpip": jnp.sum(outcomes.voluntary & ended) / (hands * num_players),
        f"{group}/pfr": jnp.sum(outcomes.raised & ended) / (hands * num_players),
        f"{group}/aggression": raises / jnp.maximum(calls, 1),
        f"{group}/showdown_share": jnp.sum(outcomes.showdown) / hands,
        f"{group}/hand_decisions": done.size / hands,
    }
    return statistics | {f"{group}/bb100_seat_{seat}": results[seat] for seat in range(num_players)}
