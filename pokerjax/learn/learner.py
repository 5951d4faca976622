"""The learner: rollout, returns, PPO and averaging as one donated, compiled train step.

    iteration:  rollout (B tables x T decisions)  ->  returns  ->  PPO epochs over minibatches  ->  average

`Learner.step` scans `iterations_per_call` iterations on the device and calls nothing on the host. All that a
run needs to go on exactly is in `LearnerState`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cached_property, partial

import jax
import jax.numpy as jnp
import optax
from jax.sharding import NamedSharding, PartitionSpec

from pokerjax.checks import OPPONENT_GROUPS, check_devices, check_pool, check_sizes, minibatch_tables
from pokerjax.compiler import compiler_options
from pokerjax.config import Config, require
from pokerjax.env.tables import make_environment
from pokerjax.learn import losses, opponents, schedules, sharding
from pokerjax.learn.memory import check_memory, choose_parts, choose_tables
from pokerjax.learn.returns import weighted_mean
from pokerjax.learn.rollout import Steps, carry_prefix, empty_prefix, fresh_tables, rollout
from pokerjax.learn.sharding import total
from pokerjax.learn.state import LearnerState, arranged, specs
from pokerjax.learn.statistics import poker_statistics
from pokerjax.learn.targets import Targets, make_targets
from pokerjax.model.transformer import Model, Parameters, masked_log_policy, of_critic


@dataclasses.dataclass(frozen=True)
class Target:
    """The agent that a run exploits."""

    model: Model
    params: Parameters


class Learner:
    """The compiled train step of one config. Keep one instance a run: it compiles once."""

    def __init__(self, config: Config, target: Target | None = None):
        """`target` is the frozen opponent of `--opponent checkpoint`. Raises `UserError` when sizes do not fit."""
        self.config = config
        there, wanted = len(jax.devices()), config.run.num_devices
        require(wanted <= there, f"--num-devices {wanted} is more than there are here: {there}.")
        together = f"--num-devices {wanted}: a run of several processes takes all of its {there} devices; leave it out."
        require(wanted in (0, there) or jax.process_count() == 1, together)
        self.num_devices = wanted or there
        self.mesh = sharding.make_mesh(self.num_devices)
        self.model = Model(make_environment(config.game), config.model)
        self.environments = [make_environment(config.game, size) for size in config.game.sizes]
        exploited = target.model if target else None
        self.parallel_games = config.learn.parallel_games or self.num_devices * choose_tables(
            self.model, config, self.num_devices, exploited
        )
        self._tables_each = check_sizes(config.game, self.parallel_games)
        self.batch_tables = minibatch_tables(config.learn, self.parallel_games, self.num_devices)
        self.decisions_per_iteration = self.parallel_games * config.learn.rollout_length
        self._target = target
        self._opposed = exploited or self.model
        pooled = check_pool(config.learn, self.parallel_games)
        self._opposed_tables = self.parallel_games if target else pooled
        check_memory(self.model, config, self.parallel_games // self.num_devices, self.num_devices, exploited)
        groups = 1 if target else min(config.learn.pool_size, OPPONENT_GROUPS)
        check_devices(config, self.num_devices, self._tables_each, self.batch_tables, self._opposed_tables // groups)
        self._optimizer = optax.chain(
            optax.clip_by_global_norm(config.learn.max_grad_norm),
            optax.scale_by_adam(b1=config.learn.momentum, b2=0.99, eps=1e-5),
        )

    @property
    def num_parameters(self) -> int:
        """Parameters of the model."""
        return self.model.num_parameters

    @property
    def has_magnet(self) -> bool:
        """Whether the averaged policy is asked for every decision that is trained."""
        return self.config.learn.objective == "ppo" and self.config.learn.magnet_coefficient > 0

    def init(self, key: jax.Array) -> LearnerState:
        """The state before the first iteration; `key` is consumed."""
        return self._start(key, self._target.params if self._target else None)

    @cached_property
    def _start(self):
        return jax.jit(self._init, out_shardings=self._shardings)

    def _init(self, key: jax.Array, target: Parameters | None) -> LearnerState:
        params_key, table_key, key = jax.random.split(key, 3)
        params = self.model.init(params_key)
        state = LearnerState(
            params=params,
            average=jax.tree.map(jnp.copy, params),
            optimizer=self._optimizer.init(params),
            tables=tuple(
                fresh_tables(environment, self._tables_each, _stream(table_key, number))
                for number, environment in enumerate(self.environments)
            ),
            prefix=empty_prefix(self.model, self.parallel_games, slips=self.config.learn.has_slips),
            pool=self._new_pool(params, target),
            key=key,
            iteration=jnp.zeros((), jnp.int32),
            games=jnp.zeros((), jnp.int32),
        )
        return arranged(state, before=1, after=self.num_devices)

    def starting_from(self, state: LearnerState, average: Parameters) -> LearnerState:
        """A new state with these parameters, as the policy, its average and all snapshots of the pool. Donated."""

        def start(state: LearnerState, average: Parameters) -> LearnerState:
            new = dataclasses.replace(state, params=average, average=jax.tree.map(jnp.copy, average))
            return new if self._target else dataclasses.replace(new, pool=self._new_pool(average, None))

        return jax.jit(start, out_shardings=self._shardings, donate_argnums=0)(state, average)

    def arranged(self, state: LearnerState, *, before: int) -> LearnerState:
        """A state that was saved by so many devices, for those of this learner. Donated."""
        if before == self.num_devices:
            return state
        move = partial(arranged, before=before, after=self.num_devices)
        return jax.jit(move, out_shardings=self._shardings, donate_argnums=0)(state)

    @cached_property
    def _specs(self):
        target = self._target.params if self._target else None
        return specs(jax.eval_shape(self._init, jax.random.key(0), target))

    @cached_property
    def _shardings(self):
        return jax.tree.map(lambda spec: NamedSharding(self.mesh, spec), self._specs)

    def _new_pool(self, params: Parameters, target: Parameters | None) -> opponents.Pool | None:
        if target is not None:
            return opponents.new_pool(target, 1)
        return opponents.new_pool(params, self.config.learn.pool_size) if self._opposed_tables else None

    @cached_property
    def step(self):
        """`state, metrics = step(state)`: donated; metrics are [iterations_per_call] by name."""

        def scan_iterations(state: LearnerState):
            return jax.lax.scan(lambda s, _: self._iteration(s), state, length=self.config.learn.iterations_per_call)

        # Unchecked: what is the same on every device is so by `total`, which the check cannot see through a gradient.
        split, everywhere = self._specs, PartitionSpec()
        step = jax.shard_map(
            scan_iterations, mesh=self.mesh, in_specs=(split,), out_specs=(split, everywhere), check_vma=False
        )
        # Named, or what comes out of one call would look unlike what went in, and the next call would compile again.
        lies = {
            "in_shardings": (self._shardings,),
            "out_shardings": (self._shardings, NamedSharding(self.mesh, everywhere)),
        }
        return jax.jit(step, donate_argnums=0, compiler_options=compiler_options(), **lies)

    def compile(self) -> Callable[[LearnerState], tuple[LearnerState, dict[str, jax.Array]]]:
        """`step` compiled, before there is a state. Takes one with this learner's shardings, as `init` gives it."""
        return self.step.lower(jax.eval_shape(self.init, jax.random.key(0))).compile()

    def _iteration(self, state: LearnerState) -> tuple[LearnerState, dict[str, jax.Array]]:
        learn, model = self.config.learn, self.model
        rollout_key, shuffle_key, key = jax.random.split(state.key, 3)
        tables, window, outcomes, slots = self.play(state, rollout_key)
        progress, rates = self._schedule(state)
        with jax.named_scope("returns"):
            targets, figures = make_targets(model, learn, window, rates)
        if self.has_magnet:
            with jax.named_scope("magnet"):
                targets = dataclasses.replace(targets, magnet=self.log_policy(state.average, window))
        with jax.named_scope("update"):
            params, optimizer, parts = self.update(state, window, targets, rates, shuffle_key)
        games = total(sum(jnp.sum(outcome.done) for outcome in outcomes))
        with jax.named_scope("average"):
            share = games / (self.config.run.num_games * learn.magnet_half_life)
            decay = 0.5**share
            average = jax.tree.map(lambda a, p: decay * a + (1 - decay) * p, state.average, params)
        pool = state.pool
        if pool is not None and slots is not None:
            opposed = self._opposed_tables // sharding.count()
            won, ended = (x[:, -opposed:] for x in (outcomes[0].won, outcomes[0].done))
            mean = 100 * weighted_mean(won, ended.astype(jnp.float32))
            figures["opponents/bb100"] = jnp.where(total(jnp.sum(ended)) > 0, mean, jnp.nan)
            pool = opponents.remember(pool, slots, won, ended)
            pool = pool if self._target else opponents.renew(pool, average, progress)
        state = LearnerState(
            params=params,
            average=average,
            optimizer=optimizer,
            tables=tables,
            prefix=carry_prefix(model.environment, window, jnp.concatenate([table.hands for table in tables])),
            pool=pool,
            key=key,
            iteration=state.iteration + 1,
            games=state.games + games,
        )
        metrics = parts | figures
        for environment, outcome in zip(self.environments, outcomes, strict=True):
            metrics |= poker_statistics(outcome, "poker" if len(outcomes) == 1 else f"poker_{environment.num_players}")
        metrics = jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), metrics)
        metrics |= {
            "optimiser/learning_rate": rates.learning_rate,
            "optimiser/temperature_bb": rates.temperature if learn.objective == "mirror" else
            rates.entropy * figures["advantage/local_std_bb"],
            "run/iteration": state.iteration,  # whole numbers stay int32: float32 is exact only to 2**24
            "run/games": state.games,
        }
        return state, metrics

    def _schedule(self, state: LearnerState) -> tuple[jax.Array, schedules.Rates]:
        """The share of the run that is done, and the rates there."""
        progress = jnp.minimum(state.games / self.config.run.num_games, 1.0)
        return progress, schedules.rates(self.config.learn, progress)

    def play(self, state: LearnerState, key: jax.Array):
        """One rollout of all table sizes: the tables after it, the windows of all in one, the outcomes by size,
        and the slots of the pool that were met."""
        slots, seated, learn = None, None, self.config.learn
        if state.pool is not None:
            slots, frozen = opponents.draw(state.pool, jax.random.fold_in(key, 4))
            opposed = self._opposed_tables // sharding.count()
            frozen = jax.vmap(self._opposed.in_compute_type)(frozen)
            seated = opponents.Opponents(params=frozen, model=self._opposed, num_tables=opposed)
        by_size, window, outcomes = rollout(
            self.model, state.params, state.tables, state.prefix, key, length=learn.rollout_length,
            environments=self.environments, opponents=seated,
            all_in_equity=learn.all_in_equity and self.config.game.variant == "holdem", exploration=learn.exploration,
            tremble=self._schedule(state)[1].tremble if learn.has_slips else None, random_seats=learn.random_seats,
            character_key=jax.random.fold_in(jax.random.key(self.config.run.seed), 5),
        )  # fmt: skip
        return by_size, window, outcomes, slots

    def log_policy(self, params: Parameters, window: Steps) -> jax.Array:
        """Log-policies [B, W, A] of other parameters, as many tables at a time as the update reads at once."""

        def chunk(part):
            tokens, segments, masks = part
            return masked_log_policy(self.model.sequence(params, tokens, segments)[0], masks)

        parts = (window.tokens, window.segments, window.masks)
        log_policy = jax.lax.map(chunk, jax.tree.map(self._split, parts))
        return log_policy.reshape(window.masks.shape)

    def _split(self, x: jax.Array) -> jax.Array:
        return x.reshape(-1, self._part_tables, *x.shape[1:])

    @property
    def _part_tables(self) -> int:
        """Tables that one device reads at once where gradients are taken."""
        tables = self.batch_tables // sharding.count()
        return tables // choose_parts(self.model, self.config, tables)

    def update(self, state: LearnerState, window: Steps, targets: Targets, rates: schedules.Rates, key: jax.Array):
        """Policy and values improved in `epochs` passes of minibatches of whole tables; metrics are their means."""
        learn = self.config.learn

        def loss(params, steps: Steps, goals: Targets):
            logits, values, critic = self.model.sequence_with_critic(
                params, steps.tokens, steps.segments, steps.secrets
            )
            log_policy = masked_log_policy(logits, steps.masks)
            return losses.loss(log_policy, values, critic, steps, goals, rates, learn)

        def moved(path, param, update):
            return param - (rates.critic_learning_rate if of_critic(path) else rates.learning_rate) * update

        def minibatch(carry, tables):
            params, optimizer = carry
            weight = jnp.maximum(total(jnp.sum(targets.weights[tables])), 1.0)

            def part(tables):
                steps, goals = jax.tree.map(lambda x: x[tables], (window, targets))
                goals = dataclasses.replace(goals, weights=goals.weights / weight)
                (_, parts), gradients = jax.value_and_grad(loss, has_aux=True)(params, steps, goals)
                return gradients, parts

            gradients, parts = total(sharding.added_up(part, tables.reshape(-1, self._part_tables)))
            parts["optimiser/gradient_norm"] = optax.tree.norm(gradients)
            updates, optimizer = self._optimizer.update(gradients, optimizer)
            return (jax.tree_util.tree_map_with_path(moved, params, updates), optimizer), parts

        order = sharding.minibatches(key, self.parallel_games, self.batch_tables, learn.epochs)
        (params, optimizer), parts = jax.lax.scan(minibatch, (state.params, state.optimizer), order)
        return params, optimizer, jax.tree.map(jnp.mean, parts)


def _stream(key: jax.Array, number: int) -> jax.Array:
    """A key for each table size, the first one's being the key itself."""
    return jax.random.fold_in(key, 100 + number) if number else key
