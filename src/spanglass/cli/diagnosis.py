"""What `spanglass doctor` finds out, one function a question; each answers with findings and changes nothing."""

from __future__ import annotations

import importlib
import json
import logging
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPException
from importlib import metadata
from importlib.util import find_spec
from typing import Final
from urllib.parse import urlsplit

from opentelemetry import trace

from spanglass.sdk import dropped, frameworks, hooks, runtime
from spanglass.sdk.frameworks.framework import State
from spanglass.sdk.frameworks.table import FRAMEWORKS
from spanglass.settings import (
    PORT,
    SDK_API_KEY,
    SDK_DISABLED,
    SDK_FRAMEWORKS,
    SERVER_API_KEY,
    SETTINGS,
    Sources,
    flag,
)

ARRIVES_WITHIN_S: Final = 10.0
_ANSWERS_WITHIN_S: Final = 2.0
SERVICE_NAME: Final = "spanglass-doctor"
_SPAN = "spanglass doctor"
_LONGEST_ANSWER = 1024 * 1024
_FLUSH_WITHIN_S = 15.0
_REFUSED = re.compile(r"\b(401|403|Unauthorized|Forbidden)\b")
_HTTP_LIBRARIES = ("httpx", "httpx2", "aiohttp")
_BROUGHT = ("requests", "urllib3")  # by the exporter, so they say nothing of the application
_SILENCING = {"OTEL_TRACES_EXPORTER": "none", "OTEL_TRACES_SAMPLER": "always_off"}
_SECRETS = ("HEADERS", "KEY", "TOKEN", "PASSWORD")

_SAME_CALL = "opens a span for the same call; spanglass adds to that span and counts the call once"
_OTHER_PIPELINE = "records calls in a pipeline of its own; the cost shows there too, and in spanglass once"
# Distribution name, or its beginning where it ends with a dash: what it does to a call that spanglass sees too.
_DOUBLES = (
    ("opentelemetry-instrumentation-genai-", _SAME_CALL),
    ("opentelemetry-instrumentation-openai", _SAME_CALL),
    ("opentelemetry-instrumentation-anthropic", _SAME_CALL),
    ("openinference-instrumentation-", _SAME_CALL),
    ("openlit", _SAME_CALL),
    ("traceloop-sdk", _SAME_CALL),
    ("logfire", _SAME_CALL),
    ("langfuse", _OTHER_PIPELINE),
    ("mlflow", _OTHER_PIPELINE),
)


class Status(StrEnum):
    """How a finding is meant."""

    OK = "ok"
    NOTE = "note"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer.

    Attributes:
        about: The question, in a word or two.
        status: ok, note (worth knowing) or fail (spanglass cannot do its work).
        says: What was found.
        cure: What to do; empty where there is nothing to do.
    """

    about: str
    status: Status
    says: str
    cure: str = ""


def variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Which variables are set that matter, and which of them silence the SDK."""
    ours = {row.env for row in SETTINGS}
    found = {name: value for name, value in sorted(environ.items()) if name in ours or name.startswith("OTEL_")}
    shown = ", ".join(f"{name}={_masked(name, value)}" for name, value in found.items())
    yield Finding("variables", Status.OK, shown or "none of SPANGLASS_* or OTEL_* is set")
    for name, value in _SILENCING.items():
        if environ.get(name, "").strip().lower() == value:
            yield Finding("variables", Status.FAIL, f"{name}={value}: no span leaves this process", f"Unset {name}.")
    for name in (SDK_DISABLED.env, "OTEL_SDK_DISABLED"):
        if _is_on(environ.get(name, "")):
            yield Finding("variables", Status.FAIL, f"{name} is on: nothing is recorded", f"Unset {name}.")


def hooked() -> Iterator[Finding]:
    """Which HTTP libraries are installed here, and whether calls over them are seen."""
    installed = [name for name in (*_HTTP_LIBRARIES, *_BROUGHT) if find_spec(name)]
    for name in installed:
        importlib.import_module(name)
    active = hooks.active()
    if seen := [f"{name} {metadata.version(name)}" for name in installed if name in active]:
        yield Finding("hooks", Status.OK, f"calls to models over {', '.join(seen)} are seen")
    for name in installed:
        if name not in active:
            yield Finding(
                "hooks",
                Status.FAIL,
                f"calls to models over {name} {metadata.version(name)} are not seen",
                "docs/providers.md says which versions are; if this is one of them, report it with the output.",
            )
    if not any(name in installed for name in _HTTP_LIBRARIES):
        yield Finding(
            "hooks",
            Status.NOTE,
            f"none of {', '.join(_HTTP_LIBRARIES)} is installed here, as a vendor's client would have it",
            "Run doctor with the Python that runs the application.",
        )


def around() -> Iterator[Finding]:
    """Which frameworks and clients are installed here, and whether requests to them will be seen."""
    states = frameworks.states()
    here = [row for row in FRAMEWORKS if row.module and find_spec(row.module.partition(".")[0])]
    wanted = [row for row in here if states[row.name] is not State.OFF]
    seen = [row.name for row in wanted if frameworks.installed(row) and states[row.name] is not State.UNFIT]
    if seen:
        yield Finding("frameworks", Status.OK, f"seen once the application imports them: {', '.join(seen)}")
    if missing := [row for row in wanted if not frameworks.installed(row)]:
        packages = sorted({row.package for row in missing})
        yield Finding(
            "frameworks",
            Status.NOTE,
            f"installed here and not seen, but for calls to models: {', '.join(row.name for row in missing)}",
            f"To see them, install {', '.join(packages)}.",
        )
    if off := [row.name for row in here if row not in wanted]:
        yield Finding("frameworks", Status.NOTE, f"switched off: {', '.join(off)}", f"See {SDK_FRAMEWORKS.env}.")


def doubles() -> Iterator[Finding]:
    """Which installed packages record the same calls."""
    names = sorted({(found.metadata["Name"] or "").lower() for found in metadata.distributions()})
    none = True
    for name in names:
        for known, effect in _DOUBLES:
            if name == known or (known.endswith("-") and name.startswith(known)):
                none = False
                yield Finding("beside us", Status.NOTE, f"{name} is installed: where it is switched on, it {effect}")
                break
    if none:
        yield Finding("beside us", Status.OK, "nothing is installed that records the same calls")


def export() -> tuple[Finding, str | None]:
    """Send one span through the SDK as the application would; also returns its trace id when it left."""
    where = next((outlet.destination for outlet in runtime.outlets() if outlet.signal == "traces"), None)
    if where is None:
        return Finding("export", Status.FAIL, "the SDK sends no spans anywhere", "See the variables above."), None
    with trace.get_tracer("spanglass.doctor").start_as_current_span(_SPAN) as span:
        context = span.get_span_context()
    if not context.trace_flags.sampled:
        return Finding("export", Status.NOTE, "the sampler left the test span out", "See OTEL_TRACES_SAMPLER."), None
    with _hearing() as heard:
        runtime.flush(_FLUSH_WITHIN_S)
    if dropped.totals().get(("traces", dropped.EXPORT_FAILED)) or heard:
        said = heard[0].partition(". The application")[0] if heard else f"{where} did not take a test span"
        cure = "Start the receiver (`spanglass up`), or correct SPANGLASS_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT."
        if _REFUSED.search(said):
            cure = f"The receiver runs and wants a key: set {SDK_API_KEY.env} to the server's."
        return Finding("export", Status.FAIL, said, cure), None
    return Finding("export", Status.OK, f"{where} took a test span"), f"{context.trace_id:032x}"


def reached() -> Iterator[Finding]:
    """What each of several destinations took of the export before; one destination needs no list."""
    names = list(dict.fromkeys(outlet.name for outlet in runtime.outlets()))
    for name in names if len(names) > 1 else ():
        outlets = [outlet for outlet in runtime.outlets() if outlet.name == name]
        refused = next(
            (outlet for outlet in outlets if outlet.last is not None and outlet.last.cause is not None), None
        )
        if refused is not None and refused.last is not None:
            says = f"{name} does not take {refused.signal} at {refused.destination}: {refused.last.said}"
            yield Finding("sent to", Status.FAIL, says, refused.cure())
            continue
        took = " and ".join(outlet.signal for outlet in outlets if outlet.last is not None) or "nothing yet"
        yield Finding("sent to", Status.OK, f"{name} took {took}")


def keeps_traces(name: str) -> bool:
    """Whether a destination of that name may be a spanglass server, which can be asked for the test span."""
    return name in {"spanglass", "otlp"}


@contextmanager
def _hearing() -> Iterator[list[str]]:
    """Collect what the SDK warns of, in the place of a handler that would print it."""
    heard: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign] # all it does
    logger = logging.getLogger("spanglass")
    logger.addHandler(handler)
    try:
        yield heard
    finally:
        logger.removeHandler(handler)


def arrival(trace_id: str, server: str, api_key: str | None) -> Finding:
    """Ask the server's API for the test span until it is there."""
    started = time.monotonic()
    said, patience = "", ARRIVES_WITHIN_S
    while (waited := time.monotonic() - started) < patience:
        request = urllib.request.Request(f"{server}/api/v1/traces/{trace_id}")  # noqa: S310 - the command checks it
        if api_key:
            request.add_header("authorization", f"Bearer {api_key}")
        try:
            with urllib.request.urlopen(request, timeout=ARRIVES_WITHIN_S) as answer:  # noqa: S310 - likewise
                document = json.loads(answer.read(_LONGEST_ANSWER))
                if isinstance(document, dict) and document.get("trace_id") == trace_id:
                    return Finding("arrival", Status.OK, f"{server} shows it after {waited:.1f} s")
                said, patience = "answers something else, so it is no spanglass", _ANSWERS_WITHIN_S
        except urllib.error.HTTPError as error:
            said = f"answers {error.code}"
            if error.code in {401, 403}:
                cure = f"Set {SERVER_API_KEY.env} or {SDK_API_KEY.env} to the server's key."
                return Finding("arrival", Status.FAIL, f"{server} {said}: the key is missing or wrong", cure)
        except (OSError, ValueError, RecursionError, HTTPException) as error:
            said, patience = f"cannot be asked ({getattr(error, 'reason', error)!s:.200})", _ANSWERS_WITHIN_S
        time.sleep(0.2)
    cure = "If the endpoint is no spanglass, look for the span there; else name the address of its UI with --server."
    return Finding("arrival", Status.FAIL, f"{server} {said}; the test span is not there", cure)


def server_of(destination: str | None, sources: Sources) -> str:
    """Return where the API is, when nobody says: the configured port on the host that spans are sent to."""
    split = urlsplit(destination or "")
    host = split.hostname or "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{sources.get(PORT)}"


def api_key(sources: Sources) -> str | None:
    """Return the key to ask the API with."""
    return sources.get(SDK_API_KEY) or sources.get(SERVER_API_KEY)


def _masked(name: str, value: str) -> str:
    secret = any(row.secret for row in SETTINGS if row.env == name) or any(word in name for word in _SECRETS)
    return "(hidden)" if secret and value else value


def _is_on(value: str) -> bool:
    try:
        return bool(value) and flag(value)
    except ValueError:
        return False
