"""Single commands to the server at a socket of this machine.

The keeper of the embedded broker sends one a second for as long as the service runs. The client
library would take 10 MB.
"""

from __future__ import annotations

import socket
from pathlib import Path

TIMEOUT_S = 1.0


def send(path: Path, command: str) -> str:
    """Send an inline command, such as `PING`, and return the reply; errors begin with `-`.

    The reply is a simple string, an error or a bulk string (https://valkey.io/topics/protocol/).
    Raises OSError if the server does not reply within `TIMEOUT_S`.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TIMEOUT_S)
        connection.connect(str(path))
        connection.sendall(f"{command}\r\n".encode())
        with connection.makefile("rb") as replies:
            head = replies.readline().decode().rstrip()
            if head.startswith("$"):
                return replies.read(int(head[1:])).decode()
    if not head.startswith(("+", "-")):
        raise ConnectionError("the server closed the connection")
    return head.removeprefix("+")
