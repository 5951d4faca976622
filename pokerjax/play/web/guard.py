"""What every request must keep, before anything reads it: host, origin, rate, kind and size. Pure ASGI.

The page is for one machine: a foreign site must not reach it through a visitor's browser. So a request must name
this server as its host (against DNS rebinding), and whatever changes something must come from the server's own
page (`Origin`) and be JSON, which no plain form of another site can send.
"""

from __future__ import annotations

import ipaddress
import json
from typing import Any

import anyio

from pokerjax.play.web.limits import BODY_SECONDS, MAX_BODY, MAX_TEXT_BODY, Rates, Refused

TEXT_PATHS = ("/api/read", "/api/replay")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]


class Guard:
    """Middleware that refuses what is not in order and gives every answer its headers."""

    def __init__(self, app: Any, *, rates: Rates, names: tuple[str, ...] = ()):
        """names: hosts beside this machine's own addresses by which the server may be called."""
        self._app, self._rates, self._names = app, rates, names

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *HEADERS]}
            await send(message)

        try:
            self._check(scope)
            body = await _read_body(scope, receive) if scope["method"] == "POST" else b""
        except Refused as refusal:
            await send_json(send_guarded, refusal.status, {"error": refusal.sentence})
            return

        async def receive_read() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, receive_read, send_guarded)

    def _check(self, scope: Any) -> None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._is_own(host):
            raise Refused(403, f"This server is not called {_shown(host)}: use the address that it printed.")
        self._rates.take(scope["client"][0] if scope.get("client") else "")
        if scope["method"] in ("GET", "HEAD"):
            return
        if scope["method"] != "POST":
            raise Refused(405, "Only GET and POST are served.")
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin not in (f"http://{host}", f"https://{host}"):  # what stands before it may add the encryption
            where = _shown(origin) or "nowhere"
            raise Refused(403, f"Requests must come from this server's own page, not from {where}.")
        if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != b"application/json":
            raise Refused(415, "Messages must be JSON (content-type application/json).")

    def _is_own(self, host: str) -> bool:
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        name = name.strip("[]").lower()
        if name == "localhost" or name in self._names:
            return True
        try:
            ipaddress.ip_address(name)  # a rebound name is never an address
        except ValueError:
            return False
        return True


async def _read_body(scope: Any, receive: Any) -> bytes:
    most = MAX_TEXT_BODY if scope["path"] in TEXT_PATHS else MAX_BODY
    too_large = Refused(413, f"The message is larger than {most:,} bytes.")
    length = dict(scope["headers"]).get(b"content-length", b"0")
    if length.isdigit() and int(length[:20]) > most:
        raise too_large
    body = b""
    try:
        with anyio.fail_after(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refused(400, "The message was cut off.")
                body += message.get("body", b"")
                if len(body) > most:
                    raise too_large
                if not message.get("more_body", False):
                    return body
    except TimeoutError:
        raise Refused(408, "The message took too long to arrive.") from None


async def send_json(send: Any, status: int, data: Any) -> None:
    """One JSON answer."""
    body = json.dumps(data).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _shown(text: str) -> str:
    return ascii(text)[1:-1][:60]
