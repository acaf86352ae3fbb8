"""Packages of the extra `bench`: imported where they are needed, named where they are missing."""

from __future__ import annotations

import importlib
from typing import Any

from shuttergate.errors import ShuttergateError


def extra(module: str, what: str) -> Any:
    """Import and return `module`; raise `ShuttergateError` with the pip command, for `what`."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ShuttergateError(
            f"{what} needs {package}, which is not installed; pip install 'shuttergate[bench]'"
        ) from error
