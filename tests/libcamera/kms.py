"""Stands in for the DRM bindings that picamera2 imports for its preview windows; we open none."""

from __future__ import annotations


class _Names(type):
    def __getattr__(cls, name: str) -> str:
        return name


class PixelFormats(metaclass=_Names):
    """Has every pixel format, by its name."""
