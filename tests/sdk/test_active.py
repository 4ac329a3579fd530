import os
import subprocess
import sys

from spanglass.sdk import active
from spanglass.sdk.content import ContentMode
from spanglass.testing import capture

_LIFE = """
import spanglass
from spanglass.sdk import active
assert active.current() is None
spanglass.init(service_name="shop", capture_content=True)
on = active.current()
assert on is not None and on.recorder.wants_content and on.content.on_spans and on.span_storm == 7
spanglass.shutdown()
assert active.current() is None
"""


def test_a_capture_is_active_until_it_ends() -> None:
    """Inside a capture its choices hold, afterwards what held before."""
    before = active.current()
    with capture(content=ContentMode.SPAN_ONLY) as seen:
        inside = active.current()
        assert inside is not None
        assert inside.content is ContentMode.SPAN_ONLY
        assert inside.tracers is seen.tracer_provider
    assert active.current() is before


def test_init_sets_it_and_shutdown_clears_it() -> None:
    """Between `init` and `shutdown` its arguments and settings can be asked for, outside there is nothing."""
    environ = {**os.environ, "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}
    environ |= {"OTEL_LOGS_EXPORTER": "none", "SPANGLASS_SPAN_STORM": "7"}
    subprocess.run([sys.executable, "-c", _LIFE], check=True, env=environ, timeout=60)
