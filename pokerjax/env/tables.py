"""Tables that deal themselves the next hand, and the players who move round them.

Everything is written for one table, elementwise past the axes of one hand as in `pokerjax.poker`: it runs under
`jax.vmap` (`evaluate.match`) and as it is on tables [B] whose arrays end in the axis B (`learn.rollout`), the
layout that vectorises. Chips end here: rewards are in big blinds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from pokerjax import poker
from pokerjax.config import GameConfig
from pokerjax.env import allin, menu, tokens
from pokerjax.poker.once import compute_once


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
    def bet_sizes(self) -> tuple[float, ...]:
        """Pot fractions of the menu; none at fixed limit, where all-in stands for the one raise there is."""
        return self.game.bet_sizes if self.rules.betting == "no_limit" else ()

    @property
    def num_actions(self) -> int:
        """Entries of the menu, A."""
        return menu.num_actions(self.bet_sizes)

    @property
    def hand_limit(self) -> int:
        """Bound on the decisions of a hand, kept by no longer offering raises; also the model's context, R."""
        return self.game.hand_limit


def make_environment(
    game: GameConfig, num_players: int | None = None, stack_bb: float | None = None
) -> Environment:
    """The environment of a game config, at tables of `num_players` (the most there are if None).

    All table sizes of a game have the same tokens, menu and decision limit, so that one model plays them.
    With `stack_bb` every stack is that many big blinds deep.
    """
    layout = tokens.Layout(game.num_players)
    if stack_bb is not None:
        game = game.with_stacks(stack_bb)
    if num_players not in (None, game.num_players):
        game = dataclasses.replace(game, num_players=num_players, table_sizes=(), max_decisions=game.hand_limit)
    small = {"kuhn": poker.kuhn, "leduc": poker.leduc}
    rules = small[game.variant]() if game.variant in small else poker.no_limit_holdem(game.num_players)
    return Environment(rules=rules, layout=layout, game=game)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Table:
    """One table between two decisions."""

    hand: poker.State
    log: tokens.EventLog
    rotation: jax.Array  # int32: player p sits in seat (p - rotation) mod P
    hands: jax.Array  # int32: hands finished here, which numbers the current one
    voluntary: jax.Array  # bool[P]: the seat has put chips in before the flop of its own will
    raised: jax.Array  # bool[P]: the seat has raised before the flop


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Decision:
    """What the seat to act at one table reads and may do."""

    token: jax.Array  # int32[layout.width]
    amounts: jax.Array  # int32[A], engine actions in chips
    mask: jax.Array  # bool[A]
    seat: jax.Array  # int32
    hand: jax.Array  # int32: number of the hand at this table
    legal: poker.Legal


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one action brought. All but `kind` and `street` count only where `done`."""

    done: jax.Array  # bool: the hand ended
    rewards: jax.Array  # float32[P], big blinds, by seat; 0 unless done
    kind: jax.Array  # int32: FOLDED, CHECKED, CALLED or RAISED of `tokens`
    street: jax.Array  # int32: the street on which the action fell
    showdown: jax.Array  # bool: the hand ended with two or more seats left
    voluntary: jax.Array  # bool[P]
    raised: jax.Array  # bool[P]
    won: jax.Array  # float32: the reward of player 0, who is the one that learns where the others do not


BOARDS = 8  # that an all-in's reward is the mean of
SHOE_HANDS = 4  # a table, in a shoe; the learner deals by number instead


def new_shoe(environment: Environment, batch: int, key: jax.Array) -> poker.Shoe:
    """The shoe of `batch` tables; a hand's extra words draw its stacks. Consumes the key."""
    return poker.new_shoe(environment.rules, key, SHOE_HANDS * batch, num_extra=_num_stack_words(environment))


def take_hands(environment: Environment, shoe: poker.Shoe, wanted: jax.Array):
    """Deals, stakes and the shoe without them for the tables [B] that want a hand (bool[B])."""
    deal, extra, shoe = poker.take_hands(environment.rules, shoe, wanted)
    return deal, draw_stakes(environment, extra, wanted.shape), shoe


def numbered_hands(
    environment: Environment, key: jax.Array, table_numbers: jax.Array, hands: jax.Array
) -> tuple[poker.Deal, poker.Stakes]:
    """Deal hand number `hands` int32[B] of the tables that have these numbers int32[B].

    Cards and stacks are a function of key, table and hand alone, beside whichever other tables they are dealt.
    """
    rules = environment.rules
    bits = poker.words_at(key, num_bits(environment), table_numbers, hands)
    cards, words = bits[: rules.num_cards], bits[rules.num_cards :]
    deal = poker.deal_from_bits(rules, cards)
    hole, board = compute_once(([list(cards) for cards in deal.hole], list(deal.board)))
    strengths = compute_once([poker.strength([*cards, *board]) for cards in hole])
    deal = poker.Deal(
        hole=jnp.stack([jnp.stack(cards) for cards in hole]),
        board=jnp.stack(board) if board else deal.board,
        strengths=jnp.stack(strengths),
    )
    stakes = draw_stakes(environment, jnp.stack(words) if words else jnp.zeros((0,), jnp.uint32), table_numbers.shape)
    return deal, stakes


def num_bits(environment: Environment) -> int:
    """Random words (uint32) that one `fresh_hand` consumes."""
    return environment.rules.num_cards + _num_stack_words(environment)


def _num_stack_words(environment: Environment) -> int:
    """Random words that the stacks of a hand take: none, one for all, or one a seat."""
    game = environment.game
    if game.shortest_stack == game.deepest_stack or environment.rules.stacks is not None:
        return 0
    return environment.num_players if game.unequal_stacks else 1


def fresh_hand(environment: Environment, bits: jax.Array) -> tuple[poker.Deal, poker.Stakes]:
    """Deal cards and draw starting stacks from uint32[num_bits] (unbatched)."""
    deal = poker.deal_from_bits(environment.rules, bits[: environment.rules.num_cards])
    return deal, draw_stakes(environment, bits[environment.rules.num_cards :])


def draw_stakes(environment: Environment, words: jax.Array, shape: tuple[int, ...] = ()) -> poker.Stakes:
    """Stakes with starting stacks drawn log-uniformly by random words (uint32), for a batch of that shape."""
    game, players = environment.game, environment.num_players
    if words.shape[0] == 0:
        stack = round(game.shortest_stack * game.big_blind)
        return stakes_for(environment, _constants(environment.rules.stacks or [stack] * players, shape))
    depth = game.shortest_stack * (game.deepest_stack / game.shortest_stack) ** poker.uniform(words)
    stacks = jnp.round(depth * game.big_blind).astype(jnp.int32)
    return stakes_for(environment, jnp.broadcast_to(stacks, (players, *shape)))


def stakes_for(environment: Environment, stacks: jax.Array) -> poker.Stakes:
    """The game's blinds and antes with these starting stacks, int32[P, ...] in chips."""
    rules, game, players, shape = environment.rules, environment.game, environment.num_players, stacks.shape[1:]
    blinds = [game.big_blind, game.small_blind] if players == 2 else [game.small_blind, game.big_blind]
    return poker.Stakes(
        stacks=stacks,
        blinds=_constants(rules.blinds or blinds + [0] * (players - 2), shape),
        antes=_constants(rules.antes or [game.ante] * players, shape),
        big_blind=jnp.full(shape, rules.big_blind or game.big_blind, jnp.int32),
    )


def _constants(amounts: Sequence[int], shape: tuple[int, ...]) -> jax.Array:
    """One amount a seat, the same at every table of a batch of that shape."""
    return jnp.stack([jnp.full(shape, amount, jnp.int32) for amount in amounts])


def seat_players(environment: Environment, deal: poker.Deal, stakes: poker.Stakes, rotation: jax.Array) -> Table:
    """A table at the start of its first hand."""
    players = environment.num_players
    hand = poker.start(environment.rules, deal, stakes)
    nobody = jnp.zeros((players, *hand.actor.shape), bool)
    return Table(
        hand=hand,
        log=tokens.empty_log(players, hand.actor.shape),
        rotation=jnp.asarray(rotation, jnp.int32),
        hands=jnp.zeros_like(hand.actor),
        voluntary=nobody,
        raised=nobody,
    )


def first_player(environment: Environment, table: Table) -> jax.Array:
    """The seat of player 0, int32."""
    return -table.rotation % environment.num_players


def read(environment: Environment, table: Table) -> Decision:
    """The decision that the table waits for."""
    state = table.hand
    legal = poker.legal(environment.rules, state)
    may_raise = jnp.ones_like(legal.raises)
    if environment.rules.max_raises is None:
        # From here on at most 4P checks and calls can follow, which keeps the hand within its limit.
        may_raise = table.log.count < environment.hand_limit - 4 * environment.num_players
    amounts, mask = menu.offer(environment.bet_sizes, state, legal, may_raise)
    token = tokens.decision_token(environment.rules, environment.layout, state, legal, table.log)
    return Decision(token=token, amounts=amounts, mask=mask, seat=state.actor, hand=table.hands, legal=legal)


def play(
    environment: Environment, table: Table, action: jax.Array, legal: poker.Legal, words: jax.Array | None = None
) -> tuple[Table, Outcome]:
    """Play an engine action (chips).

    With random `words` uint32[C, ...] an all-in is rewarded its mean over boards (`env.allin`).
    """
    before = table.hand
    after = poker.act(environment.rules, before, action)
    log, kind = tokens.record(table.log, before, after, legal)
    preflop = before.street == 0
    pays = (kind == tokens.CALLED) | (kind == tokens.RAISED)
    voluntary, raised = [], []
    for seat in range(environment.num_players):
        acts = preflop & (before.actor == seat)
        voluntary.append(table.voluntary[seat] | (acts & pays))
        raised.append(table.raised[seat] | (acts & (kind == tokens.RAISED)))
    played = dataclasses.replace(
        table, hand=after, log=log, voluntary=jnp.stack(voluntary), raised=jnp.stack(raised)
    )
    live = sum(1 - folded.astype(jnp.int32) for folded in after.folded)
    payoffs = after.payoffs
    if words is not None:
        strengths = allin.board_strengths(environment.rules, before, words, boards=BOARDS)
        payoffs = allin.allin_payoffs(environment.rules, before, after, strengths)
    rewards = payoffs.astype(jnp.float32) / after.min_bet.astype(jnp.float32)
    outcome = Outcome(
        done=after.done,
        rewards=rewards,
        kind=kind,
        street=before.street,
        showdown=after.done & (live > 1),
        voluntary=played.voluntary,
        raised=played.raised,
        won=menu.choose(rewards, first_player(environment, table)),
    )
    return played, outcome


def next_hand(environment: Environment, table: Table, deal: poker.Deal, stakes: poker.Stakes) -> Table:
    """Start the next hand where the last one is over.

    The button moves one seat with every hand, so each player sits everywhere equally often.
    """
    done = table.hand.done
    fresh = seat_players(environment, deal, stakes, (table.rotation + 1) % environment.num_players)
    fresh = dataclasses.replace(fresh, hands=table.hands + 1)
    return jax.tree.map(lambda new, old: jnp.where(done, new, old), fresh, table)


def step(
    environment: Environment, table: Table, action: jax.Array, legal: poker.Legal,
    next_deal: poker.Deal, next_stakes: poker.Stakes,
) -> tuple[Table, Outcome]:  # fmt: skip
    """Play an engine action (chips), and start the next hand where this one ended."""
    table, outcome = play(environment, table, action, legal)
    return next_hand(environment, table, next_deal, next_stakes), outcome
