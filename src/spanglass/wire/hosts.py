"""Who answers at a host: a table of known providers; knows no paths.

A host that nobody knows is named for the protocol it speaks, by whoever knows the protocol.
"""

from __future__ import annotations

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
    "api.z.ai": "zai",
    "open.bigmodel.cn": "zhipuai",
    "api.minimax.io": "minimax",
    "api.minimaxi.com": "minimax",
    "dashscope.aliyuncs.com": "alibaba_cloud",
    "dashscope-intl.aliyuncs.com": "alibaba_cloud",
    "api.voyageai.com": "voyageai",
    "api.jina.ai": "jina",
    "inference.baseten.co": "baseten",
    "api.hyperbolic.xyz": "hyperbolic",
    "api.tokenfactory.nebius.com": "nebius",
    "api.studio.nebius.com": "nebius",
    "api.scaleway.ai": "scaleway",
    "oai.endpoints.kepler.ai.cloud.ovh.net": "ovhcloud",
    "api.cloudflare.com": "cloudflare",
    "models.github.ai": "github_models",
    "api.githubcopilot.com": "github_copilot",
    "ai-gateway.vercel.sh": "vercel",
    "ollama.com": "ollama",
    "localhost:1234": "lm_studio",
    "127.0.0.1:1234": "lm_studio",
}
"""Hosts that speak one of the protocols read here, and who answers there."""

_SUFFIXES: tuple[tuple[str, str], ...] = (
    (".openai.azure.com", "azure.ai.openai"),
    (".cognitiveservices.azure.com", "azure.ai.openai"),
    (".services.ai.azure.com", "azure.ai.inference"),
    (".api.openai.com", "openai"),
    (".api.x.ai", "x_ai"),
    (".databricks.com", "databricks"),
    (".azuredatabricks.net", "databricks"),
)
_PORTS: tuple[tuple[str, str], ...] = ((":11434", "ollama"),)
"""Ports that one server alone uses, on whichever host it runs."""
_PARTS: tuple[tuple[str, str, str], ...] = (
    ("generativelanguage", ".googleapis.com", "gcp.gemini"),
    ("aiplatform", ".googleapis.com", "gcp.vertex_ai"),  # with a region before or behind, by mutual TLS
    ("bedrock-runtime", ".amazonaws.com", "aws.bedrock"),  # also -fips, or behind a VPC endpoint
    ("bedrock-runtime", ".amazonaws.com.cn", "aws.bedrock"),
    ("bedrock-runtime", ".api.aws", "aws.bedrock"),
)
"""What is anywhere in a host, how it ends, and who answers there: clouds with many names for one service."""


def provider_of(host: str, hosts: tuple[tuple[str, str], ...] = ()) -> str | None:
    """Return `gen_ai.provider.name` of a host; None for one that is in no table.

    Args:
        host: Host in lower case, with or without its port.
        hosts: The user's own (host, provider) pairs; they come first.
    """
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
    for port, provider in _PORTS:
        if host.endswith(port):
            return provider
    for part, end, provider in _PARTS:
        if part in bare and bare.endswith(end):
            return provider
    return None
