"""The server as a command runs it: a socket, uvicorn, and the address for people."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import uvicorn

from pokerjax.config import UserError

KEEP_ALIVE_SECONDS = 5
MOST_CONNECTIONS = 200


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `UserError` when there is none to be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, TypeError, UnicodeError) as error:  # the last two for names that no host can have
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        place = f"--host {host} --port {port}"
        raise UserError(f"{place} cannot be listened on ({reason}); choose another host or port.") from None
    listener.listen(128)
    return listener


def server(app: Any) -> uvicorn.Server:
    """The server, not yet started."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


def address(listener: socket.socket) -> str:
    """Where a browser on this machine finds the server."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
