"""Figures for Prometheus: counts and times, no picture, no score, no name.

Names follow prometheus.io/docs/practices/naming. Scores are left out: a record of them would tell
what has been before the camera.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from shuttergate import feed
from shuttergate.console.hub import Hub
from shuttergate.feed import Total
from shuttergate.verdict import Decision

TIMINGS = {
    "verdict": "From a frame's exposure to its verdict.",
    "models": "All live channels on one frame.",
    "second look": "The second look, at a press or for a page.",
    "photo": "From a press to its photo, durable in the album.",
}


def exposition(hub: Hub) -> tuple[str, bytes]:
    """Return the content type and the text that Prometheus reads."""
    registry = CollectorRegistry()
    registry.register(_Figures(hub))
    return CONTENT_TYPE_PLAIN_0_0_4, generate_latest(registry)


class _Figures:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        hub = self._hub
        yield _gauge("viewers", "Pages that look at the kit.", len(hub.viewers))
        status = hub.standing.status if hub.standing is not None else None
        yield _gauge("up", "Whether the gate process is heard.", status is not None)
        yield _gauge("gate_open", "Whether the gate is OPEN.", hub.is_open)
        is_recording = status is not None and status.recording_s is not None
        yield _gauge("recording", "Whether a video is in the making.", is_recording)
        if hub.kit is not None:
            labels = {"version": hub.kit.version, "board": hub.kit.board}
            yield InfoMetricFamily("shuttergate_build", "What runs here.", labels)
        if hub.standing is not None:
            totals = hub.standing.totals
            frames = _counter("frames", "Frames judged.", "verdict")
            for decision in Decision:
                found = feed.count(totals, Total.FRAMES, decision)
                frames.add_metric([decision.lower()], found)
            yield frames
            for what, name, words in (
                (Total.PHOTOS, "photos", "Photos published."),
                (Total.VIDEOS, "videos", "Videos published."),
            ):
                yield _counted(name, words, feed.count(totals, what))
            for what, name, words in (
                (Total.LOST, "videos_lost", "Recordings that gave no video."),
                (Total.REFUSED, "presses_refused", "Presses that gave no photo."),
            ):
                yield _by_label(name, words, "reason", totals.get(what, {}))
            for label, name, words in (
                (feed.PUT, "questions", "Times that the kit asked whether somebody is sure."),
                (feed.YES, "questions_yes", "Questions that were answered with yes."),
            ):
                yield _counted(name, words, feed.count(totals, Total.ASKED, label))
            yield _counted("gate_starts", "Starts of the gate process.", hub.standing.starts)
        if status is not None:
            yield from _of_status(status)


def _of_status(status: feed.Status) -> Iterator[Metric]:
    yield _gauge("frames_per_second", "Frames judged a second, over the newest 30.", status.fps)
    faults = GaugeMetricFamily("shuttergate_fault", "Faults that stand.", labels=["fault"])
    for fault in status.faults:
        faults.add_metric([fault], 1)
    yield faults
    tests, words = (
        status.totals.get(Total.TESTS, {}),
        "Known answers asked for, since the gate began.",
    )
    yield _by_label("selftest_answers", words, "result", tests)
    for name, timing in status.timings.items():
        yield _histogram(name, timing)


def _histogram(name: str, timing: feed.Timing) -> Metric:
    buckets, total = [], 0
    edges = [f"{edge_ms / 1000:g}" for edge_ms in timing.edges_ms]
    for edge, count in zip([*edges, "+Inf"], timing.counts, strict=True):
        total += count
        buckets.append((edge, float(total)))
    family = HistogramMetricFamily(f"shuttergate_{name.replace(' ', '_')}_seconds", TIMINGS[name])
    family.add_metric([], buckets, timing.sum_ms / 1000)
    return family


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"shuttergate_{name}", words, value=float(value))


def _counter(name: str, words: str, label: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"shuttergate_{name}", words, labels=[label])


def _by_label(name: str, words: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = _counter(name, words, label)
    for one, count in counts.items():
        family.add_metric([one], count)
    return family


def _counted(name: str, words: str, value: int) -> Metric:
    return CounterMetricFamily(f"shuttergate_{name}", words, value=float(value))
