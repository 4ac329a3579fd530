"""What `spanglass run` puts into the program's interpreter: switches the SDK on, then steps aside."""

from __future__ import annotations

import builtins
import io
import runpy
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import TracebackType

from spanglass.sdk.runtime import init


def main(arguments: list[str]) -> None:
    """Run `PROGRAM [ARGUMENTS]...` or `-m MODULE [ARGUMENTS]...` as Python itself would.

    Raises:
        BaseException: Whatever the program raises.
    """
    init()
    try:
        if arguments[0] == "-m":
            _run_module(arguments[1:])
        else:
            _run_script(arguments)
    except SystemExit:
        raise
    except BaseException:
        sys.excepthook = _forgetting_us(sys.excepthook)
        raise


def _run_module(arguments: list[str]) -> None:
    sys.argv = list(arguments)
    # What `python -m` itself calls: unlike run_module, it runs in the real `__main__`, which pickle and spawn need.
    runpy._run_module_as_main(arguments[0])  # type: ignore[attr-defined] # noqa: SLF001 - there is no public twin


def _run_script(arguments: list[str]) -> None:
    path = str(Path(arguments[0]).absolute())
    sys.argv = list(arguments)
    if not sys.flags.safe_path:
        sys.path[0] = str(Path(path).resolve().parent)
    with io.open_code(path) as stream:
        code = compile(stream.read(), path, "exec", dont_inherit=True)
    namespace = sys.modules["__main__"].__dict__
    namespace.clear()
    namespace.update(
        __name__="__main__",
        __file__=path,
        __builtins__=builtins,
        __loader__=SourceFileLoader("__main__", path),
        __doc__=None,
        __package__=None,
        __spec__=None,
        __cached__=None,
    )
    exec(code, namespace)  # noqa: S102 - running the program is what was asked for


_Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]


def _forgetting_us(hook: _Hook) -> _Hook:
    """Return the hook, shown tracebacks that begin where the program does."""

    def shown(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> object:
        ours = traceback
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == __file__:
                ours = traceback.tb_next
            traceback = traceback.tb_next
        return hook(kind, error.with_traceback(ours), ours)

    return shown


if __name__ == "__main__":
    # The program becomes `__main__`, so the work is done by a second copy of this module that stays itself.
    import_module("spanglass.cli.launch").main(sys.argv[1:])
