"""Ctrl-C and SIGTERM: the first asks the loop to save and stop, the second kills."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any


class StopRequest:
    """Whether a signal asked to stop. A context manager: the handlers before it come back."""

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._request)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        for name in self._before:
            signal.signal(name, signal.SIG_DFL)
        # Not print: the signal may have interrupted one, and buffered streams are not reentrant.
        os.write(2, b"\nSaving and stopping after this step; again quits at once.\n")
