"""The other renderer: VTK's rasteriser, by OpenGL in software, with its own lights and shading.

No rays, no shadows, no physical units: whatever a path tracer leaves in a picture is not in these.
Needs VTK and, from the system, EGL or OSMesa (Debian: libegl1 with libgl1-mesa-dri, or libosmesa6).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 - registers the OpenGL classes
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkPolyDataNormals
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkLight,
    vtkPolyDataMapper,
    vtkRenderer,
    vtkRenderWindow,
    vtkWindowToImageFilter,
)

from measure.evaldata.cast import Scene
from measure.evaldata.figures import Piece

SIDE_PX = 512


class Stage:
    """One window out of sight, used for every picture; raises `RuntimeError` without OpenGL."""

    def __init__(self) -> None:
        self.window: Any = vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.SetAlphaBitPlanes(1)
        self.window.SetMultiSamples(8)
        self.window.SetSize(SIDE_PX, SIDE_PX)

    def shoot(self, pieces: list[Piece], aim: np.ndarray, scene: Scene) -> np.ndarray:
        """Render; uint8 (SIDE_PX, SIDE_PX, 4), sRGB and coverage. `aim` (n, 3) fills the frame."""
        renderer: Any = vtkRenderer()
        renderer.SetBackground(0.5, 0.5, 0.5)
        renderer.SetBackgroundAlpha(0.0)
        for piece in pieces:
            if len(piece.faces):
                renderer.AddActor(_actor(piece))
        rng = scene.rng(6)
        self.window.AddRenderer(renderer)
        try:
            _light(renderer, scene, rng)
            _look(renderer, aim, scene, rng)
            self.window.Render()
            grab: Any = vtkWindowToImageFilter()
            grab.SetInput(self.window)
            grab.SetInputBufferTypeToRGBA()
            grab.ReadFrontBufferOff()
            grab.Update()
            pixels = vtk_to_numpy(grab.GetOutput().GetPointData().GetScalars())
        finally:
            self.window.RemoveRenderer(renderer)
        taken: np.ndarray = pixels.reshape(SIDE_PX, SIDE_PX, 4)[::-1].copy()
        if not taken[..., 3].any():
            raise RuntimeError(
                f"VTK rendered nothing of scene {scene.number}; install EGL or OSMesa "
                "(Debian: apt install libegl1 libgl1-mesa-dri, or libosmesa6)"
            )
        return taken


def _actor(piece: Piece) -> Any:
    used, faces = np.unique(piece.faces, return_inverse=True)
    faces = faces.reshape(-1, 3)
    mesh: Any = vtkPolyData()
    points: Any = vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(piece.points[used], np.float32), deep=1))
    cells: Any = vtkCellArray()
    flat = np.hstack([np.full((len(faces), 1), 3), faces]).astype(np.int64).ravel()
    cells.SetCells(len(faces), numpy_to_vtkIdTypeArray(flat, deep=1))
    mesh.SetPoints(points)
    mesh.SetPolys(cells)
    colours = np.round(np.clip(piece.colours[used], 0, 1) * 255).astype(np.uint8)
    mesh.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(colours), deep=1))
    smooth: Any = vtkPolyDataNormals()
    smooth.SetInputData(mesh)
    smooth.SplittingOff()
    smooth.ConsistencyOff()
    mapper: Any = vtkPolyDataMapper()
    mapper.SetInputConnection(smooth.GetOutputPort())
    actor: Any = vtkActor()
    actor.SetMapper(mapper)
    how = actor.GetProperty()
    how.SetInterpolationToPhong()
    how.SetAmbient(0.22)
    how.SetDiffuse(0.55 if piece.metal else 0.8)
    how.SetSpecular(0.9 if piece.metal else 0.45 * piece.shine)
    how.SetSpecularPower(12 if piece.metal else 8 + 40 * piece.shine)
    if piece.metal:
        how.SetSpecularColor(1.0, 0.82, 0.55)
    return actor


def _light(renderer: Any, scene: Scene, rng: np.random.Generator) -> None:
    """A key light and a weaker one from the other side, both as far as the sun, turned with us."""
    renderer.AutomaticLightCreationOff()
    side = 1.0 if rng.random() < 0.5 else -1.0
    for turn, strength in ((rng.uniform(15, 70), 0.85), (-rng.uniform(30, 100), 0.35)):
        angle = np.radians(scene.azimuth + side * turn)
        warmth = float(rng.normal(0, 0.06))
        light: Any = vtkLight()
        light.SetLightTypeToSceneLight()
        light.SetPositional(False)
        light.SetPosition(np.sin(angle) * 10, -np.cos(angle) * 10, float(rng.uniform(3, 12)))
        light.SetFocalPoint(0, 0, 1)
        light.SetColor(1 + warmth, 1.0, 1 - warmth)
        light.SetIntensity(strength * float(rng.uniform(0.75, 1.2)))
        renderer.AddLight(light)


def _look(renderer: Any, aim: np.ndarray, scene: Scene, rng: np.random.Generator) -> None:
    middle = (aim.max(0) + aim.min(0)) / 2
    radius = float(np.linalg.norm(aim - middle, axis=1).max())
    angle = float(rng.uniform(28, 50))
    away = radius / np.sin(np.radians(angle / 2)) * float(rng.uniform(0.88, 1.1))
    turn, rise = np.radians(scene.azimuth), np.radians(scene.rise)
    to = np.array([np.sin(turn) * np.cos(rise), -np.cos(turn) * np.cos(rise), np.sin(rise)])
    camera = renderer.GetActiveCamera()
    camera.SetFocalPoint(*(middle + rng.normal(0, 0.06, 3) * radius))
    camera.SetPosition(*(middle + to * away))
    camera.SetViewUp(0, 0, 1)
    camera.SetViewAngle(angle)
    renderer.ResetCameraClippingRange()
