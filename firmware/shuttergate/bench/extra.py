"""Packages of the extras `bench` and `cluster`: imported where needed, named where missing."""

from __future__ import annotations

import importlib
from typing import Any

from shuttergate.errors import ShuttergateError
from shuttergate.system.extras import mend

PACKAGES = {"distributed": "dask[distributed]"}
"""What brings a module that is called otherwise."""


def extra(module: str, what: str, name: str = "bench") -> Any:
    """Import and return `module`, which `what` needs and the extra `name` installs.

    Raises `ShuttergateError` with the pip command where it is missing.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        how = mend(name, PACKAGES.get(package, package))
        raise ShuttergateError(
            "{what} needs {package}, which is not installed; {mend}",
            what=what,
            package=package,
            mend=how,
        ) from error
