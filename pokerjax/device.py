"""Where a process computes: the device that was asked for, and the cache of compiled programs."""

from __future__ import annotations

import os
from pathlib import Path

import jax

from pokerjax.config import Device, UserError

_CGROUP = Path("/sys/fs/cgroup")  # what limits a container, where there is one


def select(name: Device, *, cpu_devices: int = 0) -> None:
    """Run on the device that was asked for. Raises `UserError` naming what is there when it is not.

    Call it before anything else of JAX is used: `cpu` keeps the accelerators untouched only then. With `cpu_devices`
    a CPU passes for so many devices, which share its cores, unless XLA_FLAGS say how many.
    """
    if cpu_devices > 1 and "host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):
        jax.config.update("jax_num_cpu_devices", cpu_devices)
    if name == "cpu":
        jax.config.update("jax_platforms", "cpu")
    if name not in ("auto", jax.devices()[0].platform):
        remedy = "use --device auto, or install the jax build for it (the extras cuda12, cuda13, tpu)"
        raise UserError(f"--device {name}: there is none here, only {describe()}; {remedy}.")


def describe() -> str:
    """The devices in use, in words: `cpu`, `gpu (NVIDIA H200)`, `8 tpu (TPU v5e)`."""
    devices = jax.devices()
    first = devices[0]
    count = f"{len(devices)} " if len(devices) > 1 else ""
    kind = f" ({first.device_kind})" if first.device_kind.lower() != first.platform else ""
    return f"{count}{first.platform}{kind}"


def memory_bytes() -> int:
    """Memory that one device has: an accelerator's own, or its share of what the system has available."""
    device = jax.local_devices()[0]
    limit = (device.memory_stats() or {}).get("bytes_limit")
    return limit or _available_bytes() // jax.local_device_count()


def _available_bytes() -> int:
    try:
        rows = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(rows["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):  # not Linux
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit, used = (int((_CGROUP / name).read_text()) for name in ("memory.max", "memory.current"))
        kinds = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        used -= int(kinds["inactive_file"]) + int(kinds["active_file"])  # copies of files give way
        return min(available, max(limit - used, 0))
    except (OSError, KeyError, ValueError):  # no limit
        return available


def use_compilation_cache(folder: Path | None = None) -> Path | None:
    """Keep all compiled programs over processes, so only a program's first run on a machine waits for XLA.

    They lie in `folder`, else where JAX_COMPILATION_CACHE_DIR says, else under XDG_CACHE_HOME or ~/.cache; nowhere, and
    None is returned, where that cannot be written.
    """
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    named = jax.config.values.get("jax_compilation_cache_dir")
    if named and not folder:
        return Path(named)
    try:
        place = folder or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pokerjax" / "xla"
        place.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # no folder can be made there, or the user has no home
        return None
    if not os.access(place, os.W_OK):
        return None
    jax.config.update("jax_compilation_cache_dir", str(place))
    return place
