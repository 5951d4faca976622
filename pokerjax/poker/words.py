"""Random words that cost no more than they must: Threefry written out, so that it fuses with what uses it.

`jax.random.bits` runs the same generator as a loop of small programs on a CPU, which costs more than a whole
step of the rules; and a key a table would cost another round of it.
"""

import math

import jax
import jax.numpy as jnp

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def threefry(key: tuple[jax.Array, jax.Array], counter: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
    """Encrypt a counter: two uint32 of any one shape, by Threefry-2x32 in 20 rounds.

    Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011); equal to
    `jax.extend.random.threefry_2x32`.
    """
    schedule = (key[0], key[1], key[0] ^ key[1] ^ jnp.uint32(_PARITY))
    x, y = counter[0] + schedule[0], counter[1] + schedule[1]
    for block in range(5):
        for turn in _ROTATIONS[block % 2]:
            x = x + y
            y = (y << turn | y >> (32 - turn)) ^ x
        x = x + schedule[(block + 1) % 3]
        y = y + schedule[(block + 2) % 3] + jnp.uint32(block + 1)
    return x, y


def random_words(key: jax.Array, count: int, shape: tuple[int, ...] = ()) -> list[jax.Array]:
    """Return `count` arrays uint32[shape] of independent random bits. Consumes the key, of any implementation.

    Word w of lane l is a function of key, w and l alone. shape: fewer than 2**32 lanes in all.
    """
    lanes = jnp.arange(math.prod(shape), dtype=jnp.uint32).reshape(shape)
    return words_at(key, count, lanes, 0)


def words_at(key: jax.Array, count: int, lanes: jax.Array, turn: jax.Array | int) -> list[jax.Array]:
    """As `random_words`, for lanes that are named and at one of many turns: `count` arrays uint32 shaped like `lanes`.

    Word w of lane l at turn t is a function of key, w, l and t alone, so it is the same wherever the lane is
    computed. Consumes the key for this `count`. turn: whole number, or one a lane; those of one key lie less than
    2**32 / count apart.
    """
    halves = jax.random.key_data(key).reshape(-1)
    lanes, pairs = lanes.astype(jnp.uint32), (count + 1) // 2
    first = jnp.broadcast_to(jnp.asarray(turn, jnp.uint32) * jnp.uint32(pairs), lanes.shape)
    words: list[jax.Array] = []
    for pair in range(pairs):
        words += threefry((halves[0], halves[1]), (lanes, first + jnp.uint32(pair)))
    return words[:count]


def uniform(word: jax.Array) -> jax.Array:
    """A number in [0, 1) from random bits, float32 from uint32."""
    return (word >> 8).astype(jnp.float32) * 2.0**-24
