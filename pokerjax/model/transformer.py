"""The poker language model: a pre-norm transformer over decision tokens with a policy and a value head.

It is built as Flax NNX modules and used through a functional boundary: `Model` splits the module once into a
static graph and a tree of parameters, and its methods are pure functions of that tree, for `jit`, `scan` and
`grad` outside. Shapes: B tables, S decisions, R places of the ring, D width, A menu entries.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from pokerjax.config import Config, ModelConfig
from pokerjax.env.tables import Environment
from pokerjax.model import features
from pokerjax.model.attention import NO_SEGMENT, Attention, Cache, banded_mask

Parameters = Any  # a tree of float32 arrays; some in the compute type after `in_compute_type`


class Block(nnx.Module):
    """Attention and feed-forward, each behind a norm and added to the residual stream."""

    def __init__(self, config: ModelConfig, dtype: jnp.dtype, rngs: nnx.Rngs):
        """The shapes come from the config."""
        width, hidden = config.d_model, config.d_model * config.mlp_ratio
        scale = (2 * config.n_layers) ** -0.5
        self.attention_norm = nnx.RMSNorm(width, rngs=rngs)
        self.attention = Attention(width, config.n_heads, config.kv_heads, scale, dtype, rngs)
        self.mlp_norm = nnx.RMSNorm(width, rngs=rngs)
        up_init, down_init = nnx.initializers.normal(width**-0.5), nnx.initializers.normal(scale * hidden**-0.5)
        self.up = nnx.Linear(width, hidden, use_bias=False, kernel_init=up_init, dtype=dtype, rngs=rngs)
        self.down = nnx.Linear(hidden, width, use_bias=False, kernel_init=down_init, dtype=dtype, rngs=rngs)

    def mlp(self, x: jax.Array) -> jax.Array:
        """The feed-forward layer, added to the stream.

        Squared ReLU (So et al., arXiv:2109.08668): unlike GELU's, its gradient costs no tanh.
        """
        return x + self.down(jnp.square(jax.nn.relu(self.up(self.mlp_norm(x)))))


def of_critic(path: tuple[Any, ...]) -> bool:
    """Whether a parameter, by its path in `Parameters`, is the critic's, which acts on nothing."""
    return "critic_" in jax.tree_util.keystr(path)


class Network(nnx.Module):
    """Embedding, blocks and heads."""

    def __init__(
        self, config: ModelConfig, num_features: int, num_actions: int, rngs: nnx.Rngs,
        num_secrets: int, num_values: int,
    ):  # fmt: skip
        """Features in, logits and a value out; the critic reads the secrets too and gives `num_values`."""
        dtype = jnp.dtype(config.compute_dtype)
        width = config.d_model
        embed_init = nnx.initializers.normal(0.2)
        self.embed = nnx.Linear(num_features, width, kernel_init=embed_init, dtype=dtype, rngs=rngs)
        self.blocks = nnx.List([Block(config, dtype, rngs) for _ in range(config.n_layers)])
        self.norm = nnx.RMSNorm(width, rngs=rngs)
        # Small heads: the first policy is nearly uniform over the menu and the first values nearly 0.
        small = nnx.initializers.normal(0.01 * width**-0.5)
        self.policy = nnx.Linear(width, num_actions, kernel_init=small, rngs=rngs)
        self.value = nnx.Linear(width, 1, kernel_init=small, rngs=rngs)
        inputs = width + num_secrets
        self.critic_hidden = nnx.Linear(inputs, width, kernel_init=nnx.initializers.normal(inputs**-0.5), rngs=rngs)
        self.critic_value = nnx.Linear(width, num_values, kernel_init=small, rngs=rngs)

    def heads(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Logits [..., A] and value [...] in float32."""
        x = self.norm(x).astype(jnp.float32)
        return self.policy(x), self.value(x)[..., 0]

    def critic(self, x: jax.Array, secrets: jax.Array) -> jax.Array:
        """Values [..., 1 or A] from the stream and the features of the hidden cards; no gradient reaches the stream.

        So the hidden cards train the critic alone: they reach no parameter that acts.
        """
        x = jax.lax.stop_gradient(self.norm(x).astype(jnp.float32))
        hidden = jnp.square(jax.nn.relu(self.critic_hidden(jnp.concatenate([x, secrets], axis=-1))))
        return self.critic_value(hidden)


@dataclasses.dataclass(frozen=True)
class Model:
    """The functional boundary: pure functions of a parameter tree. Static and hashable by its configs."""

    environment: Environment
    config: ModelConfig
    threshold: float = 0.0
    """Who acts leaves out what it would do with a smaller probability (`acting_model`); 0 for the policy as trained."""

    @cached_property
    def _abstract(self) -> Any:
        return nnx.split(nnx.eval_shape(lambda: self._network(jax.random.key(0))))

    def _network(self, key: jax.Array) -> Network:
        inputs = features.num_features(
            self.environment.layout, self.rivals, carelessness=self.config.told_carelessness
        )
        secrets = features.num_secret_features(self.environment.layout.num_players)
        return Network(self.config, inputs, self.environment.num_actions, nnx.Rngs(key), secrets, self.num_values)

    def init(self, key: jax.Array) -> Parameters:
        """Fresh float32 parameters as plain nested dictionaries."""
        return nnx.to_pure_dict(nnx.split(self._network(key))[1])

    @property
    def rivals(self) -> int:
        """Hands that a token's own is compared with."""
        return self.config.rivals if self.environment.rules.hole_cards == 2 else 0

    @property
    def num_values(self) -> int:
        """Values that the critic gives: one of the state, or one an action."""
        return self.environment.num_actions if self.config.critic == "action" else 1

    @cached_property
    def num_parameters(self) -> int:
        """Parameters in all."""
        shapes = jax.eval_shape(self.init, jax.random.key(0))
        return sum(leaf.size for leaf in jax.tree.leaves(shapes))

    @cached_property
    def num_matmul_parameters(self) -> int:
        """Parameters that a token multiplies: 2 FLOP each forward, 4 backward."""
        shapes = jax.eval_shape(self.init, jax.random.key(0))
        return sum(leaf.size for leaf in jax.tree.leaves(shapes) if leaf.ndim == 2)

    def log_policy(self, logits: jax.Array, mask: jax.Array) -> jax.Array:
        """Log-probabilities [..., A] of who acts: over the entries on offer that are no rarer than the threshold.

        The others get -1e30. Thresholding: Ganzfried, Sandholm and Waugh, "Strategy purification and thresholding"
        (AAMAS 2012).
        """
        log_policy = masked_log_policy(logits, mask)
        if not self.threshold:
            return log_policy
        least = jnp.minimum(jnp.log(self.threshold), jnp.max(log_policy, axis=-1, keepdims=True))
        return masked_log_policy(log_policy, mask & (log_policy >= least))

    def in_compute_type(self, params: Parameters) -> Parameters:
        """The same parameters, those matrices that are multiplied in the compute type already in it.

        For many steps with the same parameters: a loop would convert them again in each. They give the same results.
        """
        dtype = jnp.dtype(self.config.compute_dtype)

        def matrices(tree: Parameters) -> Parameters:
            return jax.tree.map(lambda x: x.astype(dtype) if x.ndim > 1 else x, tree)

        return {**params, **{name: matrices(params[name]) for name in ("embed", "blocks")}}

    def _merge(self, params: Parameters) -> Network:
        graph, abstract = self._abstract
        state = jax.tree.map(lambda x: x, abstract)  # a copy, since the next line writes into it
        nnx.replace_by_pure_dict(state, params)
        return nnx.merge(graph, state)

    def _embed(self, network: Network, tokens: jax.Array) -> jax.Array:
        flat = tokens.reshape(-1, tokens.shape[-1])
        layout, told = self.environment.layout, self.config.told_carelessness
        vectors = jax.vmap(lambda token: features.features(layout, token, self.rivals, carelessness=told))(flat)
        return network.embed(vectors).reshape(*tokens.shape[:-1], -1)

    def sequence(self, params: Parameters, tokens_BxSxW: jax.Array, segments_BxS: jax.Array):
        """One teacher-forced pass: logits [B, S, A], values [B, S] (in starting depths), and a `Cache` of length S."""
        with jax.named_scope("model"):
            network = self._merge(params)
            x, cache = self._sequence(network, tokens_BxSxW, segments_BxS)
            return *network.heads(x), cache

    def sequence_with_critic(self, params: Parameters, tokens_BxSxW, segments_BxS, secrets_BxSxK):
        """As `sequence`, for the update: logits, the seat's own values, and the critic's [B, S]."""
        with jax.named_scope("model"):
            network = self._merge(params)
            x, _ = self._sequence(network, tokens_BxSxW, segments_BxS)
            return *network.heads(x), network.critic(x, self._secrets(secrets_BxSxK))

    def _sequence(self, network: Network, tokens_BxSxW: jax.Array, segments_BxS: jax.Array):
        x = self._embed(network, tokens_BxSxW)
        # A sequence shorter than a hand can last is one block of its own length.
        mask = banded_mask(segments_BxS, min(self.environment.hand_limit, segments_BxS.shape[1]))
        keys, values = [], []
        for block in network.blocks:
            mixed, k, v = block.attention(block.attention_norm(x), mask)
            x = block.mlp(x + mixed)
            keys.append(k)
            values.append(v)
        return x, Cache(keys=tuple(keys), values=tuple(values), segments=segments_BxS)

    def _secrets(self, secrets: jax.Array) -> jax.Array:
        players = self.environment.layout.num_players
        flat = secrets.reshape(-1, secrets.shape[-1])
        vectors = jax.vmap(lambda one: features.secret_features(players, one))(flat)
        return vectors.reshape(*secrets.shape[:-1], -1)

    def empty_cache(self, *batch: int, places: int | None = None) -> Cache:
        """A ring that holds nothing for a batch of tables, of the R places of a hand or of so many."""
        shape, config = (*batch, places or self.environment.hand_limit), self.config
        width = config.d_model // config.n_heads * config.kv_heads
        blank = [jnp.zeros((*shape, width), config.compute_dtype) for _ in range(2 * config.n_layers)]
        segments = jnp.full(shape, NO_SEGMENT, jnp.int32)
        return Cache(keys=tuple(blank[0::2]), values=tuple(blank[1::2]), segments=segments)

    def step(self, params: Parameters, cache: Cache, tokens_BxW: jax.Array, segments_B: jax.Array, time: jax.Array):
        """One cached step at `time` (any rising count): logits [B, A], values [B], the cache with the token in it."""
        with jax.named_scope("model"):
            network = self._merge(params)
            x, cache = self._step(network, cache, tokens_BxW, segments_B, time)
            return *network.heads(x), cache

    def step_with_critic(self, params: Parameters, cache: Cache, tokens_BxW, segments_B, secrets_BxK, time):
        """As `step`, for the rollout: the value is the critic's, which knows the hidden cards."""
        with jax.named_scope("model"):
            network = self._merge(params)
            x, cache = self._step(network, cache, tokens_BxW, segments_B, time)
            return network.heads(x)[0], network.critic(x, self._secrets(secrets_BxK)), cache

    def _step(self, network: Network, cache: Cache, tokens_BxW, segments_B, time):
        x = self._embed(network, tokens_BxW)
        index = time % cache.segments.shape[1]
        ring = jax.lax.dynamic_update_slice_in_dim(cache.segments, segments_B[:, None], index, axis=1)
        mask = ring == segments_B[:, None]
        keys, values = [], []
        for i, block in enumerate(network.blocks):
            mixed, k, v = block.attention.step(block.attention_norm(x), cache.keys[i], cache.values[i], mask, index)
            x = block.mlp(x + mixed)
            keys.append(k)
            values.append(v)
        return x, Cache(keys=tuple(keys), values=tuple(values), segments=ring)


def acting_model(environment: Environment, config: Config) -> Model:
    """The model of an agent that only acts.

    On a CPU it computes in float32, which is twice as fast there as bfloat16 and finer. Mirror descent stops lowering
    what has become rarer than its floor, so what is left of that is no choice of the policy's, and is left out.
    """
    on_cpu = jax.default_backend() == "cpu"
    model = dataclasses.replace(config.model, compute_dtype="float32") if on_cpu else config.model
    return Model(environment, model, config.learn.probability_floor if config.learn.objective == "mirror" else 0.0)


def masked_log_policy(logits: jax.Array, mask: jax.Array) -> jax.Array:
    """Log-probabilities [..., A] over the entries on offer; the others get -1e30."""
    return jax.nn.log_softmax(jnp.where(mask, logits, -1e30), axis=-1)


def at_temperature(params: Parameters, temperature: float) -> Parameters:
    """Parameters of the same network with its logits divided by `temperature`: below 1 what is likely gets likelier."""
    return {**params, "policy": jax.tree.map(lambda leaf: leaf / temperature, params["policy"])}


def at_carelessness(params: Parameters, carelessness: float) -> Parameters:
    """Parameters of the same network, one with `told_carelessness`, that is always told this one, from 0 to 1."""
    kernel, knots = params["embed"]["kernel"], len(features.KNOTS)
    told = features.between_knots(jnp.float32(carelessness)) @ kernel[-knots:]
    kernel = jnp.concatenate([kernel[:-knots], jnp.broadcast_to(told, (knots, kernel.shape[1]))])
    return {**params, "embed": {**params["embed"], "kernel": kernel}}


def sample(log_policy: jax.Array, uniform: jax.Array) -> jax.Array:
    """Entries drawn by inverse CDF, int32[B]: from log-probabilities [B, A] and one uniform in [0, 1) each.

    An entry of probability 0 is never drawn: its step of the CDF has no width.
    """
    cdf = jnp.cumsum(jnp.exp(log_policy), axis=-1)
    below = jnp.sum(cdf <= uniform[:, None] * cdf[:, -1:], axis=-1)
    last_offered = jnp.max(jnp.where(log_policy > -1e29, jnp.arange(log_policy.shape[-1]), 0), axis=-1)
    return jnp.minimum(below, last_offered).astype(jnp.int32)
