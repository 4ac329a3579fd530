"""What all telemetry of this process says about its producer: service, environment, host, process."""

from __future__ import annotations

import os
import socket

from opentelemetry.sdk.resources import Resource

from spanglass.semconv import attributes as attr


def build(service_name: str | None, service_version: str | None, environment: str | None) -> Resource:
    """Return the process's resource.

    What is given here wins over OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, and these over what is found out.
    `service.instance.id` is OpenTelemetry's: a random UUID, new in a forked child.
    """
    found: dict[str, str | int] = {attr.PROCESS_PID: os.getpid()}
    if host := socket.gethostname():
        found[attr.HOST_NAME] = host
    given = {
        attr.SERVICE_NAME: service_name,
        attr.SERVICE_VERSION: service_version,
        attr.ENVIRONMENT: environment,
    }
    return Resource(found).merge(Resource.create({name: value for name, value in given.items() if value}))


def of_child() -> Resource:
    """Return what a forked child must say differently."""
    return Resource({attr.PROCESS_PID: os.getpid()})
