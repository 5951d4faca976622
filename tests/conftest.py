"""Settings of the test run: on the CPU, with compiled programs kept over runs."""

from __future__ import annotations

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

from pokerjax import device

device.use_compilation_cache()
