"""What is asked of a camera's sensor: a mode that it has, a size that it gives, its controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from shuttergate.errors import CameraError, listed

LOOKING_ELSEWHERE = "ScalerCrops"
"""The control that would let the models see another part of the scene than is saved."""

AF_CONTINUOUS = 2
"""libcamera's AfModeContinuous."""

_FOCUS = {"AfMode", "LensPosition"}


class SensorReading(Protocol):
    """What a board says of a sensor; see `board.SensorMode`."""

    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def bit_depth(self) -> int: ...
    @property
    def fps(self) -> float: ...


AnyMode = TypeVar("AnyMode", bound=SensorReading)


def mode_of(model: str, modes: Mapping[str, AnyMode]) -> AnyMode | None:
    """Return the mode for a camera of that model, None where the board has none for it.

    A sensor's variants, as "imx708_wide_noir", differ in lens and filter, not in their modes.
    """
    return modes.get(model) or modes.get(model.partition("_")[0])


def fitting(sensor: Sequence[int], limit: tuple[int, int]) -> tuple[int, int]:
    """Return the largest even size of the sensor's shape within `limit`: nothing is cut off."""
    scale = min(1.0, limit[0] / sensor[0], limit[1] / sensor[1])
    width, height = (max(2, int(side * scale + 1e-6) // 2 * 2) for side in sensor)
    return width, height


def for_libcamera(
    wanted: Mapping[str, object], known: Mapping[str, Sequence[object]]
) -> dict[str, object]:
    """Return `wanted` controls; raise `CameraError` naming those that the camera does not have.

    ``known``: by name, least, greatest and usual value. Lists become whole numbers where those are.
    A lens that can move is asked to follow what is before it, unless `wanted` has its own way:
    libcamera would else leave it where it was.
    """
    usable = sorted(set(known) - {LOOKING_ELSEWHERE})
    unknown = sorted(set(wanted) - set(usable))
    if LOOKING_ELSEWHERE in unknown:
        raise CameraError(
            "[camera.controls] {control}: models would look elsewhere; use ScalerCrop",
            control=LOOKING_ELSEWHERE,
        )
    if unknown:
        raise CameraError(
            "[camera.controls] {names}: unknown here; use one of {usable}",
            names=listed(unknown),
            usable=listed(usable),
        )
    focus = {} if "AfMode" not in known or _FOCUS & set(wanted) else {"AfMode": AF_CONTINUOUS}
    return focus | {
        name: [int(part) for part in value]
        if isinstance(value, list) and not isinstance(known[name][0], float)
        else value
        for name, value in wanted.items()
    }
