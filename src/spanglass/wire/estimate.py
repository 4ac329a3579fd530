"""Token counts where a provider gave none: estimated from lengths, and always flagged; no tokenizer, no prices."""

from __future__ import annotations

from spanglass.call import Request, Response, Usage

CHARACTERS_PER_TOKEN = 4
"""Characters of text one token stands for.

OpenAI's rule of thumb for English (help article "What are tokens and how to count them?"). Real text lies between
about 3 (code, JSON) and 5 (plain English); Chinese or Japanese text between 1 and 2, so its estimate is too low.
"""


def estimate(request: Request, response: Response) -> Usage:
    """Fill the counts a provider did not give from the lengths of what was sent and received.

    Counts that are known are kept. `estimated` is set when, and only when, something was filled in. A count stays None
    where there is no length to go by, or where the provider refused the call before it said a word: it bills nothing
    then. Reasoning a provider does not show cannot be seen here.
    """
    usage = response.usage or Usage()
    if response.error_type is not None and not response.output_length:
        return usage
    input_tokens, output_tokens = usage.input_tokens, usage.output_tokens
    if input_tokens is None:
        input_tokens = _tokens(request.input_length)
    if output_tokens is None and request.operation != "embeddings":
        output_tokens = _tokens(response.output_length)
    if input_tokens == usage.input_tokens and output_tokens == usage.output_tokens:
        return usage
    return usage._replace(input_tokens=input_tokens, output_tokens=output_tokens, estimated=True)


def _tokens(length: int | None) -> int | None:
    return None if length is None else -(-length // CHARACTERS_PER_TOKEN)
