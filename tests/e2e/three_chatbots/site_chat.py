"""The second chatbot: streams Gemini to a socket and writes down what was said."""
# Django and Channels come without types:
# mypy: ignore-errors

import logging
import os

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from google import genai
from google.genai.types import HttpOptions
from site_tables import Message

import spanglass

logger = logging.getLogger("site.chat")


class Chat(spanglass.Turns, AsyncWebsocketConsumer):
    """One visitor."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer a question, token by token."""
        del bytes_data
        client = genai.Client(api_key="k", http_options=HttpOptions(base_url=os.environ["GEMINI"]))
        answer = ""
        async for part in await client.aio.models.generate_content_stream(
            model="gemini-2.5-flash", contents=text_data or ""
        ):
            answer += part.text or ""
            await self.send(text_data=part.text or "")
        await database_sync_to_async(Message.objects.create)(question=text_data, answer=answer)
        logger.info("answer written")
        await self.send(text_data="[done]")
        await client.aio.aclose()
