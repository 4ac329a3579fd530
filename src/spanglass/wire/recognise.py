"""Which requests are calls to a model: a table of paths beside that of hosts; reads no body by itself.

`recognise` sees every HTTP request of an application, so a miss is one comparison and one look into a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import NamedTuple
from urllib.parse import unquote

from spanglass.call import Request
from spanglass.wire.codec import Codec
from spanglass.wire.hosts import provider_of


class _Route(NamedTuple):
    """One path of one interface.

    Attributes:
        codec: How to read the call: module and name in this package, loaded when such a call is first seen.
        end: What a path on a known host ends with.
        anywhere: Ends that do on any host, if the body agrees.
        family: The provider named where the host is unknown, as the conventions do.
        before_model: What stands before the model in the path; it must be there unless `model_optional`.
        model_optional: Most paths of this interface name no model.
        by_body: The path is one of other calls too, also on a known host, so the body must tell.
    """

    codec: str
    end: str
    anywhere: tuple[str, ...]
    family: str = "openai"
    before_model: str = "/deployments/"  # Azure's
    model_optional: bool = True
    by_body: bool = False


def _claude_on_vertex(end: str) -> _Route:
    return _Route(
        "anthropic_messages.MESSAGES",
        end,
        (end,),
        "gcp.vertex_ai",
        "/publishers/anthropic/models/",
        model_optional=False,
    )


def _google(codec: str, end: str) -> tuple[_Route, ...]:
    places = (
        ("gcp.vertex_ai", "/publishers/google/models/"),
        ("gcp.vertex_ai", "/endpoints/"),  # a model tuned there
        ("gcp.gemini", "/models/"),
        ("gcp.gemini", "/tunedModels/"),
    )
    return tuple([_Route(codec, end, (end,), family, before, model_optional=False) for family, before in places])


def _bedrock(codec: str, end: str, *, by_body: bool = False) -> tuple[_Route, ...]:
    return (_Route(codec, end, (end,), "aws.bedrock", "/model/", model_optional=False, by_body=by_body),)


_COUNTING = "count-tokens:"  # Vertex AI counts Claude's tokens by what looks like a model of this name

# By the path's last segment, or what follows a colon in it.
_ROUTES: dict[str, tuple[_Route, ...]] = {
    "completions": (_Route("openai_chat.CHAT_COMPLETIONS", "/chat/completions", ("/chat/completions",)),),
    "responses": (_Route("openai_responses.RESPONSES", "/responses", ("/v1/responses", "/openai/responses")),),
    "embeddings": (
        _Route("ollama_embeddings.EMBED", "/api/embeddings", ("/api/embeddings",), "ollama"),
        _Route("openai_embeddings.EMBEDDINGS", "/embeddings", ("/v1/embeddings",)),
    ),
    "messages": (_Route("anthropic_messages.MESSAGES", "/v1/messages", ("/v1/messages",), "anthropic"),),
    "rawPredict": (_claude_on_vertex(":rawPredict"),),
    "streamRawPredict": (_claude_on_vertex(":streamRawPredict"),),
    "chat": (_Route("ollama.CHAT", "/api/chat", ("/api/chat",), "ollama"),),
    "generate": (_Route("ollama.GENERATE", "/api/generate", ("/api/generate",), "ollama"),),
    "embed": (_Route("ollama_embeddings.EMBED", "/api/embed", ("/api/embed",), "ollama"),),
    "generateContent": _google("gemini.GENERATE_CONTENT", ":generateContent"),
    "streamGenerateContent": _google("gemini.STREAM_GENERATE_CONTENT", ":streamGenerateContent"),
    "embedContent": _google("gemini_embeddings.EMBED_CONTENT", ":embedContent"),
    "batchEmbedContents": _google("gemini_embeddings.BATCH_EMBED_CONTENTS", ":batchEmbedContents"),
    "predict": (_google("gemini_embeddings.PREDICT", ":predict")[0]._replace(by_body=True),),
    "converse": _bedrock("bedrock_converse.CONVERSE", "/converse"),
    "converse-stream": _bedrock("bedrock_converse.CONVERSE_STREAM", "/converse-stream"),
    "invoke": _bedrock("bedrock_invoke.INVOKE", "/invoke", by_body=True),
    "invoke-with-response-stream": _bedrock(
        "bedrock_invoke.INVOKE_STREAM", "/invoke-with-response-stream", by_body=True
    ),
}


@dataclass(frozen=True, slots=True)
class Recognised:
    """A request that is, or on an unknown host looks like, a call to a model.

    Attributes:
        provider: `gen_ai.provider.name`.
        codec: How to read the call.
        known: The address alone tells, its host being in a table; else the request's body must confirm the call.
        model: The model named by the path, where the path names one (Azure's deployment).
    """

    provider: str
    codec: Codec
    known: bool
    model: str | None = None

    def request(self, body: bytes, *, content: bool = False) -> Request | None:
        """Read what the application asked for.

        Args:
            body: The request's body, decoded from any content encoding.
            content: Also keep messages and tool definitions.

        Returns:
            None where the address does not tell and the body is not such a call: then it is none of ours.
        """
        request = self.codec.request(body, provider=self.provider, content=content)
        if request is None:
            if not self.known:
                return None
            request = Request(self.provider, self.codec.operation, self.codec.api)
        if request.model is None:
            if self.model is not None:
                return request._replace(model=self.model)
            if not self.known:
                return None
        return request


def recognise(method: str, host: str, path: str, *, hosts: tuple[tuple[str, str], ...] = ()) -> Recognised | None:
    """Say whether a request is a call to a model, by its address alone.

    Args:
        method: HTTP method, upper case.
        host: Host, with or without its port.
        path: Path, with or without its query.
        hosts: The user's own (host, provider) pairs, as in the setting `SPANGLASS_HOSTS`; they come first.

    Returns:
        None for the many requests that are no such call.
    """
    if method != "POST":
        return None
    if "?" in path:
        path = path[: path.index("?")]
    last = path[path.rfind("/") + 1 :]
    routes = _ROUTES.get(last) or (_ROUTES.get(last[last.rfind(":") + 1 :]) if ":" in last else None)
    if routes is None or last.startswith(_COUNTING):
        return None
    provider = provider_of(host.lower(), hosts)
    for route in routes:
        if not (route.model_optional or route.before_model in path):
            continue
        if provider is not None:
            if path.endswith(route.end):
                return Recognised(provider, _codec(route.codec), known=not route.by_body, model=_model(route, path))
        elif path.endswith(route.anywhere):
            return Recognised(route.family, _codec(route.codec), known=False, model=_model(route, path))
    return None


def _model(route: _Route, path: str) -> str | None:
    _, found, rest = path.partition(route.before_model)
    if not found:
        return None
    named = rest.removesuffix(route.end)
    # Azure has more after the deployment; an ARN that names a model, in a path decoded already, has slashes itself.
    return unquote(named.partition("/")[0] if route.model_optional else named) or None


@cache
def _codec(name: str) -> Codec:
    module, _, attribute = name.partition(".")
    codec: Codec = getattr(import_module(f"spanglass.wire.{module}"), attribute)
    return codec
