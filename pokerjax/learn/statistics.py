"""Poker statistics of a rollout: how the policy plays, beside how its loss falls."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from pokerjax.env import tokens
from pokerjax.env.tables import Outcome
from pokerjax.learn.sharding import total


def poker_statistics(outcomes: Outcome, group: str = "poker") -> dict[str, jax.Array]:
    """Statistics over all seats of outcomes [T, ..., B] (a hand counts where it ends), named after their `group`.

    VPIP and PFR are shares of the hands dealt to a seat; aggression is bets and raises per call after the flop;
    the results are bb/100 by position (seat 0 is the first left of the button).
    """
    done = outcomes.done
    ended = done[:, None]
    num_players = outcomes.rewards.shape[1]
    postflop = outcomes.street > 0
    sums = total({
        "hands": jnp.sum(done),
        "voluntary": jnp.sum(outcomes.voluntary & ended),
        "raised": jnp.sum(outcomes.raised & ended),
        "raises": jnp.sum(postflop & (outcomes.kind == tokens.RAISED)),
        "calls": jnp.sum(postflop & (outcomes.kind == tokens.CALLED)),
        "showdowns": jnp.sum(outcomes.showdown),
        "decisions": jnp.float32(done.size),
        "results": jnp.sum(jnp.where(ended, outcomes.rewards, 0.0), axis=(0, 2)),
    })  # fmt: skip
    hands = jnp.where(sums["hands"] > 0, sums["hands"], jnp.nan)  # no hand ended: there is no such number
    statistics = {
        f"{group}/vpip": sums["voluntary"] / (hands * num_players),
        f"{group}/pfr": sums["raised"] / (hands * num_players),
        f"{group}/aggression": sums["raises"] / jnp.where(sums["calls"] > 0, sums["calls"], jnp.nan),
        f"{group}/showdown_share": sums["showdowns"] / hands,
        f"{group}/hand_decisions": sums["decisions"] / hands,
    }
    results = 100 * sums["results"] / hands
    return statistics | {f"{group}/bb100_seat_{seat}": results[seat] for seat in range(num_players)}
