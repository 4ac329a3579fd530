"""Jaeger's API over a store, asked as Grafana's data source asks."""

import asyncio
from collections.abc import Mapping, Sequence

import httpx

from spanglass.server.access import Access
from spanglass.server.allowance import Allowance
from spanglass.server.api.application import application
from spanglass.server.api.questions import Questions
from spanglass.server.counters import Counters
from spanglass.server.store.protocol import Store


class DataSource:
    """A data source whose URL is `http://localhost:4400/jaeger`."""

    def __init__(self, store: Store, *, api_key: str | None = None) -> None:
        self._store = store
        self._access = Access("127.0.0.1", api_key=api_key)

    def get(
        self, path: str, params: Mapping[str, str] | Sequence[tuple[str, str]] = (), **headers: str
    ) -> httpx.Response:
        """Return what a GET is answered."""

        async def send() -> httpx.Response:
            questions = Questions(self._store)
            app = application(questions, self._access, counters=Counters(), allowance=Allowance(1000))
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:4400") as client:
                response = await client.get(
                    f"/jaeger{path}",
                    params=httpx.QueryParams(tuple(params.items()) if isinstance(params, Mapping) else tuple(params)),
                    headers=headers,
                )
            questions.close()
            return response

        return asyncio.run(send())
