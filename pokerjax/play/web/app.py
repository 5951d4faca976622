"""The application: what each address answers. Everything it knows of poker is in `pokerjax.play`.

A click is one POST and one answer: the views of the table, one for each action that followed. So there is nothing
to keep open, to reconnect or to lose; a page that missed an answer asks for the table again.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pokerjax.agents import Agent
from pokerjax.play import spots, views
from pokerjax.play.session import new_session
from pokerjax.play.study import Study
from pokerjax.play.web.guard import Guard
from pokerjax.play.web.limits import Limits, Rates, Refused, Tables
from pokerjax.play.web.warmup import Warmup

STATIC = Path(__file__).parent / "static"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
AT_ONCE = 2  # requests that think at the same time
Json = dict[str, Any]
Handler = Callable[[Json], Awaitable[Json]]
_log = logging.getLogger("pokerjax.play")


class Api:
    """The handlers, and what they share."""

    def __init__(self, agent: Agent, *, name: str, limits: Limits, study: bool, seed: int | None):
        self.agent, self.name, self.study_mode, self.seed = agent, name, study, seed
        self.tables, self.study, self.warmup = Tables(limits), Study(agent), Warmup(agent)
        self._opened = itertools.count()  # tables, so that each has cards of its own
        self._thinkers = anyio.CapacityLimiter(AT_ONCE)

    async def think(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run something slow in a thread. A ValueError is the client's mistake."""
        try:
            return await anyio.to_thread.run_sync(lambda: function(*arguments), limiter=self._thinkers)
        except ValueError as error:
            raise Refused(400, str(error)) from None

    async def about(self, data: Json) -> Json:
        """The agent that plays here, and whether it is warm."""
        game = self.agent.game
        return {
            "name": self.name,
            "parameters": self.agent.model.num_parameters,
            "sizes": list(game.sizes),
            "big_blind": game.big_blind,
            "small_blind": game.small_blind,
            "ante": game.ante,
            "depths": [game.shortest_stack, game.deepest_stack],
            "bet_sizes": list(game.bet_sizes),
            "study": self.study_mode,
            "told_carelessness": self.agent.can_be_told,
            "warmup": self.warmup.status(),
        }

    async def open(self, data: Json) -> Json:
        """A new table, up to the human's first turn."""
        players, stack = _number(data, "players", int), _number(data, "stack_bb", float)
        study = bool(data.get("study", self.study_mode))
        self.tables.check_room()
        seed = None if self.seed is None else self.seed + next(self._opened)
        options = {"num_players": players, "stack_bb": stack, "study": study, "seed": seed}
        options["carelessness"] = _number(data, "carelessness", float)
        session = await self.think(lambda: new_session(self.agent, **options))
        shown = await self.think(session.advance)
        return {"table": self.tables.add(session), "views": shown}

    async def at_table(self, data: Json, play: Callable[[Any], Any]) -> Json:
        """Do something at the client's table, one thing at a time."""
        seated = self.tables.find(data.get("table"))
        if seated.lock.locked():
            raise Refused(409, "The table is still busy with your last request.")
        async with seated.lock:
            return {"views": await self.think(play, seated.session)}

    async def show(self, data: Json) -> Json:
        """The table as it is, and its finished hands; an agent whose turn a failure had ended acts now."""
        kept: list[Json] = []

        def play(session: Any) -> Any:
            shown = session.advance()
            kept.extend(views.history_view(session))
            return shown

        return await self.at_table(data, play) | {"history": kept}

    async def deal(self, data: Json) -> Json:
        """The next hand."""
        return await self.at_table(data, lambda session: session.next_hand())

    async def act(self, data: Json) -> Json:
        """The human's action, which names the hand and the decision that it is for."""
        word, amount = data.get("action"), _number(data, "amount", int) or 0
        place = _number(data, "number", int), _number(data, "decision", int)
        if not isinstance(word, str):
            raise Refused(400, "action must be fold, check, call or raise.")

        def play(session: Any) -> Any:
            if place != (session.number, len(session.hand.actions)):
                raise ValueError("That was for another moment of the game: the table has moved on.")
            return session.act(word[:20], amount)

        return await self.at_table(data, play)

    async def set_study(self, data: Json) -> Json:
        """Study mode on or off, from now on."""
        on = data.get("on")
        if not isinstance(on, bool):
            raise Refused(400, "on must be true or false.")

        def play(session: Any) -> Any:
            session.study = on
            return [views.table_view(session)]

        return await self.at_table(data, play)

    async def thoughts(self, data: Json) -> Json:
        """Study mode: the opinions at the decisions of the hand so far.

        They take a while, so they are made from a copy of what the seat sees: the table stays free for a click.
        """
        seated = self.tables.find(data.get("table"))
        if seated.lock.locked():
            raise Refused(409, "The table is still busy with your last request.")
        session = seated.session
        if not session.study:
            raise Refused(400, "Study mode is off: switch it on to see what the agents think during a hand.")
        seat, done = session.seat, session.hand.done
        record = session.hand.record(seat)
        return {"thoughts": await self.think(lambda: views.study_view(session.agent, record, seat, done=done))}

    async def history(self, data: Json) -> Json:
        """One of the table's finished hands, as a replay."""
        number = _number(data, "number", int)

        def play(session: Any) -> Any:
            hands = session.history
            first = session.hands - len(hands)
            if number is None or not first < number <= session.hands:
                raise ValueError(f"Hands {first + 1} to {session.hands} are kept, and none number {number}.")
            return self.study.replay(hands[number - first - 1][0], session.agent.carelessness)

        return (await self.at_table(data, play))["views"]

    async def close(self, data: Json) -> Json:
        """Leave the table."""
        self.tables.close(data.get("table"))
        return {}

    async def spot(self, data: Json) -> Json:
        """The line of a spot, and the chart of one of its decisions."""
        number, hand_class = _number(data, "number", int), data.get("hand_class")
        if hand_class is not None and not isinstance(hand_class, str):
            raise Refused(400, "hand_class must be text.")
        options = {"number": number, "hand_class": hand_class, "carelessness": _number(data, "carelessness", float)}
        return await self.think(lambda: self.study.spot(data.get("spot"), **options))

    async def read(self, data: Json) -> Json:
        """The hands of a pasted text, as spots."""
        hands = await self.think(spots.read_hands, _text(data))
        return {"hands": [_title(hand, i) for i, hand in enumerate(hands)]}

    async def replay(self, data: Json) -> Json:
        """One hand of a pasted text, step by step."""
        number, text = _number(data, "number", int) or 0, _text(data)
        carelessness = _number(data, "carelessness", float)

        def read() -> Json:
            hands = spots.read_hands(text)
            if not 0 <= number < len(hands):
                raise ValueError(f"The text has {len(hands)} hands, numbered from 0, and none number {number}.")
            return self.study.replay(hands[number], carelessness)

        return await self.think(read)


def create_app(
    agent: Agent, *, name: str = "agent", limits: Limits | None = None, study: bool = False,
    seed: int | None = None, hosts: tuple[str, ...] = (), warm: bool = True,
) -> Starlette:  # fmt: skip
    """The application of one agent. hosts: further names of this server; `warm`: compile in the background."""
    limits = limits or Limits()
    api = Api(agent, name=name, limits=limits, study=study, seed=seed)
    posts: dict[str, Handler] = {
        "/api/table": api.open, "/api/show": api.show, "/api/deal": api.deal, "/api/act": api.act,
        "/api/mode": api.set_study, "/api/thoughts": api.thoughts, "/api/history": api.history, "/api/close": api.close,
        "/api/spot": api.spot, "/api/read": api.read, "/api/replay": api.replay,
    }  # fmt: skip
    routes = [Route("/api/about", _answer(api.about), methods=["GET"])]
    routes += [Route(path, _answer(handler), methods=["POST"]) for path, handler in posts.items()]
    routes += [Route(path, _file(file), methods=["GET"]) for path, file in static_files().items()]
    if warm:
        api.warmup.start()
    middleware = [Middleware(Guard, rates=Rates(limits), names=hosts)]
    handlers = {404: _missing, 405: _missing}
    return Starlette(routes=routes, middleware=middleware, exception_handlers=handlers)


def static_files() -> dict[str, Path]:
    """All that is served, by address: the files that lie in the folder now, and nothing that a client names."""
    files = {f"/static/{path.name}": path for path in sorted(STATIC.iterdir()) if path.suffix in TYPES}
    return {"/": STATIC / "index.html", **files}


def _file(path: Path) -> Callable[[Request], Awaitable[Response]]:
    content, kind = path.read_bytes(), TYPES[path.suffix]

    async def serve(request: Request) -> Response:
        return Response(content, media_type=kind)

    return serve


def _answer(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        try:
            data = _parse(await request.body()) if request.method == "POST" else {}
            return JSONResponse(await handler(data))
        except Refused as refusal:
            return JSONResponse({"error": refusal.sentence}, status_code=refusal.status)
        except Exception:
            _log.exception("%s failed", request.url.path)
            return JSONResponse({"error": "The server failed at this; its log says why."}, status_code=500)

    return serve


async def _missing(request: Request, error: Any) -> Response:
    return JSONResponse({"error": "There is nothing at this address."}, status_code=error.status_code)


def _parse(body: bytes) -> Json:
    try:
        data = json.loads(body)
        json.dumps(data, ensure_ascii=False).encode()  # half of a character that takes two cannot be answered
    except UnicodeEncodeError:
        raise Refused(400, "The message has half a character; paste the text anew.") from None
    except (ValueError, RecursionError):
        raise Refused(400, "The message is no JSON.") from None
    if not isinstance(data, dict):
        raise Refused(400, "The message must be a JSON object.")
    return data


def _number(data: Json, name: str, kind: type) -> Any:
    """A number of the message, None if it names none. Raises `Refused`."""
    value = data.get(name)
    if value is None:
        return None
    whole = isinstance(value, int) and not isinstance(value, bool)
    if whole and -(2**31) < value < 2**31:
        return kind(value)
    if kind is float and isinstance(value, float) and abs(value) < 1e9:
        return value
    raise Refused(400, f"{name} must be a {'whole ' if kind is int else ''}number.")


def _text(data: Json) -> str:
    if not isinstance(text := data.get("text"), str):
        raise Refused(400, "text must be a hand history.")
    return text


def _title(hand: Any, number: int) -> Json:
    names = spots.hand_names(hand)
    label = hand.fields.get("hand", number + 1)
    return {"title": f"Hand {label}: {', '.join(names)}"[:120], "spot": spots.spot_from_hand(hand)}
