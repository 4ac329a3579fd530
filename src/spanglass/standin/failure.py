"""The errors the stand-in answers with, as the provider words them."""

from __future__ import annotations

from dataclasses import dataclass

from spanglass.standin.scenario import Scenario, Scenarios


@dataclass(frozen=True, slots=True)
class Failure:
    """An error answer.

    Attributes:
        status: HTTP status.
        type: The provider's error type.
        code: The provider's error code.
        message: For people; `{model}` is filled in.
        param: The parameter at fault.
        attempts: How many attempts fail before one succeeds; None for all.
        retry_after_s: How long the sender should wait.
    """

    status: int
    type: str
    code: str | None
    message: str
    param: str | None = None
    attempts: int | None = None
    retry_after_s: float | None = None

    def body(self, model: str = "") -> dict[str, object]:
        """Return the JSON body."""
        message = self.message.replace("{model}", model)
        return {"error": {"message": message, "type": self.type, "param": self.param, "code": self.code}}


_INVALID = "invalid_request_error"
_FAILURES = {
    Scenario.RATE_LIMITED: Failure(
        429,
        "requests",
        "rate_limit_exceeded",
        "Rate limit reached for {model} on requests per min (RPM): Limit 500, Used 500, Requested 1. "
        "Please try again in 1s.",
        attempts=1,
        retry_after_s=1.0,
    ),
    Scenario.SERVER_ERROR: Failure(
        500,
        "server_error",
        None,
        "The server had an error while processing your request. Sorry about that!",
        attempts=1,
    ),
    Scenario.OVERLOADED: Failure(
        503,
        "service_unavailable_error",
        "slow_down",
        "The model is currently overloaded. Please try again later.",
        attempts=1,
    ),
    Scenario.QUOTA: Failure(
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    Scenario.UNAUTHORIZED: Failure(401, _INVALID, "invalid_api_key", "Incorrect API key provided: sk-stand**in."),
    Scenario.CONTEXT_LENGTH: Failure(
        400,
        _INVALID,
        "context_length_exceeded",
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 151824 tokens. "
        "Please reduce the length of the messages.",
        param="messages",
    ),
    Scenario.MODEL_NOT_FOUND: Failure(
        404, _INVALID, "model_not_found", "The model `{model}` does not exist or you do not have access to it."
    ),
}
NO_KEY = Failure(
    401, _INVALID, None, "You didn't provide an API key. Send one in the Authorization header, as a bearer."
)
NOT_JSON = Failure(400, _INVALID, None, "We could not parse the JSON body of your request.")
NO_SUCH_PATH = Failure(404, _INVALID, None, "Invalid URL.")


def bad_request(message: str, param: str | None = None) -> Failure:
    """Return the answer to a body that the provider does not accept."""
    return Failure(400, _INVALID, "missing_required_parameter" if param else None, message, param=param)


def failing(scenarios: Scenarios, *, attempt: int) -> Failure | None:
    """Return the error that an attempt (0 is the first) meets, or None where it gets an answer."""
    for scenario, failure in _FAILURES.items():
        if scenario in scenarios:
            number = scenarios[scenario]
            attempts = int(number) if number is not None and failure.attempts is not None else failure.attempts
            if attempts is None or attempt < attempts:
                return failure
    return None
