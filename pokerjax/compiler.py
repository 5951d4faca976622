"""How this project's programs are compiled: options for XLA that were measured to matter."""

from __future__ import annotations

from functools import cache

import jax

# XLA's CPU backend (jax 0.10) fuses elementwise work into its YNN matrix kernels, materialising broadcast
# constants on the way; without that the transformer runs about twice as fast (docs/benchmarks.md).
_CPU_OPTIONS = {"xla_cpu_experimental_ynn_fusion_type": ""}


@cache
def compiler_options() -> dict[str, str] | None:
    """Options for `jax.jit(..., compiler_options=...)` on the default backend; None where none are needed or known."""
    if jax.default_backend() != "cpu":
        return None
    try:
        jax.jit(lambda x: x, compiler_options=_CPU_OPTIONS)(0)
    except jax.errors.JaxRuntimeError:  # a jaxlib that no longer knows the option
        return None
    return _CPU_OPTIONS
