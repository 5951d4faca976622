"""A trace of a few steps for `--profile`, after the compilation and the first hands."""

from __future__ import annotations

from pathlib import Path

import jax

_FIRST_CALL, _LAST_CALL = 3, 5


class Profiler:
    """Traces calls 3 to 5 of the train step. A context manager, so that a stop leaves no trace open."""

    def __init__(self, folder: Path, *, wanted: bool):
        self._folder, self._wanted = folder, wanted
        self._call = 0
        self._tracing = False

    def __enter__(self) -> Profiler:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._tracing:
            jax.profiler.stop_trace()

    def before_call(self) -> None:
        """Count a call of the train step, and start the trace with the first that is wanted."""
        self._call += 1
        if self._wanted and self._call == _FIRST_CALL:
            jax.profiler.start_trace(str(self._folder))
            self._tracing = True

    @property
    def ends_now(self) -> bool:
        """Whether the call just dispatched is the last traced, so that it must be waited for."""
        return self._tracing and self._call == _LAST_CALL

    def after_call(self) -> str:
        """Stop the trace after its last call; then return how to open it, else nothing."""
        if not self.ends_now:
            return ""
        jax.profiler.stop_trace()
        self._tracing = False
        return f"Profile written: pip install xprof, then xprof --logdir {self._folder} shows it."
