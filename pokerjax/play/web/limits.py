"""How much one client may ask: tables and their idle time, rates, and sizes of messages."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from pokerjax.play.session import Session

MAX_BODY = 64 * 1024  # bytes of a message
MAX_TEXT_BODY = 1024 * 1024  # of a hand history
BODY_SECONDS = 10.0  # that a message may take to arrive


class Refused(Exception):
    """A request that is not served: a status and one sentence."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """What a server allows."""

    tables: int = 32
    idle_seconds: float = 1800.0  # after which a table may be given to somebody else
    requests_per_second: float = 30.0  # of one address
    burst: int = 90
    clients: int = 1000  # addresses that are remembered


class Rates:
    """A token bucket for each address."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic):
        self._limits, self._clock = limits, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # address: tokens, when

    def take(self, address: str) -> None:
        """Count a request. Raises `Refused` when there were too many."""
        now = self._clock()
        tokens, before = self._buckets.pop(address, (float(self._limits.burst), now))
        tokens = min(tokens + (now - before) * self._limits.requests_per_second, float(self._limits.burst))
        self._buckets[address] = (max(tokens - 1, 0.0), now)
        while len(self._buckets) > self._limits.clients:
            self._buckets.popitem(last=False)
        if tokens < 1:
            raise Refused(429, "Too many requests: wait a second.")


@dataclasses.dataclass
class Seated:
    """A table and who may speak to it: whoever knows its token."""

    session: Session
    used: float
    lock: asyncio.Lock = dataclasses.field(default_factory=asyncio.Lock)


class Tables:
    """The tables of a server, by their tokens."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic):
        self._limits, self._clock = limits, clock
        self._tables: dict[str, Seated] = {}

    def __len__(self) -> int:
        return len(self._tables)

    def check_room(self) -> None:
        """Raise `Refused` when a table cannot be added."""
        self._idle()

    def _idle(self) -> str | None:
        """The table that has to give way to a new one; None where there is room. Raises `Refused`."""
        if len(self._tables) < self._limits.tables:
            return None
        oldest = min(self._tables, key=lambda token: self._tables[token].used)
        idle = self._clock() - self._tables[oldest].used
        if idle < self._limits.idle_seconds or self._tables[oldest].lock.locked():
            raise Refused(503, f"All {self._limits.tables} tables are taken: close one, or come back later.")
        return oldest

    def add(self, session: Session) -> str:
        """Open a table, in place of an idle one if there is no room; its token. Raises `Refused`."""
        if idle := self._idle():
            del self._tables[idle]
        token = secrets.token_urlsafe(18)
        self._tables[token] = Seated(session, self._clock())
        return token

    def find(self, token: object) -> Seated:
        """The table of a token. Raises `Refused`."""
        seated = self._tables.get(token) if isinstance(token, str) else None
        if seated is None:
            raise Refused(404, "There is no such table (any more): open a new one.")
        seated.used = self._clock()
        return seated

    def close(self, token: object) -> None:
        """Close a table, if it is there."""
        if isinstance(token, str):
            self._tables.pop(token, None)
