"""The configuration of a run: frozen, typed, checked, and the same thing in a file, a flag and a checkpoint.

`Config` is what `configs/*.py` instantiate, what every flag of `bin/train.py` overrides, and what
`config.json` in a run folder records. Nothing here imports jax: a mistake is reported before a device starts.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

Device = Literal["auto", "cpu", "gpu", "tpu"]


class UserError(Exception):
    """A user's mistake: one sentence that names the value, the rule and the remedy; exit status 2."""


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

    def with_stacks(self, stack_bb: float) -> GameConfig:
        """The same game with every starting stack that many big blinds deep."""
        return dataclasses.replace(self, shortest_stack=stack_bb, deepest_stack=stack_bb, unequal_stacks=False)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The size of the transformer."""

    d_model: int = 448
    """Width of the residual stream."""
    n_layers: int = 6
    """Pre-norm causal blocks."""
    n_heads: int = 8
    """Attention heads; must divide d_model."""
    n_kv_heads: int = 0
    """Heads of keys and values, each shared by as many attention heads; must divide n_heads. 0: all of n_heads."""
    mlp_ratio: int = 4
    """Width of the feed-forward layer, in multiples of d_model."""
    critic: Literal["state", "action"] = "state"
    """What the critic of the training values: the state, or every action in it (Expected SARSA)."""
    rivals: int = 128
    """Hands, spread evenly over all of two cards, that a token's own hand is compared with on the board it sees: the
    share that it beats is a feature. 0: none, and always so in games of one card."""
    told_carelessness: bool = False
    """Tell the model how careless its table is, from 0 to 1, drawn for each hand of the training: the slips of all
    seats, in the mean, rise to --tremble at 0.75, and from there the share of seats at random to --random-seats. One
    agent so learns to play among the careful and the careless. It acts as among seats that never slip, unless it is
    told otherwise (--carelessness of bin/evaluate.py)."""
    compute_dtype: Literal["float32", "bfloat16"] = "float32"
    """Type of the matrix products; parameters, softmax, logits and advantages stay float32."""

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values, G."""
        return self.n_kv_heads or self.n_heads


@dataclasses.dataclass(frozen=True, kw_only=True)
class LearnConfig:
    """The learner: rollout, returns, the policy's objective and the averaged policy."""

    objective: Literal["ppo", "mirror"] = "ppo"
    """How the policy improves: PPO's clipped gradient, or mirror descent on its logits (needs --critic action)."""

    parallel_games: int = 0
    """Tables stepped at once. 0: what suits the device."""
    rollout_length: int = 128
    """Decisions each table adds per iteration."""
    batch_size: int = 0
    """Decisions in a minibatch, of whole tables: the nearest number that divides them. 0: an eighth of the rollout."""
    epochs: int = 1
    """Passes over each rollout."""
    iterations_per_call: int = 1
    """Iterations that one call of the compiled train step scans."""
    learning_rate: float = 3e-4
    """Adam's step at the start; annealed over num_games."""
    learning_rate_end: float = 0.0
    """Share of it that is left at the end: annealed geometrically to it, or linearly to 0."""
    critic_learning_rate: float = 0.0
    """Adam's step for the critic alone, the same throughout. 0: the policy's. A critic that learns as slowly as an
    annealed policy lags behind it (docs/learning.md)."""
    momentum: float = 0.9
    """Adam's decay of the mean gradient. Small games want 0: what lags behind the policy makes it cycle."""
    max_grad_norm: float = 1.0
    """Global norm at which gradients are clipped."""
    clip: float = 0.2
    """PPO's ratio clip."""
    dual_clip: float = 3.0
    """Bound on ratio x advantage for negative advantages (dual-clip PPO)."""
    value_coefficient: float = 0.5
    """Weight of the value loss."""
    entropy_coefficient: float = 0.05
    """PPO's weight of the entropy bonus at the start, in the unit of its advantages, their spread where about as much
    is at stake (learn/spread.py); annealed over num_games."""
    entropy_end: float = 0.0
    """Share of it that is left at the end, as learning_rate_end."""
    magnet_coefficient: float = 0.02
    """PPO's weight of the KL divergence to the averaged policy, in the same unit, kept to the end. It bounds how fast
    the policy moves: 0.3 held hold'em back (docs/learning.md)."""
    magnet_half_life: float = 0.05
    """Half-life of the averaged parameters as a share of the run."""
    temperature: float = 0.5
    """Mirror descent's weight of the entropy at the start, in big blinds; annealed geometrically over num_games."""
    temperature_end: float = 0.03
    """Share of it that is left at the end."""
    mirror_step: float = 0.1
    """Mirror descent's step at the start: what a big blind of advantage adds to a logit; annealed like temperature."""
    probability_floor: float = 0.0025
    """Mirror descent leaves the logit of an action alone that is rarer than this and that it would make rarer still.
    When the policy acts, what is rarer has probability 0."""
    exploration: float = 0.0
    """Mirror descent's share of the actions of the rollout that are drawn evenly; what is learnt stays the policy
    without them. Under PPO seats slip instead."""
    tremble: float = 0.0
    """How often the learner slips in the mean of its seats, as part of the game: each seat of each hand is dealt its
    share of slips, mostly next to none, and what it slips to. PPO learns to play well among such seats, and so against
    lines that it would not take itself. Agents act without slips, and so do all at tables with a frozen opponent."""
    tremble_end: float = 1.0
    """Share of it that is left at the end, as learning_rate_end."""
    random_seats: float = 0.0
    """Share of the seats that play the whole hand at random, as part of the game too: seats of each hand, whatever they
    would slip to. It buys much from careless players, at a price against good ones (docs/learning.md)."""
    gae_lambda: float = 0.95
    """Lambda of the generalised advantage estimate; gamma is 1. In mirror descent heads-up every decision of both
    seats bootstraps, and 1 is unbiased all the same."""
    all_in_equity: bool = False
    """Reward an all-in with its mean over the boards to come instead of the one that comes."""
    opponent: Literal["self", "checkpoint"] = "self"
    """Who sits in the other seats: the policy that learns, or the frozen agent of --checkpoint, which is exploited."""
    copy_target: bool = False
    """Start an exploiter as a copy of the agent that it exploits, with that agent's model and bet sizes in place of
    its own."""
    target_stack_bb: float = 0.0
    """Stacks, in big blinds, at which the frozen agent is exploited. 0: as deep as it was trained."""
    pool_share: float = 0.0
    """Share of the tables that play against snapshots of the run instead of the policy that learns."""
    pool_size: int = 8
    """Snapshots in the pool, spread evenly over the run."""

    @property
    def has_slips(self) -> bool:
        """Whether some of what seats do is not their policy's, as part of the game."""
        return self.tremble > 0 or self.random_seats > 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunConfig:
    """How long, where and what is kept."""

    num_games: int = 1_000_000
    """Hands to play."""
    seed: int = 0
    """Seed of everything random."""
    device: Device = "auto"
    """Where to run: auto takes the best there is."""
    num_devices: int = 0
    """Devices that share the tables out, those of all hosts together; must divide them. 0: all there are."""
    accumulation: int = 0
    """Parts that a minibatch is computed in, one after the other: the same update with less memory. 0: what suits the
    device, the whole on an accelerator, and on a CPU parts of up to 2,048 places, which its caches hold better."""
    coordinator: str = ""
    """For a run of several processes: HOST:PORT of process 0; auto under Slurm, Open MPI, Kubernetes, on a TPU pod."""
    num_processes: int = 0
    """Processes of the run, where --coordinator names a host."""
    process_id: int = 0
    """Number of this process among them, from 0."""
    run_dir: str = ""
    """Folder of the run. Empty: runs/<name of the config>."""
    resume: bool = False
    """Go on with the run in run_dir from its newest checkpoint."""
    checkpoint: str = ""
    """A checkpoint, run folder or exported agent whose averaged policy the run starts from (--table-sizes and stacks
    may be others than its own), or plays against with --opponent checkpoint."""
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
    """Scripted players met in these evaluations: random, always_call, always_all_in, tight_aggressive, rock, pot_odds.
    The mean against the first two picks the best checkpoint."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """All of a run. Flags drop the group names: `--d-model 64`, not `--model.d-model 64`."""

    game: GameConfig = GameConfig()
    model: ModelConfig = ModelConfig()
    learn: LearnConfig = LearnConfig()
    run: RunConfig = RunConfig()


GROUPS = {"game": GameConfig, "model": ModelConfig, "learn": LearnConfig, "run": RunConfig}
# What a config means that was recorded before there was such a field, where that is not today's default.
_BEFORE = {"model": {"rivals": 0}}


def require(condition: bool, sentence: str) -> None:
    """Raise `UserError(sentence)` unless the condition holds."""
    if not condition:
        raise UserError(sentence)


def to_json(config: Config) -> dict[str, Any]:
    """The config as nested plain dictionaries, lists and numbers."""
    return dataclasses.asdict(config)


def from_json(data: dict[str, Any]) -> Config:
    """The config that `to_json` gave. Raises `UserError` naming a field this version does not know."""
    groups: dict[str, Any] = {}
    if not isinstance(data, dict) or not all(isinstance(values, dict) for values in data.values()):
        raise TypeError("a config is recorded as a dictionary of dictionaries")
    for group, kind in GROUPS.items():
        values = _BEFORE.get(group, {}) | data.get(group, {})
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
