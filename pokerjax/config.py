"""The configuration of a run: frozen, typed, checked, and the same thing in a file, a flag and a checkpoint.

`Config` is what `configs/*.py` instantiate, what every flag of `bin/train.py` overrides, and what
`config.json` in a run folder records. Nothing here imports jax: a mistake is reported before a device starts.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from typing import Any, Literal

Device = Literal["auto", "cpu", "gpu", "tpu"]


class UserError(Exception):
    """A user's mistake: one sentence that names the value, the rule and the remedy; exit status 2."""


OPPONENT_GROUPS = 4  # snapshots met in one iteration
_LONGEST_HAND = {"kuhn": 3, "leduc": 8}  # decisions


@dataclasses.dataclass(frozen=True, kw_only=True)
class GameConfig:
    """The game that is played, its stakes and the action menu."""

    variant: Literal["holdem", "kuhn", "leduc"] = "holdem"
    """No-limit hold'em, or a small game with stakes and bets of its own, whose exploitability is computed exactly."""
    num_players: int = 2
    """Players at a table, 2 to 10; the most there are, where --table-sizes names several."""
    table_sizes: tuple[int, ...] = ()
    """Table sizes that one agent learns at once, the tables shared out evenly. Empty: num_players alone."""
    small_blind: int = 50
    """Small blind in chips."""
    big_blind: int = 100
    """Big blind in chips; the unit of all rewards."""
    ante: int = 0
    """Ante of every player in chips."""
    shortest_stack: float = 100.0
    """Smallest starting stack in big blinds; stacks are drawn log-uniformly up to deepest_stack."""
    deepest_stack: float = 100.0
    """Largest starting stack in big blinds."""
    unequal_stacks: bool = False
    """Draw every seat's stack by itself instead of one depth for the table."""
    bet_sizes: tuple[float, ...] = (0.33, 0.5, 0.75, 1.0, 1.5, 2.0)
    """Bets and raises of the menu as fractions of the pot; fold, check/call and all-in are always there."""
    max_decisions: int = 0
    """Decisions a hand can last: near it the menu stops offering raises. 0: 12 + 6 per player; 3 and 8 are what
    Kuhn and Leduc poker can last."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of players that sit at the tables, in rising order."""
        return self.table_sizes or (self.num_players,)

    @property
    def hand_limit(self) -> int:
        """The bound on the decisions of one hand, which is also the context of the model."""
        return _LONGEST_HAND.get(self.variant) or self.max_decisions or 12 + 6 * self.num_players


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The size of the transformer."""

    d_model: int = 448
    """Width of the residual stream."""
    n_layers: int = 6
    """Pre-norm causal blocks."""
    n_heads: int = 8
    """Attention heads; must divide d_model."""
    mlp_ratio: int = 4
    """Width of the feed-forward layer, in multiples of d_model."""
    critic: Literal["state", "action"] = "state"
    """What the critic of the training values: the state, or every action in it (Expected SARSA)."""
    compute_dtype: Literal["float32", "bfloat16"] = "float32"
    """Type of the matrix products; parameters, softmax, logits and advantages stay float32."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LearnConfig:
    """The learner: rollout, returns, PPO and the averaged policy."""

    parallel_games: int = 0
    """Tables stepped at once. 0: what suits the device."""
    rollout_length: int = 128
    """Decisions each table adds per iteration."""
    batch_size: int = 0
    """Decisions in a minibatch, a multiple of rollout_length. 0: a quarter of the rollout."""
    epochs: int = 1
    """Passes over each rollout."""
    iterations_per_call: int = 1
    """Iterations that one call of the compiled train step scans."""
    learning_rate: float = 3e-4
    """Adam's step at the start; annealed linearly over num_games."""
    learning_rate_end: float = 0.0
    """Share of it that is left at the end."""
    max_grad_norm: float = 1.0
    """Global norm at which gradients are clipped."""
    clip: float = 0.2
    """PPO's ratio clip."""
    dual_clip: float = 3.0
    """Bound on ratio x advantage for negative advantages (dual-clip PPO)."""
    value_coefficient: float = 0.5
    """Weight of the value loss."""
    entropy_coefficient: float = 0.05
    """Weight of the entropy bonus on normalised advantages at the start; annealed linearly over num_games."""
    entropy_end: float = 0.0
    """Share of it that is left at the end."""
    magnet_coefficient: float = 0.1
    """Weight of the KL divergence to the averaged policy, kept to the end."""
    magnet_half_life: float = 0.02
    """Half-life of the averaged parameters as a share of the run."""
    gae_lambda: float = 0.95
    """Lambda of the generalised advantage estimate; gamma is 1."""
    all_in_equity: bool = True
    """Reward an all-in with its mean over the boards to come instead of the one that comes."""
    opponent: Literal["self", "checkpoint"] = "self"
    """Who sits in the other seats: the policy that learns, or the frozen agent of --checkpoint, which is exploited."""
    pool_share: float = 0.0
    """Share of the tables that play against snapshots of the run instead of the policy that learns."""
    pool_size: int = 8
    """Snapshots in the pool, spread evenly over the run."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunConfig:
    """How long, where and what is kept."""

    num_games: int = 1_000_000
    """Hands to play."""
    seed: int = 0
    """Seed of everything random."""
    device: Device = "auto"
    """Where to run: auto takes the best there is."""
    run_dir: str = ""
    """Folder of the run. Empty: runs/<name of the config>."""
    resume: bool = False
    """Go on with the run in run_dir from its newest checkpoint."""
    checkpoint: str = ""
    """A checkpoint or run folder whose parameters the run starts from, or with --opponent checkpoint plays against."""
    profile: bool = False
    """Write a jax.profiler trace of a few iterations to run_dir/logs."""
    checkpoint_every: int = 50
    """Iterations between checkpoints; one is always written at the end."""
    keep: int = 3
    """Newest checkpoints kept, beside the best of those that fall on an evaluation."""
    snapshots: int = 10
    """Checkpoints written and kept besides, spread evenly over num_games and the end among them, for the ladder of
    bin/evaluate.py. 0: none."""
    evaluate_every: int = 50
    """Iterations between evaluations against scripted players. 0: only at the end."""
    evaluate_games: int = 4_000
    """Duplicate hands per opponent in the evaluations during training."""
    opponents: tuple[str, ...] = ("random", "always_call", "tight_aggressive")
    """Scripted players met in these evaluations; the mean against the first two picks the best checkpoint."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """All of a run. Flags drop the group names: `--d-model 64`, not `--model.d-model 64`."""

    game: GameConfig = GameConfig()
    model: ModelConfig = ModelConfig()
    learn: LearnConfig = LearnConfig()
    run: RunConfig = RunConfig()


_GROUPS = {"game": GameConfig, "model": ModelConfig, "learn": LearnConfig, "run": RunConfig}


def require(condition: bool, sentence: str) -> None:
    """Raise `UserError(sentence)` unless the condition holds."""
    if not condition:
        raise UserError(sentence)


def check(config: Config) -> Config:
    """Return the config unchanged, or raise `UserError` naming the first value that breaks a rule."""
    check_types(config)
    _check_game(config.game)
    _check_model(config.model)
    _check_learn(config.learn)
    run = config.run
    _at_least(1, run, "num_games", "checkpoint_every", "keep", "evaluate_games")
    _at_least(0, run, "evaluate_every", "snapshots")
    most = 2**30  # games are counted in int32 on the device, and the last call overshoots
    require(run.num_games <= most, f"{_flag('num_games', run.num_games)} must be at most {most}.")
    check_seed(run.seed)
    exploits = config.learn.opponent == "checkpoint"
    both = "--resume goes on with the run in --run-dir and --checkpoint starts a new one: give only one."
    require(exploits or not (run.resume and run.checkpoint), both)
    missing = "--opponent checkpoint plays against a frozen agent: name its run or checkpoint by --checkpoint."
    require(not exploits or bool(run.checkpoint), missing)
    alone = "--opponent checkpoint leaves no table to --pool-share: set it to 0."
    require(not exploits or config.learn.pool_share == 0, alone)
    opposed = "Frozen opponents (--opponent checkpoint, --pool-share) sit at tables of one size only: name one"
    one_size = len(config.game.sizes) == 1 or not (exploits or config.learn.pool_share)
    require(one_size, f"{opposed} in --table-sizes.")
    return config


def check_seed(seed: int) -> None:
    """Raise `UserError` for a seed that JAX's 32-bit keys do not tell apart."""
    require(0 <= seed < 2**32, f"--seed {seed} must be from 0 to 2**32 - 1.")


def _flag(field: str, value: object) -> str:
    shown = f"{value:g}" if isinstance(value, float) else value
    return f"--{field.replace('_', '-')} {shown}"


def _at_least(least: int, group: object, *fields: str) -> None:
    for field in fields:
        value = getattr(group, field)
        require(value >= least, f"{_flag(field, value)} must be at least {least}.")


def check_types(config: Config) -> None:
    """Keep lists and strings out: tyro types the flags, but a config file may hold anything."""
    for group, kind in _GROUPS.items():
        values = getattr(config, group)
        require(type(values) is kind, f"config.{group} must be a {kind.__name__}, not {values!r}.")
        for name, wanted in typing.get_type_hints(kind).items():
            shown = wanted.__name__ if wanted in (bool, int, float, str) else str(wanted).split("typing.")[-1]
            value = getattr(values, name)
            require(_has_type(value, wanted), f"{group}.{name} = {value!r} must be of type {shown}.")


def _has_type(value: Any, wanted: Any) -> bool:
    if typing.get_origin(wanted) is Literal:
        return value in typing.get_args(wanted)
    if typing.get_origin(wanted) is tuple:
        return isinstance(value, tuple) and all(_has_type(v, typing.get_args(wanted)[0]) for v in value)
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, (int, float) if wanted is float else wanted)


def _check_game(game: GameConfig) -> None:
    if game.variant != "holdem":
        own = [field.name for field in dataclasses.fields(game) if field.name != "variant"]
        changed = [name for name in own if getattr(game, name) != getattr(GameConfig(), name)]
        rule = f"--variant {game.variant} has players, stakes and bets of its own"
        require(not changed, f"{rule}: leave out {', '.join(_flag(name, getattr(game, name)) for name in changed)}.")
        return
    players = (
        f"{_flag('num_players', game.num_players)} is outside 2 to 10; choose a table size in that range."
    )
    require(2 <= game.num_players <= 10, players)
    shown = " ".join(map(str, game.sizes))
    within = min(game.sizes) >= 2 and max(game.sizes) <= game.num_players
    sizes_rule = f"must rise from 2 at least to --num-players {game.num_players} at most"
    require(within and list(game.sizes) == sorted(set(game.sizes)), f"--table-sizes {shown} {sizes_rule}.")
    _at_least(1, game, "big_blind")
    for field in ("small_blind", "ante"):
        value = getattr(game, field)
        rule = f"must lie between 0 and the big blind ({game.big_blind})"
        require(0 <= value <= game.big_blind, f"{_flag(field, value)} {rule}.")
    shortest, deepest = game.shortest_stack, game.deepest_stack
    ends = f"{_flag('shortest_stack', shortest)} and {_flag('deepest_stack', deepest)}"
    rule = "must satisfy 1 <= shortest <= deepest <= 2000 big blinds"
    require(1 <= shortest <= deepest <= 2000, f"{ends} {rule}.")
    forced = game.big_blind + game.ante
    require(
        shortest * game.big_blind > forced,
        f"{_flag('shortest_stack', shortest)} big blinds do not outlast big blind and ante ({forced} chips),"
        " and somebody must have a decision; choose deeper stacks.",
    )
    sizes = game.bet_sizes
    require(len(sizes) <= 16, f"--bet-sizes has {len(sizes)} entries, and the menu takes at most 16.")
    rising = all(math.isfinite(s) and s > 0 for s in sizes) and list(sizes) == sorted(set(sizes))
    shown = " ".join(f"{s:g}" for s in sizes)
    require(rising, f"--bet-sizes {shown} must be positive pot fractions in rising order.")
    least = 6 * game.num_players
    limit = f"{_flag('max_decisions', game.max_decisions)} is too small for {game.num_players} players"
    require(game.hand_limit >= least, f"{limit}; use 0 or at least {least}.")


def _check_model(model: ModelConfig) -> None:
    _at_least(1, model, "d_model", "n_layers", "n_heads", "mlp_ratio")
    width, heads = model.d_model, model.n_heads
    remedy = f"use --n-heads {_nearest_divisor(width, heads)} or another --d-model"
    require(width % heads == 0, f"--n-heads {heads} does not divide --d-model {width}; {remedy}.")


def _nearest_divisor(number: int, wanted: int) -> int:
    return min((d for d in range(1, number + 1) if number % d == 0), key=lambda d: abs(d - wanted))


def _check_learn(learn: LearnConfig) -> None:
    _at_least(1, learn, "rollout_length", "epochs", "iterations_per_call", "pool_size")
    _at_least(0, learn, "parallel_games", "batch_size")
    for field in ("learning_rate", "max_grad_norm", "clip", "magnet_half_life"):
        value = getattr(learn, field)
        require(math.isfinite(value) and value > 0, f"{_flag(field, value)} must be a positive number.")
    require(learn.dual_clip > 1, f"{_flag('dual_clip', learn.dual_clip)} must be above 1 (3 is usual).")
    for field in ("value_coefficient", "entropy_coefficient", "magnet_coefficient"):
        value = getattr(learn, field)
        require(math.isfinite(value) and value >= 0, f"{_flag(field, value)} must not be negative.")
    for field in ("gae_lambda", "learning_rate_end", "entropy_end", "pool_share"):
        value = getattr(learn, field)
        require(0 <= value <= 1, f"{_flag(field, value)} must lie between 0 and 1.")
    if learn.parallel_games:
        check_batch(learn, learn.parallel_games)


def check_batch(learn: LearnConfig, parallel_games: int) -> int:
    """Return how many tables make a minibatch, or raise `UserError` when the sizes don't fit."""
    length = learn.rollout_length
    rollout = parallel_games * length
    batch = learn.batch_size or max(parallel_games // 4, 1) * length
    tables, rest = divmod(batch, length)
    shown = f"--batch-size {batch}"
    sizes = f"the rollout of {parallel_games} tables x {length} decisions = {rollout}"
    require(batch <= rollout, f"{shown} is larger than {sizes}; lower it or raise --parallel-games.")
    whole = f"must be a multiple of --rollout-length {length}, since minibatches are made of whole tables"
    require(rest == 0, f"{shown} {whole}.")
    divides = f"does not divide --parallel-games {parallel_games}; choose sizes that divide"
    require(parallel_games % tables == 0, f"{shown} is {tables} tables, which {divides}.")
    return tables


def check_size(game: GameConfig, num_players: int) -> None:
    """Raise `UserError` unless agents of this game know tables of that size."""
    known = " or ".join(map(str, game.sizes))
    given = f"--num-players {num_players} is a table that the agent does not know"
    require(num_players in game.sizes, f"{given}; it was trained for {known}.")


def check_sizes(game: GameConfig, parallel_games: int) -> int:
    """Return how many tables each table size gets, or raise `UserError` when they cannot be shared out evenly."""
    each, rest = divmod(parallel_games, len(game.sizes))
    rule = f"cannot be shared out evenly over the {len(game.sizes)} table sizes; choose a multiple"
    require(rest == 0, f"{_flag('parallel_games', parallel_games)} {rule}.")
    return each


def check_pool(share: float, size: int, parallel_games: int) -> int:
    """Return how many tables play against the pool, or raise `UserError` when they cannot be shared out."""
    groups = min(size, OPPONENT_GROUPS)
    tables = round(share * parallel_games / groups) * groups
    rule = f"of {parallel_games} tables are fewer than the {groups} groups that meet different snapshots"
    require(share == 0 or tables > 0, f"{_flag('pool_share', share)} {rule}; raise it or --parallel-games.")
    return min(tables, parallel_games // groups * groups)


def to_json(config: Config) -> dict[str, Any]:
    """The config as nested plain dictionaries, lists and numbers."""
    return dataclasses.asdict(config)


def from_json(data: dict[str, Any]) -> Config:
    """The config that `to_json` gave. Raises `UserError` naming a field this version does not know."""
    groups: dict[str, Any] = {}
    for group, kind in _GROUPS.items():
        values = data.get(group, {})
        unknown = sorted(set(values) - {field.name for field in dataclasses.fields(kind)})
        remedy = "which this version of pokerjax does not know; use the version that wrote it"
        require(not unknown, f"The recorded config has the field {group}.{' '.join(unknown)}, {remedy}.")
        groups[group] = kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
    return Config(**groups)


def differences(ours: Config, theirs: Config, *groups: str) -> list[str]:
    """What differs in these groups, one `name ours / theirs` a field, in the order of the schema."""
    found = []
    for group in groups:
        mine, other = getattr(ours, group), getattr(theirs, group)
        for field in dataclasses.fields(mine):
            a, b = getattr(mine, field.name), getattr(other, field.name)
            if a != b:
                found.append(f"{field.name} {_plain(a)} / {_plain(b)}")
    return found


def _plain(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
