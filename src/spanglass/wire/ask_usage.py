"""Asking a streamed chat completion for its usage on behalf of an application that does not: the request alone.

Without `stream_options.include_usage` OpenAI counts nothing in a stream. With it one more event comes, which
`wire.hidden_usage` keeps from the application. Reference: platform.openai.com/docs/api-reference/chat/create.
"""

from __future__ import annotations

from spanglass.wire.document import parse
from spanglass.wire.recognise import Recognised

# Others send usage unasked (Groq, Mistral, OpenRouter, xAI, ...), or are not known to take the option.
_PROVIDERS = frozenset({"openai", "azure.ai.openai", "deepseek"})
_ASKED = b'"stream_options":{"include_usage":true}}'


def ask_usage(recognised: Recognised, body: bytes) -> bytes | None:
    """Return the body that also asks for usage; None where that is not to be asked, or is asked already.

    Args:
        recognised: What the request is.
        body: Its body, as the application sends it; nothing in it is changed but its end.
    """
    if recognised.codec.api != "chat_completions" or recognised.provider not in _PROVIDERS:
        return None
    body = body.strip()
    asked = parse(body) if body.startswith(b"{") else None
    if asked is None or asked.get("stream") is not True or "stream_options" in asked:
        return None
    return body[:-1] + b"," + _ASKED
