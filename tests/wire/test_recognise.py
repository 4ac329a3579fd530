import subprocess
import sys

import pytest

from spanglass.wire.hosts import HOSTS
from spanglass.wire.recognise import _ROUTES, _codec, recognise

VERTEX = "/v1/projects/p/locations/eu/publishers/google/models/"


@pytest.mark.parametrize(
    ("host", "path", "provider", "api"),
    [
        ("api.openai.com", "/v1/chat/completions", "openai", "chat_completions"),
        ("API.OpenAI.com:443", "/v1/responses", "openai", "responses"),
        ("eu.api.openai.com", "/v1/embeddings", "openai", "embeddings"),
        ("me.openai.azure.com", "/openai/v1/responses?api-version=preview", "azure.ai.openai", "responses"),
        ("api.groq.com", "/openai/v1/chat/completions", "groq", "chat_completions"),
        ("api.deepseek.com", "/chat/completions", "deepseek", "chat_completions"),
        ("api.mistral.ai", "/v1/chat/completions", "mistral_ai", "chat_completions"),
        ("openrouter.ai", "/api/v1/chat/completions", "openrouter", "chat_completions"),
        ("api.x.ai", "/v1/chat/completions", "x_ai", "chat_completions"),
        ("api.perplexity.ai", "/chat/completions", "perplexity", "chat_completions"),
        ("api.fireworks.ai", "/inference/v1/chat/completions", "fireworks", "chat_completions"),
        ("generativelanguage.googleapis.com", "/v1beta/openai/chat/completions", "gcp.gemini", "chat_completions"),
        ("us-central1-aiplatform.googleapis.com", "/v1/x/chat/completions", "gcp.vertex_ai", "chat_completions"),
        ("bedrock-runtime.us-east-1.amazonaws.com", "/openai/v1/chat/completions", "aws.bedrock", "chat_completions"),
        ("localhost:11434", "/v1/chat/completions", "ollama", "chat_completions"),
        ("generativelanguage.googleapis.com", "/v1beta/models/m:generateContent", "gcp.gemini", "generate_content"),
        (
            "generativelanguage.googleapis.com",
            "/v1beta/tunedModels/m:generateContent",
            "gcp.gemini",
            "generate_content",
        ),
        (
            "generativelanguage.googleapis.com",
            "/v1/models/m:batchEmbedContents",
            "gcp.gemini",
            "batch_embed_contents",
        ),
        ("aiplatform.eu.rep.googleapis.com", f"{VERTEX}m:streamGenerateContent", "gcp.vertex_ai", "generate_content"),
        ("eu-aiplatform.mtls.googleapis.com", f"{VERTEX}m:generateContent", "gcp.vertex_ai", "generate_content"),
        (
            "aiplatform.googleapis.com",
            "/v1/endpoints/9:generateContent",
            "gcp.vertex_ai",
            "generate_content",
        ),
        ("bedrock-runtime-fips.us-east-1.amazonaws.com", "/model/m/converse", "aws.bedrock", "converse"),
        ("vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "/model/m/converse-stream", "aws.bedrock", "converse"),
        ("bedrock-runtime.cn-north-1.amazonaws.com.cn", "/model/m/converse", "aws.bedrock", "converse"),
    ],
)
def test_known_hosts_are_named_by_the_conventions(host: str, path: str, provider: str, api: str) -> None:
    """A known host and path need no look at the body."""
    found = recognise("POST", host, path)
    assert found is not None
    assert (found.provider, found.codec.api, found.known) == (provider, api, True)


def test_azures_deployment_names_the_model_where_the_body_does_not() -> None:
    """The path has the deployment; a model in the body goes first."""
    found = recognise("POST", "me.openai.azure.com", "/openai/deployments/my-gpt/chat/completions")
    assert found is not None
    without = found.request(b'{"messages": [{"role": "user", "content": "Hi"}]}')
    named = found.request(b'{"model": "gpt-4o", "messages": []}')
    assert without is not None
    assert named is not None
    assert (without.model, named.model) == ("my-gpt", "gpt-4o")


@pytest.mark.parametrize(
    ("method", "host", "path"),
    [
        ("GET", "api.openai.com", "/v1/chat/completions"),
        ("POST", "api.openai.com", "/v1/files"),
        ("POST", "generativelanguage.googleapis.com", "/v1beta/models/m:countTokens"),
        ("POST", "generativelanguage.googleapis.com", "/v1beta/m:generateContent"),
        ("POST", "bedrock-runtime.us-east-1.amazonaws.com", "/guardrail/g/version/1/apply"),
        ("POST", "bedrock-runtime.us-east-1.amazonaws.com", "/converse"),
        ("POST", "api.openai.com", "/v1/completions"),
        ("POST", "example.com", "/api/surveys/responses"),
        ("POST", "example.com", "/embeddings"),
        ("POST", "example.com", "/completions?x=/chat/completions"),
        ("POST", "", ""),
        ("POST", "api.openai.com", "/v1/chat/completions/"),
    ],
)
def test_other_requests_are_none_of_ours(method: str, host: str, path: str) -> None:
    """Another method, another path, or an unknown host with a path anybody may use."""
    assert recognise(method, host, path) is None


@pytest.mark.parametrize(
    ("path", "body", "ours"),
    [
        ("/v1/chat/completions", b'{"model": "m", "messages": [{"role": "user", "content": "x"}]}', True),
        ("/v1/chat/completions", b'{"messages": [{"role": "user", "content": "x"}]}', False),
        ("/v1/chat/completions", b'{"model": "m", "messages": ["x"]}', False),
        ("/v1/chat/completions", b'{"model": "m"}', False),
        ("/v1/chat/completions", b"model=m", False),
        ("/v1/responses", b'{"model": "m", "input": "x"}', True),
        ("/v1/responses", b'{"input": "x"}', False),
        ("/v1/responses", b'{"model": "m", "answer": 3}', False),
        ("/v1/embeddings", b'{"model": "m", "input": ["x"]}', True),
        ("/v1/embeddings", b'{"model": 3, "input": "x"}', False),
    ],
)
def test_on_an_unknown_host_the_body_confirms_the_call(path: str, body: bytes, ours: bool) -> None:  # noqa: FBT001 - a column
    """A model and messages, or input, make a call; anything else on such a path is not seen."""
    found = recognise("POST", "llm.internal:8000", path)
    assert found is not None
    assert not found.known
    request = found.request(body)
    assert (request is not None) is ours
    if request is not None:
        assert (request.provider, request.model) == ("openai", "m")


def test_on_a_known_host_a_broken_body_is_a_call_all_the_same() -> None:
    """It will fail, and failures are seen."""
    found = recognise("POST", "api.openai.com", "/v1/chat/completions")
    assert found is not None
    request = found.request(b"not json")
    assert request is not None
    assert (request.provider, request.operation, request.model) == ("openai", "chat", None)


@pytest.mark.parametrize(
    ("named", "host", "provider"),
    [
        ("llm.internal", "llm.internal", "mine"),
        ("llm.internal", "a.llm.internal:8000", "mine"),
        ("LLM.internal:8000", "llm.internal:8000", "mine"),
        ("llm.internal:9", "llm.internal:8000", "openai"),
        ("llm.internal", "notllm.internal", "openai"),
        ("api.openai.com", "api.openai.com", "mine"),
    ],
)
def test_the_users_table_comes_first(named: str, host: str, provider: str) -> None:
    """A host of the user's own is known, with its subdomains, at one port or all."""
    found = recognise("POST", host, "/v1/chat/completions", hosts=((named, "mine"),))
    assert found is not None
    assert found.provider == provider
    assert found.known is (provider == "mine")


def test_hosts_are_written_as_they_are_compared() -> None:
    """The table is looked up by lower-case host."""
    assert all(host == host.lower() and "/" not in host for host in HOSTS)


def test_every_row_names_a_codec() -> None:
    """Codecs are loaded when first needed, so a row that names none would be found out in an application."""
    for route in (route for routes in _ROUTES.values() for route in routes):
        codec = _codec(route.codec)
        assert codec.operation in ("chat", "embeddings", "generate_content", "text_completion")
        assert codec.answer(content=False).response().usage is None


def test_interfaces_that_are_not_called_stay_unloaded() -> None:
    """Recognising a call loads its codec, and no other provider's."""
    program = """if True:
        import sys
        from spanglass.wire.recognise import recognise
        others = ("spanglass.wire.ollama", "spanglass.wire.anthropic", "spanglass.wire.gemini")
        assert not [name for name in sys.modules if name.startswith(("spanglass.wire.openai", *others))]
        recognise("POST", "api.openai.com", "/v1/embeddings")
        assert "spanglass.wire.openai_embeddings" in sys.modules
        assert not [name for name in sys.modules if name.startswith(others)]
    """
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("path", "body", "provider", "model"),
    [
        ("/v1beta/models/m:generateContent", b'{"contents": [{"parts": []}]}', "gcp.gemini", "m"),
        (f"{VERTEX}m:generateContent", b'{"contents": [{"parts": []}]}', "gcp.vertex_ai", "m"),
        ("/models/m:generateContent", b'{"prompt": "x"}', None, None),
        ("/model/m/converse", b'{"messages": [{"role": "user", "content": []}]}', "aws.bedrock", "m"),
        ("/model/a:b%2Fc/converse", b'{"messages": [{"role": "user", "content": []}]}', "aws.bedrock", "a:b/c"),
        ("/model/a:b/c/converse", b'{"messages": [{"role": "user", "content": []}]}', "aws.bedrock", "a:b/c"),
        ("/model/m/converse", b'{"messages": ["hello"]}', None, None),
    ],
)
def test_model_in_the_path_names_it_on_any_host(
    path: str, body: bytes, provider: str | None, model: str | None
) -> None:
    """Google's and Amazon's paths hold the model, an ARN in either spelling; the body confirms the call."""
    found = recognise("POST", "llm.internal", path)
    assert found is not None
    request = found.request(body)
    assert (request and request.provider, request and request.model) == (provider, model)


def test_path_of_many_calls_is_told_by_the_body_on_a_known_host_too() -> None:
    """Vertex AI's `predict` embeds, makes images and whatever a model of one's own does."""
    found = recognise("POST", "aiplatform.googleapis.com", f"{VERTEX}m:predict")
    assert found is not None
    request = found.request(b'{"instances": [{"content": "Hello"}]}')
    assert request is not None
    assert (request.provider, request.operation, request.model) == ("gcp.vertex_ai", "embeddings", "m")
    assert found.request(b'{"instances": [{"prompt": "a cat"}]}') is None
