"""Classes put back as they were: some instrumentations do not take off all that they put on."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import isclass


@contextmanager
def untouched(*packages: str) -> Iterator[None]:
    """Put back, at the end, what the block has replaced in classes of packages that are imported already."""
    modules = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] in packages]
    classes = {one for module in modules for one in list(vars(module).values()) if isclass(one)}
    before = {one: dict(vars(one)) for one in classes if one.__module__.partition(".")[0] in packages}
    try:
        yield
    finally:
        for one, held in before.items():
            now = vars(one)
            for name, value in held.items():
                if callable(value) and now.get(name) is not value:
                    setattr(one, name, value)
