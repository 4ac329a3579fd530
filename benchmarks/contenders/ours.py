"""spanglass: one line; `watch` takes the hooks off and puts them back, so that both can be measured in one process."""


def setup(endpoint: str, *, content: bool = False) -> None:
    """Switch spanglass on."""
    import spanglass  # noqa: PLC0415 - its import is part of what is measured

    spanglass.init(
        service_name="bench", environment="bench", endpoint=endpoint, capture_content=content, frameworks="none"
    )


def watch(*, on: bool) -> None:
    """Put the hooks on, or take them off."""
    from spanglass.sdk import hooks, runtime  # noqa: PLC0415 - likewise

    running = runtime._state.running  # noqa: SLF001 - there is no public way to pause, and no other need for one
    if on and running is not None and running.recorder is not None:
        hooks.install(running.recorder)
    else:
        hooks.uninstall()


def flush() -> None:
    """Send what waits."""
    import spanglass  # noqa: PLC0415

    spanglass.flush()
