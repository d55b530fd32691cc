# mypy: disable-error-code="import-not-found, untyped-decorator, misc, no-any-unimported"
# fast-channels is only installed in the environment of this module.
"""Application with a fast-channels WebSocket."""

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
    """One client in the group."""

    groups = (GROUP,)
    channel_layer_alias = "chat"

    async def progress(self, event: dict[str, Any]) -> None:
        await self.send(
            text_data=json.dumps({"action": "progress", "payload": {"message": event["message"]}})
        )


def set_up() -> None:
    if not has_layers():
        register_channel_layer(
            "chat", RedisPubSubChannelLayer(hosts=[os.environ["BENCH_BROKER"]], prefix="chat")
        )


def create_app() -> FastAPI:
    set_up()
    app = FastAPI()
    app.router.routes.append(WebSocketRoute("/ws", Consumer.as_asgi()))

    @app.get("/plain")
    async def plain() -> dict[str, str]:
        return {"status": "alive"}

    return app


def publish(text: str) -> None:
    set_up()
    loop.run_until_complete(
        get_channel_layer("chat").group_send(GROUP, {"type": "progress", "message": text})
    )
