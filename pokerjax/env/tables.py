"""Tables that deal themselves the next hand, and the players who move round them.

Everything is written for one table and vmapped by the callers (`learn.rollout`, `evaluate.match`). Chips end
here: rewards are in big blinds.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from pokerjax import poker
from pokerjax.config import GameConfig
from pokerjax.env import menu, tokens


@dataclasses.dataclass(frozen=True)
class Environment:
    """The static description of a game as the learner plays it. Hashable."""

    rules: poker.Rules
    layout: tokens.Layout
    game: GameConfig

    @property
    def num_players(self) -> int:
        """Seats at the table, P."""
        return self.game.num_players

    @property
    def num_actions(self) -> int:
        """Entries of the menu, A."""
        return menu.num_actions(self.game.bet_sizes)

    @property
    def hand_limit(self) -> int:
        """Bound on the decisions of a hand, kept by no longer offering raises; also the model's context, R."""
        return self.game.hand_limit


def make_environment(game: GameConfig) -> Environment:
    """The environment of a game config."""
    return Environment(rules=poker.no_limit_holdem(game.num_players), layout=tokens.Layout(game.num_players), game=game)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Table:
    """One table between two decisions (unbatched)."""

    hand: poker.State
    stakes: poker.Stakes  # of this hand
    log: tokens.EventLog
    rotation: jax.Array  # int32: player p sits in seat (p - rotation) mod P
    hands: jax.Array  # int32: hands finished here, which numbers the current one
    voluntary: jax.Array  # bool[P]: the seat has put chips in before the flop of its own will
    raised: jax.Array  # bool[P]: the seat has raised before the flop


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Decision:
    """What the seat to act at one table reads and may do (unbatched)."""

    token: jax.Array  # int32[layout.width]
    amounts: jax.Array  # int32[A], engine actions in chips
    mask: jax.Array  # bool[A]
    seat: jax.Array  # int32
    hand: jax.Array  # int32: number of the hand at this table
    legal: poker.Legal


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one action brought (unbatched). All but `kind` count only where `done`."""

    done: jax.Array  # bool: the hand ended
    rewards: jax.Array  # float32[P], big blinds, by seat; 0 unless done
    kind: jax.Array  # int32: FOLDED, CHECKED, CALLED or RAISED of `tokens`
    street: jax.Array  # int32: the street on which the action fell
    showdown: jax.Array  # bool: the hand ended with two or more seats left
    voluntary: jax.Array  # bool[P]
    raised: jax.Array  # bool[P]


def num_bits(environment: Environment) -> int:
    """Random words (uint32) that one fresh hand consumes."""
    return environment.rules.num_cards + environment.num_players


def fresh_hand(environment: Environment, bits: jax.Array) -> tuple[poker.Deal, poker.Stakes]:
    """Deal cards and draw starting stacks from uint32[num_bits] (unbatched)."""
    game, players = environment.game, environment.num_players
    deal = poker.deal_from_bits(environment.rules, bits[: environment.rules.num_cards])
    uniform = (bits[-players:] >> 8).astype(jnp.float32) * 2.0**-24
    uniform = uniform if game.unequal_stacks else jnp.broadcast_to(uniform[:1], (players,))
    depth = game.shortest_stack * (game.deepest_stack / game.shortest_stack) ** uniform
    stacks = jnp.round(depth * game.big_blind).astype(jnp.int32)
    return deal, stakes_for(environment, stacks)


def stakes_for(environment: Environment, stacks: jax.Array) -> poker.Stakes:
    """The game's blinds and antes with these starting stacks, int32[P] in chips."""
    game, players = environment.game, environment.num_players
    small, big = game.small_blind, game.big_blind
    blinds = [big, small] if players == 2 else [small, big] + [0] * (players - 2)
    return poker.Stakes(
        stacks=stacks,
        blinds=jnp.array(blinds, jnp.int32),
        antes=jnp.full((players,), game.ante, jnp.int32),
        big_blind=jnp.array(big, jnp.int32),
    )


def seat_players(environment: Environment, deal: poker.Deal, stakes: poker.Stakes, rotation: jax.Array) -> Table:
    """A table at the start of its first hand (unbatched)."""
    players = environment.num_players
    return Table(
        hand=poker.start(environment.rules, deal, stakes),
        stakes=stakes,
        log=tokens.empty_log(environment.layout),
        rotation=jnp.asarray(rotation, jnp.int32),
        hands=jnp.zeros((), jnp.int32),
        voluntary=jnp.zeros((players,), bool),
        raised=jnp.zeros((players,), bool),
    )


def read(environment: Environment, table: Table) -> Decision:
    """The decision that the table waits for (unbatched)."""
    state = table.hand
    legal = poker.legal(environment.rules, state)
    # From here on at most 4P checks and calls can follow, which keeps the hand within its limit.
    may_raise = table.log.count < environment.hand_limit - 4 * environment.num_players
    amounts, mask = menu.offer(environment.game.bet_sizes, state, legal, may_raise)
    token = tokens.decision_token(environment.layout, state, table.stakes, legal, table.log)
    return Decision(token=token, amounts=amounts, mask=mask, seat=state.actor, hand=table.hands, legal=legal)


def step(
    environment: Environment, table: Table, action: jax.Array, legal: poker.Legal,
    next_deal: poker.Deal, next_stakes: poker.Stakes,
) -> tuple[Table, Outcome]:  # fmt: skip
    """Play an engine action (chips), and start the next hand where this one ended (unbatched).

    The button moves one seat with every hand, so each player sits everywhere equally often.
    """
    before = table.hand
    after = poker.act(environment.rules, before, action)
    log, kind = tokens.record(table.log, before, after, legal)
    actor = jnp.arange(environment.num_players, dtype=jnp.int32) == before.actor
    preflop = before.street == 0
    pays = (kind == tokens.CALLED) | (kind == tokens.RAISED)
    voluntary = table.voluntary | (actor & preflop & pays)
    raised = table.raised | (actor & preflop & (kind == tokens.RAISED))
    done = after.done
    big_blind = table.stakes.big_blind.astype(jnp.float32)
    outcome = Outcome(
        done=done,
        rewards=jnp.where(done, after.payoffs.astype(jnp.float32) / big_blind, 0.0),
        kind=kind,
        street=before.street,
        showdown=done & (jnp.sum(~after.folded) > 1),
        voluntary=voluntary,
        raised=raised,
    )
    following = seat_players(environment, next_deal, next_stakes, (table.rotation + 1) % environment.num_players)
    same = dataclasses.replace(table, hand=after, log=log, voluntary=voluntary, raised=raised)
    following = dataclasses.replace(following, hands=table.hands + 1)
    return jax.tree.map(lambda new, old: jnp.where(done, new, old), following, same), outcome
