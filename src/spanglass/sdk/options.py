"""What `init` was asked for: its arguments, then settings; one that cannot be used is a log line and its default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from spanglass.errors import ConfigurationError
from spanglass.sdk.content import VARIABLE as CONTENT_VARIABLE
from spanglass.sdk.content import ContentMode, content_mode
from spanglass.sdk.guard import logger
from spanglass.settings import (
    ENVIRONMENT,
    SDK_API_KEY,
    SDK_DESTINATIONS,
    SDK_ENDPOINT,
    SDK_FRAMEWORKS,
    SDK_STREAM_USAGE,
    Setting,
    Sources,
    T,
    names,
)


def _sources() -> Sources:
    try:
        return Sources.load()
    except (ConfigurationError, OSError) as error:
        logger.warning("%s It is left out.", error)
        return Sources()


def _listed(given: Sequence[str] | str | None, argument: str) -> tuple[str, ...] | None:
    """Read names in either form: a sequence, or as in a variable one text with commas."""
    if given is None or isinstance(given, str):
        return None if given is None else names(given)
    try:
        return tuple(str(name) for name in given)
    except TypeError:
        logger.warning("The argument %s cannot be used: %r; use a list of names. It is left out.", argument, given)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The arguments of `init` and the settings behind them; arguments are `given_...`, None where there was none.

    Attributes:
        sources: Where settings are read.
        service_name: Name of the service.
        service_version: Its version.
    """

    given_environment: str | None = None
    given_endpoint: str | None = None
    given_api_key: str | None = field(default=None, repr=False)
    given_destinations: Sequence[str] | str | None = None
    given_content: ContentMode | bool | str | None = None
    given_stream_usage: bool | None = None
    given_frameworks: Sequence[str] | str | None = None
    service_name: str | None = None
    service_version: str | None = None
    sources: Sources = field(default_factory=_sources)

    @property
    def environ(self) -> Mapping[str, str]:
        """The process's variables."""
        return self.sources.environ

    def get(self, setting: Setting[T], argument: T | None = None) -> T:
        """Return a setting's value, its default where what was given cannot be used."""
        try:
            return self.sources.get(setting, argument)
        except ConfigurationError as error:
            logger.warning("%s The default is used instead.", error)
            return setting.default

    def environment(self) -> str | None:
        """Return the deployment environment."""
        return self.get(ENVIRONMENT, self.given_environment)

    def api_key(self) -> str | None:
        """Return the key that exports carry."""
        return self.get(SDK_API_KEY, self.given_api_key or None)

    def destinations(self) -> tuple[str, ...]:
        """Return the names and addresses of the destinations; none where the endpoint alone is one."""
        return self.get(SDK_DESTINATIONS, _listed(self.given_destinations, "destinations") or None)

    def endpoint(self) -> str | None:
        """Return the argument, SPANGLASS_ENDPOINT, then OTEL_EXPORTER_OTLP_* (as None), then the settings file."""
        if self.given_endpoint or self.environ.get(SDK_ENDPOINT.env):
            return self.get(SDK_ENDPOINT, self.given_endpoint or None)
        if any(name.startswith("OTEL_EXPORTER_OTLP") and name.endswith("ENDPOINT") for name in self.environ):
            return None
        return self.get(SDK_ENDPOINT)

    def frameworks(self) -> tuple[str, ...]:
        """Return the frameworks to see, or `auto` or `none`."""
        return self.get(SDK_FRAMEWORKS, _listed(self.given_frameworks, "frameworks"))

    def stream_usage(self) -> bool:
        """Return whether streams are asked for their usage; by the argument's words, for the text "false" is true."""
        given = self.given_stream_usage
        try:
            return self.get(SDK_STREAM_USAGE, None if given is None else SDK_STREAM_USAGE.parse(str(given)))
        except ValueError as error:
            logger.warning("The argument stream_usage cannot be used: %r; %s. It is left out.", given, error)
            return self.get(SDK_STREAM_USAGE)

    def disabled_instrumentations(self) -> tuple[str, ...]:
        """Return the names in OTEL_PYTHON_DISABLED_INSTRUMENTATIONS."""
        return names(self.environ.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", ""))

    def content(self) -> ContentMode:
        """Return whether messages are recorded, and where."""
        argument = self.given_content
        if isinstance(argument, ContentMode):
            return argument
        where = CONTENT_VARIABLE if argument is None else "The argument capture_content"
        try:
            # By its words, never by its truth: the text "NO_CONTENT" is true.
            return content_mode(self.environ) if argument is None else ContentMode.parse(str(argument))
        except ValueError as error:
            logger.warning("%s cannot be used: %s. Content is not recorded.", where, error)
            return ContentMode.NO_CONTENT
