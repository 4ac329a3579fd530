"""The settings table: every setting's name, variable, default, type and help; nothing here applies them.

A value is looked up in this order: argument, environment, file, default. The file is TOML, `spanglass.toml` in the
working directory or the path in `SPANGLASS_CONFIG`, with the setting's dotted name as its key (`server.host` is `host`
in table `[server]`). OpenTelemetry's own `OTEL_*` variables are not repeated here: the OpenTelemetry SDK reads them.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar, cast

from spanglass.errors import ConfigurationError

T = TypeVar("T")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One row of the table.

    Attributes:
        name: Dotted name, the key in the settings file.
        env: Environment variable.
        default: Value when nothing says otherwise.
        parse: Text to value; raises ValueError with what would be right.
        help: One sentence for `--help` and the docs.
        secret: The value is never printed or logged.
    """

    name: str
    env: str
    default: T
    parse: Callable[[str], T]
    help: str
    secret: bool = False


def text(value: str) -> str:
    """Take the value as it is."""
    return value


def optional_text(value: str) -> str | None:
    """Take the value as it is; empty means not set."""
    return value or None


def flag(value: str) -> bool:
    """Read a yes or no.

    Raises:
        ValueError: The text is neither.
    """
    lowered = value.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError("use true or false")


def port(value: str) -> int:
    """Read a TCP port; 0 lets the system choose one.

    Raises:
        ValueError: Not a number from 0 to 65535.
    """
    try:
        number = int(value)
    except ValueError:
        number = -1
    if not 0 <= number <= 65_535:
        raise ValueError("use a number from 0 to 65535")
    return number


def positive(value: str) -> int:
    """Read a whole number, at least 1.

    Raises:
        ValueError: Not a positive whole number.
    """
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise ValueError("use a whole number, 1 or more")
    return number


def up_to_100(value: str) -> int:
    """Read a whole number from 0 to 100.

    Raises:
        ValueError: It is none.
    """
    number = int(value) if value.isascii() and value.strip().isdecimal() and len(value) < 7 else -1
    if not 0 <= number <= 100:
        raise ValueError("use a whole number from 0 to 100")
    return number


def days(value: str) -> int | None:
    """Read a number of days; 0 or none is None: for ever.

    Raises:
        ValueError: Neither.
    """
    if value.strip().lower() == "none":
        return None
    number = int(value) if value.isascii() and value.strip().isdecimal() and len(value) < 7 else -1
    if number < 0:
        raise ValueError("use a whole number of days, or 0 for ever")
    return number or None


def names(value: str) -> tuple[str, ...]:
    """Read a comma-separated list; blanks are dropped."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def pairs(value: str) -> tuple[tuple[str, str], ...]:
    """Read `key=value` pairs, comma-separated.

    Raises:
        ValueError: A part has no `=`.
    """
    found = []
    for part in names(value):
        key, separator, setting = part.partition("=")
        if not (separator and key.strip()):
            raise ValueError("use name=value pairs, separated by commas")
        found.append((key.strip(), setting.strip()))
    return tuple(found)


def log_format(value: str) -> str | None:
    """Read json, text or none.

    Raises:
        ValueError: It is something else.
    """
    lowered = value.strip().lower()
    if lowered not in {"json", "text", "none"}:
        raise ValueError("use json, text or none")
    return None if lowered == "none" else lowered


# The SDK, inside the application.
ENVIRONMENT = Setting(
    "environment", "SPANGLASS_ENVIRONMENT", None, optional_text, "Deployment environment, such as production."
)
SDK_DISABLED = Setting("sdk.disabled", "SPANGLASS_DISABLED", False, flag, "Turn the SDK off; `init()` does nothing.")
SDK_ENDPOINT = Setting(
    "sdk.endpoint",
    "SPANGLASS_ENDPOINT",
    None,
    optional_text,
    "Base URL of the OTLP/HTTP receiver; OTEL_EXPORTER_OTLP_ENDPOINT serves as well. Default: http://localhost:4318.",
)
SDK_API_KEY = Setting(
    "sdk.api_key", "SPANGLASS_API_KEY", None, optional_text, "Key sent as a bearer token with each export.", secret=True
)
SDK_DESTINATIONS: Setting[tuple[str, ...]] = Setting(
    "sdk.destinations",
    "SPANGLASS_DESTINATIONS",
    (),
    names,
    "Where telemetry goes, several with commas: spanglass, otlp, grafana, langfuse, console, or addresses with "
    "http://, https://, grpc:// or grpcs://. Default: the endpoint alone.",
    secret=True,  # an address may hold a user and password
)
SDK_HOSTS: Setting[tuple[tuple[str, str], ...]] = Setting(
    "sdk.hosts",
    "SPANGLASS_HOSTS",
    (),
    pairs,
    "Further hosts that speak a known provider protocol, as host=provider: llm.internal=openai.",
)
SDK_METRIC_LABEL_LIMIT = Setting(
    "sdk.metric_label_limit",
    "SPANGLASS_METRIC_LABEL_LIMIT",
    100,
    positive,
    "How many values of feature, prompt name or version become metric labels; `other` stands for the rest.",
)
SDK_STREAM_USAGE = Setting(
    "sdk.stream_usage",
    "SPANGLASS_STREAM_USAGE",
    False,
    flag,
    "Ask OpenAI for the usage of streams that do not ask themselves; the extra event is hidden from the application.",
)
SDK_SPAN_STORM = Setting(
    "sdk.span_storm",
    "SPANGLASS_SPAN_STORM",
    1000,
    positive,
    "How many spans of one kind or name a span may have below it; further ones become one with a count.",
)
SDK_BAGGAGE: Setting[tuple[str, ...]] = Setting(
    "sdk.baggage",
    "SPANGLASS_BAGGAGE",
    ("internal",),
    names,
    "Hosts whose HTTP requests carry user, session, feature and prompt as W3C baggage: names, `.example.com` for all "
    "under it, `internal`, `all`; `none` carries and believes nothing.",
)
SDK_FRAMEWORKS: Setting[tuple[str, ...]] = Setting(
    "sdk.frameworks",
    "SPANGLASS_FRAMEWORKS",
    ("auto",),
    names,
    "Frameworks and clients to see, such as django,psycopg; auto: all whose extra is installed; none: none.",
)
SDK_LOG_FORMAT = Setting(
    "sdk.log_format",
    "SPANGLASS_LOG_FORMAT",
    None,
    log_format,
    "Print log records as json or text with trace ids, where a handler has no format of its own; none: as they are.",
)
PRICES_FILE = Setting(
    "prices.file", "SPANGLASS_PRICES_FILE", None, optional_text, "JSON file of prices that override the built-in table."
)

# The server.
DATA = Setting("server.data", "SPANGLASS_DATA", "./spanglass-data", text, "Directory that holds the database.")
STORE = Setting(
    "server.store",
    "SPANGLASS_STORE",
    None,
    optional_text,
    "ClickHouse to keep everything in: clickhouse://user@host:8123/database?secure=true. Default: a file under --data.",
    secret=True,  # the address may hold a password
)
STORE_PASSWORD = Setting(
    "server.store_password",
    "SPANGLASS_STORE_PASSWORD",
    None,
    optional_text,
    "Password of the user that SPANGLASS_STORE names.",
    secret=True,
)
STORE_PASSWORD_FILE = Setting(
    "server.store_password_file",
    "SPANGLASS_STORE_PASSWORD_FILE",
    None,
    optional_text,
    "File that holds that password instead, as secret stores mount it.",
)
HOST = Setting(
    "server.host", "SPANGLASS_HOST", "127.0.0.1", text, "Address to listen on; any but loopback needs an API key."
)
PORT = Setting("server.port", "SPANGLASS_PORT", 4400, port, "Port of the UI and the API.")
OTLP_HTTP_PORT = Setting("server.otlp_http_port", "SPANGLASS_OTLP_HTTP_PORT", 4318, port, "Port of OTLP/HTTP.")
OTLP_GRPC_PORT = Setting("server.otlp_grpc_port", "SPANGLASS_OTLP_GRPC_PORT", 4317, port, "Port of OTLP/gRPC.")
SERVER_API_KEY = Setting(
    "server.api_key",
    "SPANGLASS_SERVER_API_KEY",
    None,
    optional_text,
    "Key that every request must carry; required with a host other than loopback.",
    secret=True,
)
ALLOWED_HOSTS: Setting[tuple[str, ...]] = Setting(
    "server.allowed_hosts",
    "SPANGLASS_ALLOWED_HOSTS",
    (),
    names,
    "Host header values to accept beside localhost and the listening address.",
)
QUEUE_MIB = Setting(
    "server.queue_mib",
    "SPANGLASS_QUEUE_MIB",
    32,
    positive,
    "Memory of exports that are read or wait for the disk before senders get 429, MiB.",
)
MAX_BODY_MIB = Setting(
    "server.max_body_mib", "SPANGLASS_MAX_BODY_MIB", 16, positive, "Largest export body after decompression, MiB."
)
STORE_MEMORY_MIB = Setting(
    "server.store_memory_mib", "SPANGLASS_STORE_MEMORY_MIB", 96, positive, "Memory DuckDB may use, MiB."
)
MEMORY_MIB: Setting[int | None] = Setting(
    "server.memory_mib",
    "SPANGLASS_MEMORY_MIB",
    None,
    positive,
    "Ceiling of the server's memory, MiB; unset, a third over what queue, store and program need.",
)
KEEP_TRACES_DAYS: Setting[int | None] = Setting(
    "server.keep_traces_days",
    "SPANGLASS_KEEP_TRACES_DAYS",
    90,
    days,
    "Days to keep spans and scores; 0, for ever. Sums of calls stay.",
)
KEEP_CONTENT_DAYS: Setting[int | None] = Setting(
    "server.keep_content_days",
    "SPANGLASS_KEEP_CONTENT_DAYS",
    30,
    days,
    "Days to keep messages and other content of spans, apart from the rest; 0, as long as their spans.",
)
KEEP_LOGS_DAYS: Setting[int | None] = Setting(
    "server.keep_logs_days", "SPANGLASS_KEEP_LOGS_DAYS", 30, days, "Days to keep log records; 0, for ever."
)
KEEP_METRICS_DAYS: Setting[int | None] = Setting(
    "server.keep_metrics_days", "SPANGLASS_KEEP_METRICS_DAYS", 30, days, "Days to keep metric points; 0, for ever."
)
KEEP_MINUTES_DAYS: Setting[int | None] = Setting(
    "server.keep_minutes_days",
    "SPANGLASS_KEEP_MINUTES_DAYS",
    14,
    days,
    "Days to keep sums of calls by minute; 0, for ever.",
)
KEEP_HOURS_DAYS: Setting[int | None] = Setting(
    "server.keep_hours_days",
    "SPANGLASS_KEEP_HOURS_DAYS",
    None,
    days,
    "Days to keep sums of calls by hour and user; 0, for ever.",
)
METRICS_USERS = Setting(
    "server.metrics_users",
    "SPANGLASS_METRICS_USERS",
    10,
    up_to_100,
    "How many users /metrics names, with what they spent today, those that spent most; user ids are personal data: 0 "
    "names none.",
)
DEMO = Setting("server.demo", "SPANGLASS_DEMO", False, flag, "Run the demo chatbot against the stand-in provider.")

# The commands that ask a server.
SERVER = Setting(
    "client.server",
    "SPANGLASS_SERVER",
    "http://127.0.0.1:4400",
    text,
    "Address of the server that commands such as `spanglass traces` ask.",
)

SETTINGS: tuple[Setting[object], ...] = cast(
    "tuple[Setting[object], ...]",
    (
        ENVIRONMENT,
        SDK_DISABLED,
        SDK_ENDPOINT,
        SDK_API_KEY,
        SDK_DESTINATIONS,
        SDK_HOSTS,
        SDK_METRIC_LABEL_LIMIT,
        SDK_BAGGAGE,
        SDK_STREAM_USAGE,
        SDK_SPAN_STORM,
        SDK_FRAMEWORKS,
        SDK_LOG_FORMAT,
        PRICES_FILE,
        DATA,
        STORE,
        STORE_PASSWORD,
        STORE_PASSWORD_FILE,
        HOST,
        PORT,
        OTLP_HTTP_PORT,
        OTLP_GRPC_PORT,
        SERVER_API_KEY,
        ALLOWED_HOSTS,
        QUEUE_MIB,
        MAX_BODY_MIB,
        STORE_MEMORY_MIB,
        MEMORY_MIB,
        METRICS_USERS,
        KEEP_TRACES_DAYS,
        KEEP_CONTENT_DAYS,
        KEEP_LOGS_DAYS,
        KEEP_METRICS_DAYS,
        KEEP_MINUTES_DAYS,
        KEEP_HOURS_DAYS,
        DEMO,
        SERVER,
    ),
)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where settings are read from: an environment and the parsed settings file.

    Attributes:
        environ: Variables, usually `os.environ`.
        file: The parsed TOML document; empty when there is none.
        file_path: Where the document came from, for messages.
    """

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    file: Mapping[str, object] = field(default_factory=dict)
    file_path: Path | None = None

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, *, directory: Path | None = None) -> Sources:
        """Read the settings file named by `SPANGLASS_CONFIG`, or `spanglass.toml` in `directory`, if there is one.

        Raises:
            ConfigurationError: The file was named but does not exist, or is not TOML.
        """
        variables = os.environ if environ is None else environ
        named = variables.get("SPANGLASS_CONFIG")
        path = Path(named) if named else (directory or Path.cwd()) / "spanglass.toml"
        if not named and not path.is_file():
            return cls(variables)
        try:
            with path.open("rb") as stream:
                return cls(variables, tomllib.load(stream), path)
        except OSError as error:
            raise ConfigurationError(
                f"The settings file {path} cannot be read ({error.strerror}); correct SPANGLASS_CONFIG or unset it."
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigurationError(f"The settings file {path} is not TOML: {error}.") from error

    def get(self, setting: Setting[T], argument: T | None = None) -> T:
        """Return a setting's value: argument, then environment, then file, then default.

        Raises:
            ConfigurationError: A value was given that cannot be read; the message names where and what is right.
        """
        if argument is not None:
            return argument
        from_environment = self.environ.get(setting.env, "")
        if from_environment:
            return _parsed(setting, from_environment, f"the variable {setting.env}")
        from_file = self._from_file(setting.name)
        if from_file is not None:
            return _parsed(setting, from_file, f"{setting.name} in {self.file_path}")
        return setting.default

    def _from_file(self, name: str) -> str | None:
        node: object = self.file
        for part in name.split("."):
            if not isinstance(node, Mapping) or part not in node:
                return None
            node = node[part]
        if isinstance(node, bool):
            return "true" if node else "false"
        if isinstance(node, list):
            return ",".join(str(part) for part in node)
        if isinstance(node, Mapping):
            return ",".join(f"{key}={part}" for key, part in node.items())
        return str(node)


def _parsed(setting: Setting[T], value: str, where: str) -> T:
    try:
        return setting.parse(value)
    except ValueError as error:
        shown = "its value" if setting.secret else repr(value)
        raise ConfigurationError(f"{where} cannot be used: {shown}; {error}.") from error
