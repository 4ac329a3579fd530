"""What a request asks the stand-in for, read from the bodies of all the interfaces into one value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_IMAGE_TOKENS = 85  # one tile at low detail
_AUDIO_CHARACTERS_PER_TOKEN = 2_000  # base64 of about a tenth of a second at 24 kHz


class BadRequest(Exception):  # noqa: N818 - the provider's own word for it
    """The body is not one the provider accepts; becomes a 400 with the parameter named."""

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True, slots=True)
class Message:
    """One message or tool result of the conversation."""

    role: str
    text: str
    image_tokens: int = 0
    audio_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that was offered."""

    name: str
    parameters: Mapping[str, object]
    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for an answer.

    Attributes:
        model: The model asked for.
        messages: The conversation in order; tool results have the role `tool`.
        tools: Functions offered.
        stream: A stream was asked for.
        include_usage: A stream was asked to report usage.
        obfuscate: Events of a stream are padded, as the provider does unless told not to.
        choices: How many answers.
        max_tokens: Limit on output tokens.
        effort: The reasoning effort asked for.
        summary: A summary of the reasoning was asked for.
        schema: JSON schema the answer must follow; empty for any JSON object, None for text.
        audio: A spoken answer was asked for.
        prediction: Predicted output.
        service_tier: The tier asked for.
        body: The whole request.
    """

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...]
    stream: bool
    include_usage: bool
    obfuscate: bool
    choices: int
    max_tokens: int | None
    effort: str | None
    summary: bool
    schema: Mapping[str, object] | None
    audio: bool
    prediction: str | None
    service_tier: str | None
    body: Mapping[str, object]

    @property
    def last_user_text(self) -> str:
        """The last thing the user said."""
        return next((message.text for message in reversed(self.messages) if message.role == "user"), "")

    @property
    def has_tool_result(self) -> bool:
        """The conversation ends with the result of a tool."""
        return bool(self.messages) and self.messages[-1].role == "tool"


def from_chat(body: Mapping[str, object]) -> Ask:
    """Read a request to /v1/chat/completions.

    Raises:
        BadRequest: The model or the messages are missing.
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("Missing required parameter: 'messages'.", param="messages")
    options = _mapping(body.get("stream_options"))
    response_format = _mapping(body.get("response_format"))
    wanted = _mapping(response_format.get("json_schema")).get("schema")
    return Ask(
        model=model_of(body),
        messages=tuple(_message(_mapping(item)) for item in messages),
        tools=tuple(_tools(body, nested=True)),
        stream=body.get("stream") is True,
        include_usage=options.get("include_usage") is True,
        obfuscate=options.get("include_obfuscation") is not False,
        choices=_number(body.get("n")) or 1,
        max_tokens=_number(body.get("max_completion_tokens")) or _number(body.get("max_tokens")),
        effort=_text(body.get("reasoning_effort")),
        summary=False,
        schema=_mapping(wanted) if str(response_format.get("type")).startswith("json") else None,
        audio="audio" in _list(body.get("modalities")),
        prediction=_content_text(_mapping(body.get("prediction")).get("content")) or None,
        service_tier=_text(body.get("service_tier")),
        body=body,
    )


def from_responses(body: Mapping[str, object]) -> Ask:
    """Read a request to /v1/responses.

    Raises:
        BadRequest: The model or the input is missing.
    """
    given = body.get("input")
    if not isinstance(given, str | list):
        raise BadRequest("Missing required parameter: 'input'.", param="input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    instructions = _text(body.get("instructions"))
    reasoning = _mapping(body.get("reasoning"))
    text_format = _mapping(_mapping(body.get("text")).get("format"))
    system = (Message("system", instructions),) if instructions else ()
    return Ask(
        model=model_of(body),
        messages=system + tuple(_message(_mapping(item)) for item in items),
        tools=tuple(_tools(body, nested=False)),
        stream=body.get("stream") is True,
        include_usage=True,
        obfuscate=_mapping(body.get("stream_options")).get("include_obfuscation") is not False,
        choices=1,
        max_tokens=_number(body.get("max_output_tokens")),
        effort=_text(reasoning.get("effort")),
        summary=reasoning.get("summary") is not None,
        schema=_mapping(text_format.get("schema")) if str(text_format.get("type")).startswith("json") else None,
        audio=False,
        prediction=None,
        service_tier=_text(body.get("service_tier")),
        body=body,
    )


def model_of(body: Mapping[str, object]) -> str:
    """Return the model asked for.

    Raises:
        BadRequest: There is none.
    """
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequest("you must provide a model parameter")
    return model


def _message(item: Mapping[str, object]) -> Message:
    kind = item.get("type")
    if kind in {"function_call_output", "custom_tool_call_output"}:
        return Message("tool", _content_text(item.get("output")))
    if kind == "function_call":
        return Message("assistant", f"{item.get('name')}{item.get('arguments')}")
    parts = [_mapping(part) for part in _list(item.get("content"))]
    images = sum(_IMAGE_TOKENS for part in parts if part.get("type") in {"image_url", "input_image"})
    spoken = [_mapping(part.get("input_audio")).get("data") for part in parts if part.get("type") == "input_audio"]
    audio = sum(1 + len(data) // _AUDIO_CHARACTERS_PER_TOKEN for data in spoken if isinstance(data, str))
    called = "".join(
        f"{_mapping(_mapping(call).get('function')).get('name')}{_mapping(_mapping(call).get('function')).get('arguments')}"
        for call in _list(item.get("tool_calls"))
    )
    text = _content_text(item.get("content")) + called
    return Message(str(item.get("role") or "user"), text, image_tokens=images, audio_tokens=audio)


def _content_text(content: object) -> str:
    if isinstance(content, str):
        return content
    texts = (_mapping(part).get("text") for part in _list(content))
    return "".join(text for text in texts if isinstance(text, str))


def _tools(body: Mapping[str, object], *, nested: bool) -> Iterator[Tool]:
    for item in _list(body.get("tools")):
        tool = _mapping(item)
        if tool.get("type") != "function":
            continue
        function = _mapping(tool.get("function")) if nested else tool
        yield Tool(str(function.get("name")), _mapping(function.get("parameters")), json.dumps(function))


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
