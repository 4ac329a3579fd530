"""The site's way in: HTTP to Django, WebSockets to the other two chatbots."""
# Django and Channels come without types:
# mypy: ignore-errors

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

web = get_asgi_application()

from django.urls import path  # noqa: E402 - what uses Django's models is imported once it is set up
from site_agent import DataAgent  # noqa: E402
from site_chat import Chat  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": web,
        "websocket": URLRouter([path("ws/chat/", Chat.as_asgi()), path("ws/agent/", DataAgent.as_asgi())]),
    }
)
