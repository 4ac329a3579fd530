"""Recorded provider traffic as values: what was asked, what was answered, and an answer to give again."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import yaml

from parts import ROOT, recordings
from scripted import Answer
from spanglass.call import Response
from spanglass.wire.meter import Meter
from spanglass.wire.recognise import Recognised, recognise

_RECORDINGS = ROOT.parent / "shared" / "recordings"


@dataclass(frozen=True)
class Exchange:
    """One recorded request and its answer; bodies as they were before any content encoding."""

    host: str
    path: str
    asked: bytes
    status: int
    content_type: str
    body: bytes

    @property
    def recognised(self) -> Recognised:
        """What the request's address says."""
        found = recognise("POST", self.host, self.path)
        assert found is not None
        return found

    def read(self, cuts: Sequence[int] = (), *, content: bool = False) -> Response:
        """Read the answer, cut at the given places, as the meter does."""
        meter = Meter(
            self.recognised,
            started_ns=0,
            status=self.status,
            content_type=self.content_type,
            content_encoding=None,
            content=content,
        )
        places = [0, *cuts, len(self.body)]
        for start, end in pairwise(places):
            meter.feed(self.body[start:end], end)
        assert meter.complete
        return meter.response()

    def answer(self, *, piece: int | None = None, gzipped: bool = False) -> Answer:
        """Return the answer for a scripted server to give again.

        Args:
            piece: Bytes of each piece that is sent; None sends all at once.
            gzipped: Encode the body.
        """
        step = piece or len(self.body)
        pieces = [self.body[at : at + step] for at in range(0, len(self.body), step)]
        answer = Answer(pieces, self.status, {"content-type": self.content_type})
        return answer.encoded() if gzipped else answer


def names(provider: str) -> list[str]:
    """Return the name of every recorded exchange with a provider, as parameters of a test; `absent` without any.

    The test takes the exchange by `recorded(provider, name)`, which says what is missing where there are none.
    """
    return list(_read(provider)) or ["absent"]


def recorded(provider: str, name: str) -> Exchange:
    """Return one recorded exchange; skips the test where there are no recordings."""
    recordings(provider)
    return _read(provider)[name]


@cache
def _read(provider: str) -> dict[str, Exchange]:
    return {
        f"{file.stem}-{number}": _exchange(interaction)
        for file in sorted((_RECORDINGS / provider).glob("*.yaml"))
        for number, interaction in enumerate(yaml.safe_load(file.read_text())["interactions"])
    }


def _exchange(interaction: dict[str, Any]) -> Exchange:
    request, response = interaction["request"], interaction["response"]
    address = urlsplit(request["uri"])
    headers = {name.lower(): values[0] for name, values in response["headers"].items()}
    body = response["body"]["string"]
    body = body if isinstance(body, bytes) else body.encode()
    return Exchange(
        address.netloc,
        address.path,
        request["body"].encode(),
        response["status"]["code"],
        headers["content-type"],
        gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body,
    )
