"""The age of a frame, part by part: from the light to the verdict that lets the gate be open."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from shuttergate.examination import CameraTimes
from shuttergate.lang import _


class AgeBudget(msgspec.Struct, frozen=True):
    """Where the time goes that a frame may speak for, in milliseconds.

    ``exposure_ms`` is over when a frame is dated, and so is in no sum; None where the camera does
    not say. ``arrival_ms``: readout and image processor. ``models_ms``: all live ones, the 99th
    percentile. ``left_ms`` is what remains of ``max_age_ms`` when the next frame is judged as late.
    """

    exposure_ms: float | None
    arrival_ms: float
    copy_ms: float
    models_ms: float
    interval_ms: float
    max_age_ms: float
    left_ms: float


def budget(camera: CameraTimes, models_ms: float, max_age_ms: float) -> AgeBudget:
    """Return what is left: the frame before has to speak until the next one is judged."""
    used_ms = camera.arrival_ms + camera.copy_ms + models_ms + camera.interval_ms
    return AgeBudget(
        camera.exposure_ms,
        camera.arrival_ms,
        camera.copy_ms,
        round(models_ms, 2),
        camera.interval_ms,
        max_age_ms,
        round(max_age_ms - used_ms, 2),
    )


def words(found: AgeBudget) -> Iterator[str]:
    """Yield it for people, line by line."""
    yield _("Where the {limit:g} ms go that a frame may speak for:").format(limit=found.max_age_ms)
    rows = [
        (found.arrival_ms, _("readout and image processor")),
        (found.copy_ms, _("copying")),
        (found.models_ms, _("live models (99th percentile)")),
        (found.interval_ms, _("until the next frame, which is judged as late")),
        (found.left_ms, _("left")),
    ]
    for value_ms, name in rows:
        yield f"{value_ms:8.1f} ms  {name}"
    if found.exposure_ms is not None:
        said = _("Before that it was exposed for {ms:.1f} ms.")
        yield said.format(ms=found.exposure_ms)
    if found.left_ms <= 0:
        yield _("So the gate cannot open: use a faster mode of the camera, or fewer live models.")
