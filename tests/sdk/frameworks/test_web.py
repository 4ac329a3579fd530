"""Requests to real web frameworks on real servers, in programs of their own."""

from typing import Any

import pytest

from otlp_receiver import Receiver, receiver, run, values

# Runs a WSGI or ASGI application on a free port, asks it, and ends.
SERVE = """
import contextlib, threading, time, urllib.error, urllib.request

@contextlib.contextmanager
def wsgi(app):
    from wsgiref.simple_server import WSGIRequestHandler, make_server
    class Quiet(WSGIRequestHandler):
        def log_message(self, *args): pass
    server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()

@contextlib.contextmanager
def asgi(app):
    import uvicorn
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started: time.sleep(0.01)
    yield "http://127.0.0.1:%d" % server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()

def ask(url, *paths):
    for path in paths:
        request = urllib.request.Request(url + path, headers={"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"})
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=20).read()
"""
INIT = "import spanglass; spanglass.init(service_name='web')\n"
DJANGO = """
import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import path
from opentelemetry import trace
def order(request, number):
    with trace.get_tracer("app").start_as_current_span("work"): return HttpResponse(f"order {number}")
def fails(request): raise LookupError("no such order")
def health(request): return HttpResponse("ok")
urlpatterns = [path("orders/<int:number>", order), path("fails", fails), path("healthz", health)]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], DEBUG=False, LOGGING_CONFIG=None)
django.setup()
from django.core.handlers.wsgi import WSGIHandler
from django.core.handlers.asgi import ASGIHandler
"""
FLASK = """
from flask import Flask
from opentelemetry import trace
app = Flask("shop")
app.logger.disabled = True
@app.get("/orders/<int:number>")
def order(number):
    with trace.get_tracer("app").start_as_current_span("work"): return f"order {number}"
@app.get("/fails")
def fails(): raise LookupError("no such order")
@app.get("/healthz")
def health(): return "ok"
"""
STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from opentelemetry import trace
async def order(request):
    with trace.get_tracer("app").start_as_current_span("work"): return PlainTextResponse("order")
async def fails(request): raise LookupError("no such order")
async def health(request): return PlainTextResponse("ok")
routes = [Route("/orders/{number:int}", order), Route("/fails", fails), Route("/healthz", health)]
app = Starlette(routes=[*routes, Mount("/inner", Starlette(routes=[Route("/orders/{number}", order)]))])
"""
FASTAPI = """
from fastapi import FastAPI
from opentelemetry import trace
app = FastAPI(telemetry={"operation_spans": False})
inner = FastAPI(telemetry={"operation_spans": False})
@app.get("/orders/{number}")
@inner.get("/orders/{number}")
async def order(number: int):
    with trace.get_tracer("app").start_as_current_span("work"): return number
@app.get("/fails")
async def fails(): raise LookupError("no such order")
@app.get("/healthz")
async def health(): return "ok"
app.mount("/inner", inner)
"""
ASK = 'ask(url, "/orders/17?secret=x", "/fails", "/healthz", "/static/a.css")\n'
PROGRAMS = {
    "django-wsgi": (DJANGO, "with wsgi(WSGIHandler()) as url: "),
    "django-asgi": (DJANGO, "with asgi(ASGIHandler()) as url: "),
    "flask": (FLASK, "with wsgi(app) as url: "),
    "starlette": (STARLETTE, "with asgi(app) as url: "),
    "fastapi": (FASTAPI, "with asgi(app) as url: "),
}
ROUTES = {
    "django-wsgi": "GET orders/<int:number>",
    "django-asgi": "GET orders/<int:number>",
    "flask": "GET /orders/<int:number>",
    "starlette": "GET /orders/{number:int}",
    "fastapi": "GET /orders/{number}",
}
SERVER = 2


def servers(seen: Receiver) -> dict[str, Any]:
    """Spans of kind SERVER by name."""
    return {span.name: span for _, span in seen.spans() if span.kind == SERVER}


@pytest.mark.parametrize("order", ["init first", "init last"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_request_is_one_span_with_its_work_inside(program: str, order: str) -> None:
    """Named by its route, child of the caller's span, with stable names, whether the application or `init` comes first.

    Health checks and static files make no span, and no part of a request makes one more.
    """
    make, serve = PROGRAMS[program]
    first, second = (INIT, make) if order == "init first" else (make, INIT)
    with receiver() as seen:
        done = run(SERVE + first + second + serve + ASK, endpoint=seen.endpoint)
        assert done.returncode == 0, done.stderr
        assert "spanglass" not in done.stderr
        found = servers(seen)
        route = ROUTES[program]
        assert {name.replace("/", "") for name in set(found) - {route}} == {"GET fails"}
        [work] = [span for _, span in seen.spans() if span.name == "work"]
        assert (work.trace_id.hex(), found[route].parent_span_id.hex()) == ("a" * 32, "b" * 16)
        assert work.parent_span_id == found[route].span_id
        assert len(seen.spans()) == 3
        attributes = values(found[route].attributes)
        assert (attributes["http.request.method"], attributes["http.response.status_code"]) == ("GET", 200)
        assert attributes["http.route"] == route.partition(" ")[2]
        assert not [name for name in attributes if name.startswith(("http.method", "net."))]
        failed = next(span for name, span in found.items() if name.endswith("fails"))
        assert failed.status.code == 2
        assert values(failed.attributes)["http.response.status_code"] == 500
        if program != "fastapi":  # which sends an event in its place
            assert [values(event.attributes)["exception.type"] for event in failed.events] == ["LookupError"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_durations_have_few_labels(program: str) -> None:
    """`http.server.request.duration` is in seconds, one point a route and status, without hosts or paths."""
    make, serve = PROGRAMS[program]
    with receiver() as seen:
        run(SERVE + INIT + make + serve + ASK, endpoint=seen.endpoint)
        points = [values(point.attributes) for _, point in seen.points("http.server.request.duration")]
        assert sorted(point["http.response.status_code"] for point in points) in ([200, 500], [200, 404, 500])
        allowed = {"http.request.method", "http.response.status_code", "http.route", "url.scheme", "error.type"}
        assert {name for point in points for name in point} - allowed <= {"network.protocol.version"}
        assert seen.points("http.server.duration") == []


@pytest.mark.parametrize("program", ["starlette", "fastapi"])
def test_a_mounted_application_makes_no_second_span(program: str) -> None:
    """A request that passes two applications is one span, named by the whole route, and one measurement."""
    make, serve = PROGRAMS[program]
    with receiver() as seen:
        run(SERVE + INIT + make + serve + 'ask(url, "/inner/orders/5")', endpoint=seen.endpoint)
        assert seen.span_names() == ["GET /inner/orders/{number}", "work"]
        assert [point.count for _, point in seen.points("http.server.request.duration")] == [1]


def test_a_fastapi_without_telemetry_of_its_own_is_seen() -> None:
    """Before FastAPI traced itself: OpenTelemetry's middleware makes the one span, by route, with the exception."""
    before = "import sys, fastapi; sys.modules['fastapi.telemetry'] = None\n"
    make = FASTAPI.replace('telemetry={"operation_spans": False}', 'telemetry={"tracing": False, "metrics": False}')
    serve = "with asgi(app) as url: ask(url, '/orders/17', '/inner/orders/5', '/fails', '/healthz')"
    with receiver() as seen:
        done = run(SERVE + before + INIT + make + serve, endpoint=seen.endpoint)
        assert done.returncode == 0, done.stderr
        assert set(servers(seen)) == {"GET /orders/{number}", "GET /inner/orders/{number}", "GET /fails"}
        assert seen.span_names().count("work") == 2
        failed = servers(seen)["GET /fails"]
        assert [values(event.attributes)["exception.type"] for event in failed.events] == ["LookupError"]
        assert sum(point.count for _, point in seen.points("http.server.request.duration")) == 3


def test_django_under_an_asgi_middleware_is_not_doubled() -> None:
    """Where the application wrapped Django in OpenTelemetry's ASGI middleware, that span is the only one."""
    wrapped = "from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware\n"
    serve = "with asgi(OpenTelemetryMiddleware(ASGIHandler(), exclude_spans=['receive', 'send'])) as url: "
    with receiver() as seen:
        run(SERVE + INIT + DJANGO + wrapped + serve + 'ask(url, "/orders/1")', endpoint=seen.endpoint)
        assert (len(servers(seen)), len(seen.spans())) == (1, 2)
        assert [point.count for _, point in seen.points("http.server.request.duration")] == [1]


def test_a_django_without_settings_is_left_alone() -> None:
    """Importing Django without settings makes none, says nothing, and lets a later `configure` work."""
    script = """
import django.core.handlers.base
from django.conf import settings
print(settings.configured)
settings.configure(DEBUG=True)
"""
    with receiver() as seen:
        done = run(INIT + script, endpoint=seen.endpoint)
        assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")


SOCKETS = """
import asyncio, websockets
async def talk(url):
    async with websockets.connect(url.replace("http", "ws") + "/chat") as socket:
        for word in ("a", "b"):
            await socket.send(word)
            assert await socket.recv() == word.upper()
"""
ECHO = {
    "starlette": """
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
async def chat(socket):
    await socket.accept()
    for _ in range(2):
        with tracer.start_as_current_span("turn"): await socket.send_text((await socket.receive_text()).upper())
    await socket.close()
app = Starlette(routes=[WebSocketRoute("/chat", chat)])
""",
    "fastapi": """
from fastapi import FastAPI, WebSocket
app = FastAPI()
@app.websocket("/chat")
async def chat(socket: WebSocket):
    await socket.accept()
    for _ in range(2):
        with tracer.start_as_current_span("turn"): await socket.send_text((await socket.receive_text()).upper())
    await socket.close()
""",
}


@pytest.mark.parametrize("framework", ECHO)
def test_a_websocket_connection_is_no_span(framework: str) -> None:
    """A connection makes no span, nor do its messages; what the handler opens are traces of their own."""
    tracer = "from opentelemetry import trace; tracer = trace.get_tracer('app')\n"
    script = SERVE + INIT + tracer + ECHO[framework] + SOCKETS + "with asgi(app) as url: asyncio.run(talk(url))\n"
    with receiver() as seen:
        done = run(script, endpoint=seen.endpoint)
        assert done.returncode == 0, done.stderr
        assert seen.span_names() == ["turn", "turn"]
        assert len({span.trace_id for _, span in seen.spans()}) == 2


TOKENS = """
from opentelemetry import trace
tracer = trace.get_tracer("app")
def tokens():
    try:
        for word in ("one", "two"):
            with tracer.start_as_current_span(word): pass
            yield word
    finally:
        with tracer.start_as_current_span("last"): pass
async def later():
    for word in tokens(): yield word
"""
DJANGO_STREAM = """
import django
from django.conf import settings
from django.http import StreamingHttpResponse
from django.urls import path
def answer(request): return StreamingHttpResponse(KIND())
urlpatterns = [path("answer", answer)]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], LOGGING_CONFIG=None)
django.setup()
from django.core.handlers.wsgi import WSGIHandler
from django.core.handlers.asgi import ASGIHandler
"""
FLASK_STREAM = """
from flask import Flask, Response, stream_with_context
app = Flask("shop")
@app.get("/answer")
def answer(): return Response(KIND)
"""
FASTAPI_STREAM = """
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
app = FastAPI(telemetry={"operation_spans": False})
@app.get("/answer")
async def answer(): return StreamingResponse(later())
"""
STREAMS = {
    "django-wsgi": (DJANGO_STREAM.replace("KIND", "tokens"), "with wsgi(WSGIHandler()) as url: "),
    "django-asgi": (DJANGO_STREAM.replace("KIND", "later"), "with asgi(ASGIHandler()) as url: "),
    "flask": (FLASK_STREAM.replace("KIND", "tokens()"), "with wsgi(app) as url: "),
    "flask-context": (FLASK_STREAM.replace("KIND", "stream_with_context(tokens())"), "with wsgi(app) as url: "),
    "fastapi": (FASTAPI_STREAM, "with asgi(app) as url: "),
}


@pytest.mark.parametrize("program", STREAMS)
def test_a_streamed_answer_is_made_inside_its_request(program: str) -> None:
    """What a generator does while its parts are sent, and when it ends, is below the request's span."""
    make, serve = STREAMS[program]
    with receiver() as seen:
        done = run(SERVE + INIT + TOKENS + make + serve + 'ask(url, "/answer")', endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "")
        [server] = servers(seen).values()
        below = [span for _, span in seen.spans() if span.span_id != server.span_id]
        assert [span.name for span in below] == ["one", "two", "last"]
        assert {span.parent_span_id for span in below} == {server.span_id}


@pytest.mark.parametrize("program", PROGRAMS)
def test_urls_left_out_may_be_none_or_nonsense(program: str) -> None:
    """An empty list leaves nothing out; what is no regular expression is said, and requests go on."""
    make, serve = PROGRAMS[program]
    with receiver() as seen:
        nothing = run(SERVE + INIT + make + serve + ASK, endpoint=seen.endpoint, OTEL_PYTHON_EXCLUDED_URLS="")
        assert "spanglass" not in nothing.stderr
        assert "healthz" in str(seen.span_names())
    with receiver() as seen:
        nonsense = run(SERVE + INIT + make + serve + ASK, endpoint=seen.endpoint, OTEL_PYTHON_EXCLUDED_URLS="(,fails")
        assert "unterminated subpattern" in nonsense.stderr
        assert "work" in seen.span_names()


HOSTS = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Host, Match, Route
async def order(request): return PlainTextResponse("order")
class Odd(BaseRoute):
    def matches(self, scope): return (Match.FULL, {}) if scope["path"] == "/odd" else (Match.NONE, {})
    async def handle(self, scope, receive, send): await PlainTextResponse("odd")(scope, receive, send)
app = Starlette(routes=[Odd(), Host("127.0.0.1", Starlette(routes=[Route("/orders/{number}", order)]))])
"""


def test_routes_of_any_kind_are_served() -> None:
    """Routing by host names the route below it, and a route without a template is served and named by its method."""
    with receiver() as seen:
        done = run(
            SERVE + INIT + HOSTS + "with asgi(app) as url: ask(url, '/orders/1', '/odd')", endpoint=seen.endpoint
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert seen.span_names() == ["GET", "GET /orders/{number}"]


def test_urls_left_out_are_the_users_to_choose() -> None:
    """OTEL_PYTHON_FLASK_EXCLUDED_URLS stands in the place of our list."""
    make, serve = PROGRAMS["flask"]
    with receiver() as seen:
        run(SERVE + INIT + make + serve + ASK, endpoint=seen.endpoint, OTEL_PYTHON_FLASK_EXCLUDED_URLS="orders,fails")
        assert "GET /healthz" in servers(seen)
        assert "GET /orders/<int:number>" not in servers(seen)
