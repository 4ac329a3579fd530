"""Which requests are calls to a model: tables of known hosts and paths; reads no body by itself.

`recognise` sees every HTTP request of an application, so a miss is one comparison and one look into a table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from spanglass.call import Request
from spanglass.wire.codec import Codec
from spanglass.wire.openai_chat import CHAT_COMPLETIONS
from spanglass.wire.openai_embeddings import EMBEDDINGS
from spanglass.wire.openai_responses import RESPONSES

# Names are those of the conventions where they have one (gen_ai.provider.name), else the provider's own in snake case.
HOSTS: dict[str, str] = {
    "api.openai.com": "openai",
    "api.groq.com": "groq",
    "api.deepseek.com": "deepseek",
    "api.mistral.ai": "mistral_ai",
    "codestral.mistral.ai": "mistral_ai",
    "openrouter.ai": "openrouter",
    "api.x.ai": "x_ai",
    "api.perplexity.ai": "perplexity",
    "api.together.xyz": "together",
    "api.together.ai": "together",
    "api.fireworks.ai": "fireworks",
    "api.moonshot.ai": "moonshot_ai",
    "api.moonshot.cn": "moonshot_ai",
    "api.cerebras.ai": "cerebras",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "api.anthropic.com": "anthropic",
    "api.deepinfra.com": "deepinfra",
    "api.novita.ai": "novita",
    "api.sambanova.ai": "sambanova",
    "integrate.api.nvidia.com": "nvidia",
    "router.huggingface.co": "huggingface",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "localhost:11434": "ollama",
    "127.0.0.1:11434": "ollama",
}
"""Hosts that speak one of the protocols read here, and who answers there."""

_SUFFIXES: tuple[tuple[str, str], ...] = (
    (".openai.azure.com", "azure.ai.openai"),
    (".cognitiveservices.azure.com", "azure.ai.openai"),
    (".services.ai.azure.com", "azure.ai.inference"),
    (".api.openai.com", "openai"),
    (".api.x.ai", "x_ai"),
    ("-aiplatform.googleapis.com", "gcp.vertex_ai"),
)
_BEDROCK = ("bedrock-runtime.", ".amazonaws.com")

# Last segment of the path: the codec, the end a path must have on a known host, and on any host.
_PATHS: dict[str, tuple[Codec, str, tuple[str, ...]]] = {
    "completions": (CHAT_COMPLETIONS, "/chat/completions", ("/chat/completions",)),
    "responses": (RESPONSES, "/responses", ("/v1/responses", "/openai/responses")),
    "embeddings": (EMBEDDINGS, "/embeddings", ("/v1/embeddings",)),
}
_DEPLOYMENTS = "/deployments/"
_FAMILY = "openai"  # a host nobody knows is named for the protocol it speaks, as the conventions do


@dataclass(frozen=True, slots=True)
class Recognised:
    """A request that is, or on an unknown host looks like, a call to a model.

    Attributes:
        provider: `gen_ai.provider.name`.
        codec: How to read the call.
        known: The host is in a table; without it the request's body must confirm the call.
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
            None where the host is unknown and the body is not such a call: then it is none of ours.
        """
        request = self.codec.request(body, provider=self.provider, content=content)
        if request is None:
            if not self.known:
                return None
            request = Request(self.provider, self.codec.operation, self.codec.api)
        if request.model is None:
            if self.model is not None:
                return replace(request, model=self.model)
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
    row = _PATHS.get(path[path.rfind("/") + 1 :])
    if row is None:
        return None
    codec, known_end, ends = row
    provider = _provider(host.lower(), hosts)
    if provider is None:
        return Recognised(_FAMILY, codec, known=False, model=_model(path)) if path.endswith(ends) else None
    return Recognised(provider, codec, known=True, model=_model(path)) if path.endswith(known_end) else None


def _provider(host: str, hosts: tuple[tuple[str, str], ...]) -> str | None:
    bare = host.partition(":")[0]
    for named, provider in hosts:
        lowered = named.lower()
        if lowered in (host, bare) or bare.endswith("." + lowered):
            return provider
    known = HOSTS.get(bare) or HOSTS.get(host)
    if known is not None:
        return known
    for suffix, provider in _SUFFIXES:
        if bare.endswith(suffix):
            return provider
    if bare.startswith(_BEDROCK[0]) and bare.endswith(_BEDROCK[1]):
        return "aws.bedrock"
    return None


def _model(path: str) -> str | None:
    _, found, rest = path.partition(_DEPLOYMENTS)
    return rest.partition("/")[0] or None if found else None
