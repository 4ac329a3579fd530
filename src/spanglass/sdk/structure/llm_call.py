"""A call to a model that no hook sees, such as of a model in the process, told by the application itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from types import TracebackType
from typing import Self

from spanglass.call import Request, Response, StreamTimes, Usage
from spanglass.sdk import active, clock
from spanglass.sdk.active import Active
from spanglass.sdk.attachment import Attachment
from spanglass.sdk.block import Block
from spanglass.sdk.calls.by_hand import CallByHand
from spanglass.sdk.calls.collector import collector
from spanglass.sdk.calls.moment import Moment
from spanglass.sdk.calls.outcome import End
from spanglass.sdk.error_message import error_message
from spanglass.sdk.guard import safely
from spanglass.sdk.structure.written import written
from spanglass.semconv import attributes as attr
from spanglass.wire.capture import Allowance, Growing, text_part
from spanglass.wire.document import dump
from spanglass.wire.openai_messages import chat_messages

_guard = safely("llm_call")


class llm_call(Block["llm_call"]):  # noqa: N801 - it is used as a word: `with spanglass.llm_call(...) as call:`
    """Record a call to a model whose client speaks no HTTP that spanglass sees; sync (`with`) and async.

    It gives what calls over HTTP give: span, metrics, cost by the same price table, content where that is on. Where a
    hook does see the request inside, that is one call: what the hook read stands, and it is counted once. Tokens that
    are not told are estimated from lengths and flagged. Its methods never raise; make a new one for each call.

    Args:
        provider: `gen_ai.provider.name`: ollama, llama_cpp, vllm, ...
        model: The model asked for.
        operation: chat, text_completion, generate_content or embeddings.
        messages: What is sent: a text, or messages with `role` and `content`; recorded where content is.
        stream: A streamed answer is asked for; told by `chunk` too.
        current: Make the span current inside. False in a generator that yields inside the `with`: its reader must not
            find it current.
    """

    __slots__ = (
        "_attachment",
        "_call",
        "_chunks",
        "_cost",
        "_current",
        "_error",
        "_finish",
        "_first_chunk_ns",
        "_first_token_ns",
        "_gap_max_ns",
        "_id",
        "_last_ns",
        "_length",
        "_messages",
        "_model",
        "_on",
        "_request",
        "_text",
        "_usage",
    )  # fmt: skip

    def __init__(
        self,
        *,
        provider: str,
        model: str | None = None,
        operation: str = "chat",
        messages: str | Iterable[Mapping[str, object]] | None = None,
        stream: bool = False,
        current: bool = True,
    ) -> None:
        self._request = Request(str(provider), str(operation), "", None if model is None else str(model), stream)
        self._messages = messages
        self._current = current
        self._on: Active | None = None
        self._call: CallByHand | None = None
        self._attachment: Attachment | None = None
        self._text = Growing(None)
        self._finish: list[str] = []
        self._usage: Usage | None = None
        self._cost: Decimal | None = None
        self._id: str | None = None
        self._model: str | None = None
        self._error: BaseException | None = None
        self._chunks = 0
        self._first_chunk_ns: int | None = None
        self._first_token_ns: int | None = None
        self._last_ns = self._gap_max_ns = 0

    @_guard
    def usage(
        self,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cache_read_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        reasoning_tokens: int | None = None,
    ) -> None:
        """Tell what the call used; input and output are totals of which the others are parts.

        Args:
            input_tokens: All input.
            output_tokens: All output.
            cache_read_tokens: Input served from a cache.
            cache_write_tokens: Input written to a cache.
            reasoning_tokens: Output spent on reasoning.
        """
        self._usage = Usage(
            input_tokens,
            output_tokens,
            cache_read_tokens=cache_read_tokens,
            cache_write_tokens=cache_write_tokens,
            reasoning_tokens=reasoning_tokens,
        )

    @_guard
    def cost(self, usd: Decimal | str | float) -> None:
        """Tell what the call cost, where the provider says it: it is taken instead of the price table's amount.

        Args:
            usd: US dollars.
        """
        try:
            self._cost = Decimal(str(usd))
        except InvalidOperation:
            self._cost = None

    @_guard
    def output(self, text: str) -> None:
        """Tell the answer, or what comes next of it; recorded where content is, its length always."""
        self._text.add(str(text))

    @_guard
    def chunk(self, text: str = "") -> None:
        """Tell that a piece of a streamed answer came, now (0.6 us).

        Args:
            text: What it adds to the answer; empty for a piece without content.
        """
        now_ns = clock.monotonic_ns()
        self._chunks += 1
        if self._first_chunk_ns is None:
            self._first_chunk_ns = now_ns
        else:
            self._gap_max_ns = max(self._gap_max_ns, now_ns - self._last_ns)
        self._last_ns = now_ns
        if text:
            if self._first_token_ns is None:
                self._first_token_ns = now_ns
            self._text.add(text)

    @_guard
    def first_token(self) -> None:
        """Tell that the first content came, now; `chunk` tells it by itself."""
        if self._first_token_ns is None:
            self._first_token_ns = clock.monotonic_ns()

    @_guard
    def finish(self, reason: str) -> None:
        """Tell why the answer ended: stop, length, tool_call, ...; once a choice."""
        self._finish.append(str(reason))

    @_guard
    def response(self, *, model: str | None = None, response_id: str | None = None) -> None:
        """Tell which model answered, and the answer's id.

        Args:
            model: The exact model; prices go by it first.
            response_id: The provider's id.
        """
        self._model = None if model is None else str(model)
        self._id = None if response_id is None else str(response_id)

    @_guard
    def failed(self, error: BaseException) -> None:
        """Tell that the call failed, where no exception leaves the `with`."""
        self._error = error

    def __enter__(self) -> Self:
        with _guard:
            self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with _guard:
            attachment, self._attachment = self._attachment, None
            if attachment is not None:
                attachment.undo(abandoned=kind is GeneratorExit)
            self._error = error or self._error
            if self._on is not None and collector.runs_here():
                self._on.recorder.abandon(self)
            else:
                self.settle(clock.monotonic_ns())

    @_guard
    def settle(self, ended_ns: int) -> None:
        """Write down how it came out, once.

        Args:
            ended_ns: When it ended, on the clock of durations.
        """
        call, self._call = self._call, None
        if call is None or self._on is None:
            return
        if self._chunks and not call.request.stream:
            call.request = call.request._replace(stream=True)
            call.subject.span.set_attribute(attr.REQUEST_STREAM, True)
        self._on.recorder.close(call, self._answer(call), self._end(), ended_ns)

    def _begin(self) -> None:
        self._on = active.current()
        if self._on is None:
            return
        wants_content = self._on.recorder.wants_content
        if wants_content:
            self._text = Growing(Allowance())
        self._request = _with_messages(self._request, self._messages, content=wants_content)
        self._call = self._on.recorder.open(self._request, Moment.now())
        if self._call is not None and self._current:
            self._attachment = Attachment(self._call.context())

    def _end(self) -> End | None:
        if self._error is None:
            return None
        if not isinstance(self._error, Exception):
            return End.CANCELLED
        return End.ERROR if self._text.length else None

    def _answer(self, call: CallByHand) -> Response:
        error = self._error if isinstance(self._error, Exception) else None
        content = None
        if self._on is not None and self._on.recorder.wants_content and self._text.length:
            content = dump([{"role": "assistant", "parts": [text_part(self._text.read())]}])
        return Response(
            self._id,
            self._model,
            tuple(self._finish),
            self._usage,
            output_messages=content,
            output_length=self._text.length or None,
            complete=self._error is None,
            times=self._times(call.began.monotonic_ns),
            error_type=None if error is None else type(error).__qualname__,
            error_message=None if error is None else error_message(error),
            reported_cost=self._cost,
        )

    def _times(self, began_ns: int) -> StreamTimes | None:
        first_chunk_ns, first_token_ns, gaps = self._first_chunk_ns, self._first_token_ns, self._chunks - 1
        if first_token_ns is None and first_chunk_ns is None:
            return None
        return StreamTimes(
            None if first_chunk_ns is None else first_chunk_ns - began_ns,
            None if first_token_ns is None else first_token_ns - began_ns,
            self._chunks,
            (self._last_ns - first_chunk_ns) // gaps if first_chunk_ns is not None and gaps > 0 else None,
            self._gap_max_ns if gaps > 0 else None,
        )


def _with_messages(request: Request, messages: object, *, content: bool) -> Request:
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    if not isinstance(messages, list | tuple):
        return request
    told = [message.get("content") for message in messages if isinstance(message, Mapping)]
    length = sum(len(text) for text in told if isinstance(text, str))
    kept = chat_messages(json.loads(written(messages))) if content else None
    return request._replace(input_length=length or None, input_messages=kept)
