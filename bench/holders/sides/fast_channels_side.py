# mypy: disable-error-code="import-not-found, untyped-decorator, misc, no-any-unimported"
# fast-channels is only installed in the environment that this module runs in.
"""An application with a WebSocket of fast-channels."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

from fast_channels.consumer.websocket import AsyncWebsocketConsumer
from fast_channels.layers import get_channel_layer, has_layers, register_channel_layer
from fast_channels.layers.redis import RedisPubSubChannelLayer
from fastapi import FastAPI
from starlette.routing import WebSocketRoute

GROUP = "bench"
loop = asyncio.new_event_loop()


class Consumer(AsyncWebsocketConsumer):
    """One client, a member of the group."""

    groups = (GROUP,)
    channel_layer_alias = "chat"

    async def progress(self, event: dict[str, Any]) -> None:
        """Pass an event on."""
        await self.send(
            text_data=json.dumps({"action": "progress", "payload": {"message": event["message"]}})
        )


def set_up() -> None:
    """Make the layer."""
    if not has_layers():
        register_channel_layer(
            "chat", RedisPubSubChannelLayer(hosts=[os.environ["BENCH_BROKER"]], prefix="chat")
        )


def create_app() -> FastAPI:
    """Return the application."""
    set_up()
    app = FastAPI()
    app.router.routes.append(WebSocketRoute("/ws", Consumer.as_asgi()))

    @app.get("/plain")
    async def plain() -> dict[str, str]:
        return {"status": "alive"}

    return app


def publish(text: str) -> None:
    """Tell all clients."""
    set_up()
    loop.run_until_complete(
        get_channel_layer("chat").group_send(GROUP, {"type": "progress", "message": text})
    )
