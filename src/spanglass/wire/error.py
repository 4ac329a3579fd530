"""An error in JSON, as OpenAI, Anthropic, Google and Ollama write it: a type for labels and a message for people."""

from __future__ import annotations

import re

from spanglass.wire.document import MAX_MESSAGE, mapping, text

_LABEL = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


def read_error(document: dict[str, object]) -> tuple[str | None, str | None]:
    """Return an error's type and message; both None where the document holds no error.

    The type is the provider's code, else its type (Google's status), else a number it gives as code. Words with spaces
    or of more than 64 characters are no type: metrics have it as a label.
    """
    error = document.get("error")
    if not error:
        if document.get("object") != "error" and document.get("type") != "error":  # Mistral, vLLM; Responses' event
            return None, _bare_message(document)
        error = document
    if isinstance(error, str):  # Ollama, text-generation-inference
        return _label(document.get("error_type")) or "error", text(error, MAX_MESSAGE)
    fields = mapping(error)
    code, kind = fields.get("code"), fields.get("type")
    found = _label(code) or (_label(kind) if kind != "error" else None) or _label(fields.get("status"))
    return found or _number(code) or "error", text(fields.get("message"), MAX_MESSAGE)


def _label(value: object) -> str | None:
    return value if isinstance(value, str) and _LABEL.fullmatch(value) and not value.isdigit() else None


def _number(value: object) -> str | None:
    written = str(value) if type(value) is int or isinstance(value, str) else ""
    return written if written.isdigit() and len(written) < 6 else None


def _bare_message(document: dict[str, object]) -> str | None:
    """A refused request often has a body of `message` or `detail` alone (gateways, FastAPI)."""
    if "choices" in document or "output" in document or "data" in document:
        return None
    return text(document.get("message"), MAX_MESSAGE) or text(document.get("detail"), MAX_MESSAGE)
