"""Compiling ahead: what the first click would wait for is done in the background while the page says so."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from pokerjax.agents import Agent
from pokerjax.play import spots, views
from pokerjax.play.session import Session
from pokerjax.play.study import Study

_log = logging.getLogger("pokerjax.play")


class Warmup:
    """A thread that plays a hand and studies a spot at each table size that the agent knows."""

    def __init__(self, agent: Agent):
        self._agent = agent
        self._done, self._failed = 0, False
        self._steps: list[tuple[str, Callable[[], Any]]] = []
        for players in agent.game.sizes:
            self._steps.append((f"a table of {players}", lambda players=players: self._play(players)))
        for players in agent.game.sizes:
            self._steps.append((f"the study of {players} players", lambda players=players: self._study(players)))

    def start(self) -> threading.Thread:
        """Begin. The thread ends with the process."""
        thread = threading.Thread(target=self.run, name="warm-up", daemon=True)
        thread.start()
        return thread

    def run(self) -> None:
        """Do all steps; one that fails is logged, and the page is as slow at first as it would be without."""
        for name, step in self._steps:
            try:
                step()
            except Exception:
                _log.exception("warming up %s failed", name)
                self._failed = True
            self._done += 1

    def status(self) -> dict[str, Any]:
        """How far it is; `play` says whether a table can be opened without waiting for the compiler."""
        done, steps = self._done, self._steps
        doing = steps[done][0] if done < len(steps) else None
        return {"done": done, "of": len(steps), "doing": doing, "play": done >= len(self._agent.game.sizes)}

    def _play(self, players: int) -> None:
        session = Session(self._agent, num_players=players, seed=0)
        session.advance()
        if not session.hand.done:
            session.act("call" if session.hand.legal.call_amount else "check")
        # Whoever acts first has a decision even where the others folded before it was our turn.
        fresh = Session(self._agent, num_players=players, seed=1)
        fresh.agent.act(fresh.hand.observe(fresh.hand.actor))

    def _study(self, players: int) -> None:
        session = Session(self._agent, num_players=players, seed=2)
        record = session.hand.record(session.seat)
        study = Study(self._agent)
        study.spot(spots.spot_from_hand(record))
        study.replay(record)
        views.study_view(self._agent, record, session.seat, done=False)
