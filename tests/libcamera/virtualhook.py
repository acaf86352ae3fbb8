"""Puts the virtual camera into picamera2 when it is imported: for kits on the bench.

A kit's processes are isolated from the environment (-I), so they find it by a .pth file of their
virtual environment that has this folder in one line and ``import virtualhook`` in the next.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from typing import Any

import stubs


class _Swap(importlib.abc.MetaPathFinder):
    """Lets picamera2 be imported as ever, and puts the virtual camera into it at once."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name != "picamera2" or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)  # or it would ask itself
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_swap(module: Any) -> None:
            execute(module)
            if "virtualcam" not in sys.modules:  # else it is virtualcam that wants picamera2
                import virtualcam

                virtualcam.install()

        spec.loader.exec_module = execute_and_swap  # type: ignore[method-assign]
        return spec


stubs.install()
sys.meta_path.insert(0, _Swap())
