"""A connection as lines: whatever the pieces in which they arrive, however they end."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

from pokerjax.play.acpc.messages import MAX_LINE

_CHUNK = 4096


class Closed(Exception):
    """The other side has left, in one sentence."""


class Lines:
    """Lines to and from one connection. Comments (# and ;) and empty lines are skipped; bytes never pile up."""

    def __init__(self, connection: socket.socket):
        self._connection = connection
        self._received = b""
        self._skipping = False  # the rest of a line that was too long
        with suppress(OSError):  # a pair of local sockets has nothing to wait for
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, line: str, timeout: float = 10.0) -> None:
        """Send a line. Raises `Closed` if the other side is gone, or reads nothing for `timeout` seconds."""
        self._connection.settimeout(timeout)
        try:
            self._connection.sendall(f"{line}\r\n".encode("ascii", "replace"))
        except TimeoutError:
            raise Closed("what is sent is not read") from None
        except OSError:
            raise Closed("the connection was closed") from None

    def read(self, timeout: float | None = None) -> str:
        """The next line. Raises `TimeoutError` after so many seconds, `Closed` at the end, ValueError if too long."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            line, separator, rest = self._received.partition(b"\n")
            if separator:
                self._received = rest
                skipped, self._skipping = self._skipping, False
                text = line.decode("ascii", "backslashreplace").strip("\r \t")
                if not skipped and len(line) <= MAX_LINE and text and text[0] not in "#;":
                    return text
                if skipped or len(line) > MAX_LINE:
                    raise ValueError(f"A line of more than {MAX_LINE} bytes was ignored.")
            else:
                if len(self._received) > MAX_LINE:
                    self._received, self._skipping = b"", True
                self._receive(deadline)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _receive(self, deadline: float | None) -> None:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        try:
            received = self._connection.recv(_CHUNK)
        except TimeoutError:
            raise
        except OSError:
            raise Closed("the connection was reset") from None
        if not received:
            raise Closed("the connection was closed")
        self._received += received
