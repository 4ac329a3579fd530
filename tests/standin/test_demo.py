from pathlib import Path

from spanglass.standin.demo import Demo, environment


def test_the_demo_inherits_nothing_that_would_send_it_elsewhere() -> None:
    """Variables of the SDK, of OpenTelemetry, of OpenAI and of proxies are the demo's own; others stay."""
    variables = {
        "PATH": "/bin",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://elsewhere",
        "OPENAI_BASE_URL": "http://real",
        "SPANGLASS_DISABLED": "1",
        "https_proxy": "http://proxy",
        "SPANGLASS_API_KEY": "of my application",
    }

    ours = environment(variables, endpoint="http://127.0.0.1:1", api_key=None)

    assert ours["PATH"] == "/bin"
    assert ours["SPANGLASS_ENDPOINT"] == "http://127.0.0.1:1"
    assert set(variables) & set(ours) == {"PATH"}
    assert environment({}, endpoint="", api_key="k")["SPANGLASS_API_KEY"] == "k"


def test_stopping_ends_both_processes() -> None:
    """Two processes run after `start`, none after `stop`, and stopping twice is harmless."""
    demo = Demo(speed=5)
    demo.start("http://127.0.0.1:1")
    pids = demo.pids
    assert len(pids) == 2

    demo.stop()
    demo.stop()

    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
