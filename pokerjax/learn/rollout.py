"""Self-play: every table adds T decisions, each by one cached step of the model.

Hands that are unfinished when a rollout ends are not cut: their decisions so far, the `prefix`, are carried to
the next rollout, whose first act is to read them again with the current parameters (one teacher-forced pass
that fills the cache). A hand has at most R decisions (`Environment.hand_limit`), so R places of prefix always
hold all of it, and every decision is trained exactly once an epoch: when its hand has ended.

Axes: B tables, T decisions of the rollout, R places of the prefix, W = R + T, P seats of the layout, A menu entries.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import jax
import jax.numpy as jnp

from pokerjax import poker
from pokerjax.env import allin, menu, tables, tokens
from pokerjax.env.tables import Decision, Environment, Outcome, Table
from pokerjax.learn import slips
from pokerjax.learn.opponents import Opponents
from pokerjax.learn.sharding import table_numbers
from pokerjax.model.attention import NO_SEGMENT, Cache, segment
from pokerjax.model.transformer import Model, Parameters, masked_log_policy, sample


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Steps:
    """Recorded decisions; leading axes [B, W] (or [T, B] while a rollout is under way)."""

    tokens: jax.Array  # int32[..., width]
    secrets: jax.Array  # int32[..., 4P - 3]: for the critic
    segments: jax.Array  # int32: hand * P + seat, NO_SEGMENT where there is no decision
    learns: jax.Array  # bool: the policy that learns has decided, not an opponent
    masks: jax.Array  # bool[..., A]
    actions: jax.Array  # int32: entry of the menu
    log_policy: jax.Array  # float32[..., A]: of the policy that learns, when it was asked
    slips: jax.Array | None  # float32[..., A]: of trembling, by what it slips to; None where nobody trembles
    values: jax.Array  # float32[..., 1 or A]: the critic's predictions then, of state or actions, in starting depths
    state_values: jax.Array  # float32: their mean under the policy then
    done: jax.Array  # bool: the action ended the hand
    rewards: jax.Array  # float32[..., P]: big blinds by seat where done


def empty_prefix(model: Model, batch: int, *, slips: bool = False) -> Steps:
    """The prefix of a first rollout: R places without a decision, leading axes [B, R]; `slips` if seats tremble."""
    environment, num_values = model.environment, model.num_values
    shape = (batch, environment.hand_limit)
    return Steps(
        tokens=jnp.zeros((*shape, environment.layout.width), jnp.int32),
        secrets=jnp.zeros((*shape, 4 * environment.layout.num_players - 3), jnp.int32),
        segments=jnp.full(shape, NO_SEGMENT, jnp.int32),
        learns=jnp.zeros(shape, bool),
        masks=jnp.zeros((*shape, environment.num_actions), bool),
        actions=jnp.zeros(shape, jnp.int32),
        log_policy=jnp.zeros((*shape, environment.num_actions), jnp.float32),
        slips=jnp.zeros((*shape, environment.num_actions), jnp.float32) if slips else None,
        values=jnp.zeros((*shape, num_values), jnp.float32),
        state_values=jnp.zeros(shape, jnp.float32),
        done=jnp.zeros(shape, bool),
        rewards=jnp.zeros((*shape, environment.layout.num_players), jnp.float32),
    )


def carry_prefix(environment: Environment, window: Steps, current_hand: jax.Array) -> Steps:
    """The last R places of a window [B, W], emptied where the hand is not the table's `current_hand` int32[B]."""
    last = jax.tree.map(lambda x: x[:, -environment.hand_limit :], window)
    keep = last.segments // environment.layout.num_players == current_hand[:, None]
    segments = jnp.where(keep, last.segments, NO_SEGMENT)
    return dataclasses.replace(last, segments=segments, done=jnp.zeros_like(last.done))  # what goes on has no end


def fresh_tables(environment: Environment, batch: int, key: jax.Array) -> Table:
    """`batch` tables at the start of a hand, their buttons spread over the players; arrays end in the axis B."""
    numbers = jnp.arange(batch)
    deal, stakes = tables.numbered_hands(environment, key, numbers, jnp.zeros_like(numbers))
    return tables.seat_players(environment, deal, stakes, numbers % environment.num_players)


def rollout(
    model: Model, params: Parameters, by_size: Sequence[Table], prefix: Steps, key: jax.Array, *, length: int,
    environments: Sequence[Environment] | None = None, opponents: Opponents | None = None,
    all_in_equity: bool = False, exploration: float = 0.0, tremble: jax.Array | float | None = None,
    random_seats: float = 0.0, character_key: jax.Array | None = None,
) -> tuple[tuple[Table, ...], Steps, tuple[Outcome, ...]]:  # fmt: skip
    """Play `length` decisions at every table, at the last ones against `opponents`; `key` is consumed.

    `by_size` has the tables of each of the `environments`, which are the model's, or table sizes of the same game:
    as many of each size, in the order of the prefix. All sizes are one batch to the model. Opponents want one size.
    With `all_in_equity` an all-in is rewarded its mean over boards. A share `exploration` of the actions is drawn
    evenly, or a share `tremble` by the characters of the seats (`slips`), which is part of the game, and so of the
    values of states; with a `tremble`, be it 0, a share `random_seats` of the seats plays all of its hand at random.
    Nobody slips at tables with opponents.
    All that is random is a function of the key, the number of the table (`sharding.table_numbers`) and the time or
    the hand there, so tables play the same on however many devices; characters are of `character_key`, which must be
    the same in every rollout, since hands go on (without one, they last for this rollout).
    The tables' arrays end in the axis B, all others begin with it. Returns the tables after it, the window
    [B, R + T] of prefix and rollout, and the outcomes [T, ..., B] of each size.
    """
    batch = prefix.segments.shape[0]
    deal_key, action_key = jax.random.split(key)
    with jax.named_scope("rollout"):
        play = _SelfPlay(
            model=model, params=model.in_compute_type(params), environments=environments or (model.environment,),
            opponents=opponents, opposed_from=batch - (opponents.num_tables if opponents else 0),
            all_in_equity=all_in_equity, exploration=exploration, tremble=tremble, random_seats=random_seats,
            numbers=table_numbers(batch), deal_key=deal_key, action_key=action_key,
            opponent_key=jax.random.fold_in(key, 2), board_key=jax.random.fold_in(key, 3),
            character_key=jax.random.fold_in(key, 5) if character_key is None else character_key,
        )  # fmt: skip
        carry = (tuple(by_size), *play.read(prefix))
        (by_size, *_), (steps, outcomes) = jax.lax.scan(play.step, carry, jnp.arange(length))
        steps = jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), steps)
        window = jax.tree.map(lambda old, new: jnp.concatenate([old, new], axis=1), prefix, steps)
    return by_size, window, outcomes


@dataclasses.dataclass(frozen=True, kw_only=True)
class _SelfPlay:
    """What stays as it is over the decisions of a rollout, and how a decision is made at all tables."""

    model: Model
    params: Parameters
    environments: Sequence[Environment]
    opponents: Opponents | None
    opposed_from: int  # the first table with opponents; B where there is none
    all_in_equity: bool
    exploration: float
    tremble: jax.Array | float | None
    random_seats: float
    numbers: jax.Array  # int32[B], of the tables
    deal_key: jax.Array
    action_key: jax.Array
    opponent_key: jax.Array
    board_key: jax.Array
    character_key: jax.Array

    def read(self, prefix: Steps) -> tuple[Cache, Cache | None]:
        """The caches of the model and of the opponents after the prefix."""
        # The ring's place j holds prefix place j; step t overwrites place t mod R, by then R decisions old.
        _, _, cache = self.model.sequence(self.params, prefix.tokens, prefix.segments)
        opposed = prefix.tokens[self.opposed_from :], prefix.segments[self.opposed_from :]
        return cache, self.opponents.read(*opposed) if self.opponents else None

    def step(self, carry, time: jax.Array):
        """One decision at every table: `carry` is the tables of each size and both caches."""
        by_size, cache, theirs = carry
        layout, batch = self.model.environment.layout, len(self.numbers)
        with jax.named_scope("engine"):
            decisions = [tables.read(*each) for each in zip(self.environments, by_size, strict=True)]
            token, mask, secrets, segments, street = _joined(
                _seen(layout, *each) for each in zip(decisions, by_size, strict=True)
            )
        careless = self._carelessness(segments // layout.num_players)
        token = token if careless is None else tokens.told(token, careless)
        logits, values, cache = self.model.step_with_critic(self.params, cache, token, segments, secrets, time)
        log_policy = masked_log_policy(logits, mask)
        trembling = self._trembling(mask, street, segments, careless)
        drawn_from = slips.behaviour(log_policy, slips.drawn_with(trembling, mask, self.exploration))
        (word,) = poker.words_at(self.action_key, 1, self.numbers, time)
        actions = sample(drawn_from, poker.uniform(word))
        played = jnp.exp(slips.behaviour(log_policy, trembling)) if values.shape[-1] > 1 else 1.0
        with jax.named_scope("engine"):
            choices = zip(decisions, jnp.split(actions, len(by_size)), strict=True)
            chips = [menu.choose(decision.amounts, entries) for decision, entries in choices]
        learns = jnp.ones((batch,), bool)
        if self.opponents is not None:
            chips[0], learns, theirs = self._answer(by_size[0], chips[0], theirs, time)
        with jax.named_scope("engine"):
            numbers = jnp.split(self.numbers, len(by_size))
            played_on = zip(self.environments, by_size, decisions, chips, numbers, strict=True)
            by_size, outcomes = zip(*(self._play_on(*each, time) for each in played_on), strict=True)
            done, rewards = _joined(_ending(layout, outcome) for outcome in outcomes)
        steps = Steps(
            tokens=token, secrets=secrets, segments=segments, learns=learns, masks=mask, actions=actions,
            log_policy=log_policy, slips=trembling, values=values, state_values=jnp.sum(values * played, axis=-1),
            done=done, rewards=rewards,
        )  # fmt: skip
        return (by_size, cache, theirs), (steps, outcomes)

    def _carelessness(self, hands: jax.Array) -> jax.Array | None:
        """How careless each table is in its hand, float32[B]; None where nobody slips or the model is not told."""
        if self.tremble is None or not self.model.config.told_carelessness:
            return None
        careless = slips.carelessness(self.character_key, self.numbers, hands)
        return jnp.where(self._among_learners, careless, 0.0)

    def _trembling(
        self, mask: jax.Array, street: jax.Array, segments: jax.Array, careless: jax.Array | None
    ) -> jax.Array | None:
        """How often each seat slips to what, float32[B, A]; None where nobody does."""
        share, random_seats = self.tremble, self.random_seats
        if share is not None and careless is not None:
            share, random_seats = slips.among_careless(careless, share, random_seats)
        trembling = slips.of_seats(share, random_seats, self.character_key, mask, street, self.numbers, segments)
        return None if trembling is None else jnp.where(self._among_learners[:, None], trembling, 0.0)

    @property
    def _among_learners(self) -> jax.Array:
        """The tables, bool[B], without frozen opponents: against those who do not slip it would be a handicap."""
        return jnp.arange(len(self.numbers)) < self.opposed_from

    def _answer(self, table: Table, chips: jax.Array, theirs: Cache, time: jax.Array):
        """The actions int32[B] with those of the opponents in them, whether the learner acts, and their cache."""
        assert self.opponents is not None
        environment, first, batch = self.environments[0], self.opposed_from, len(chips)
        learns = (jnp.arange(batch) < first) | (table.hand.actor == tables.first_player(environment, table))
        (word,) = poker.words_at(self.opponent_key, 1, self.numbers[first:], time)
        opposed = jax.tree.map(lambda x: x[..., first:], table)
        chosen, theirs = self.opponents.act(environment, theirs, opposed, poker.uniform(word), time)
        return jnp.where(learns, chips, jnp.concatenate([chips[:first], chosen])), learns, theirs

    def _play_on(
        self, environment: Environment, table: Table, decision: Decision, chips: jax.Array, numbers: jax.Array, time
    ) -> tuple[Table, Outcome]:
        """The tables of one size after these actions, and what those brought."""
        words = None
        if self.all_in_equity:
            words = jnp.stack(poker.words_at(self.board_key, allin.num_words(environment.rules), numbers, time))
        table, outcome = tables.play(environment, table, chips, decision.legal, words)
        deal, stakes = tables.numbered_hands(environment, self.deal_key, numbers, table.hands + 1)
        return tables.next_hand(environment, table, deal, stakes), outcome


def _seen(layout: tokens.Layout, decision: Decision, table: Table) -> tuple[jax.Array, ...]:
    """What the model is given of the decisions of one table size, batch first: tokens, masks, secrets, segments; and
    their streets."""
    segments = segment(decision.hand, decision.seat, layout.num_players)
    secrets = tokens.secrets(layout, table.hand)
    return decision.token.T, decision.mask.T, secrets.T, segments, table.hand.street


def _joined(parts: Iterable[tuple[jax.Array, ...]]) -> list[jax.Array]:
    """One array of each of the parts' first ones, of their second ones, and so on."""
    return [jnp.concatenate(each) for each in zip(*parts, strict=True)]


def _ending(layout: tokens.Layout, outcome: Outcome) -> tuple[jax.Array, jax.Array]:
    """Whether hands ended, and the rewards [B, P] of all seats of the layout."""
    rewards = outcome.rewards.T
    return outcome.done, jnp.pad(rewards, ((0, 0), (0, layout.num_players - rewards.shape[1])))
