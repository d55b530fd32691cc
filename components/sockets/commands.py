"""The command `flask --app app push GROUP MESSAGE`."""

from __future__ import annotations

import json
import re

import click

from components.sockets.actions import GROUP
from libraries.broker.errors import QueueUnavailable
from libraries.job_manager.events import send_to_group
from libraries.job_manager.ownership import ANONYMOUS


@click.command()
@click.argument("group")
@click.argument("message")
@click.option(
    "--owner",
    default=ANONYMOUS,
    show_default=True,
    help="Owner of the group, if API keys are set.",
)
def push(group: str, message: str, owner: str) -> None:
    """Send MESSAGE to all sockets in GROUP.

    MESSAGE is a JSON object; other text is sent as {"text": MESSAGE}. `client:<client_id>` is the
    group of one socket.
    """
    if not re.fullmatch(GROUP, group):
        raise click.BadParameter(
            "must be 1 to 64 letters, digits or any of _.:-", param_hint="GROUP"
        )
    try:
        body = json.loads(message)
    except ValueError:
        body = None
    try:
        reached = send_to_group(owner, group, body if isinstance(body, dict) else {"text": message})
    except QueueUnavailable as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"Sent to {reached} web process{'' if reached == 1 else 'es'} with a socket in the group."
    )
