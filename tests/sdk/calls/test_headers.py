import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.sdk.calls.headers import resend_count, retry_after_s

NOW_NS = 1_792_000_000_000_000_000  # 2026-10-14T17:46:40Z


@pytest.mark.parametrize(
    ("headers", "count"),
    [({}, 0), ({"x-stainless-retry-count": "0"}, 0), ({"x-stainless-retry-count": "2"}, 2)]
    + [({"amz-sdk-request": "attempt=1"}, 0), ({"amz-sdk-request": "ttl=20261121T150000Z; attempt=3; max=5"}, 2)]
    + [({"amz-sdk-request": "max=5"}, 0), ({"amz-sdk-request": "attempt=x"}, 0)]
    + [({"x-stainless-retry-count": odd}, 0) for odd in ("", "two", "-1", "1.5", "²", "9" * 5000)],
)
def test_resend_count(headers: dict[str, str], count: int) -> None:
    """The retry is the client's own count; whatever is no count is none."""
    assert resend_count(headers) == count


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Wed, 14 Oct 2026 17:47:10 GMT"}, 30.0),
        ({"retry-after": "Wed, 14 Oct 2026 17:47:10 -0000"}, 30.0),
        ({"retry-after": "Wed, 14 Oct 2020 17:47:10 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": f"Wed, 14 Oct {10**20} 17:47:10 GMT"}, None),
        ({"retry-after": f"Wed, 14 Oct 2026 17:47:10 +{10**20}"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds and dates are read; what is none of them says nothing."""
    assert retry_after_s(headers, NOW_NS) == seconds


@given(st.text())
def test_no_header_breaks_anything(value: str) -> None:
    """Whatever a server or an application writes into the headers, nothing is raised."""
    assert resend_count({"x-stainless-retry-count": value}) >= 0
    assert resend_count({"amz-sdk-request": value}) >= 0
    seconds = retry_after_s({"retry-after": value}, NOW_NS)
    assert seconds is None or seconds >= 0
