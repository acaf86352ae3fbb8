"""The hub: everything once and in order for who keeps up, the whole anew for who does not."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from shuttergate import companion, feed, viewfinder
from shuttergate.console import hub as hubs
from shuttergate.console.hub import ROW, Hub, Viewer
from support.looking import KIT, standing


def looking(test: Callable[[Hub], Awaitable[None]]) -> Callable[[], None]:
    """Run `test` with a hub, in an event loop."""

    def run() -> None:
        async def inside() -> None:
            await test(Hub({"token": "t"}))

        asyncio.run(inside())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def happened(number: int) -> companion.Happened:
    line = json.dumps({"time": "", "event": "photo"})
    return companion.Happened(line, feed.Photo("a.jpg", number, {}, 90.0))


def named(number: int) -> str:
    return f"{number}.mp4" if number % 3 else f"{number}.jpg"


def told(hub: Hub, viewer: Viewer) -> list[dict[str, Any]]:
    return [json.loads(text) for text in hub.news(viewer)[0]]


@looking
async def test_the_whole_comes_first_and_nothing_twice(hub: Hub) -> None:
    hub.sees(KIT, [])
    hub.shows(viewfinder.Seen(1, True, "clear", {"a": 0.5}))  # collected, not yet told
    with hub.viewer() as one:
        (whole,) = told(hub, one)
        assert whole["token"] == "t" and whole["seen"] == [[1, True, "clear", [0.5]]]
        hub.sees(happened(1), [])
        assert [news["events"][0]["event"]["frame"] for news in told(hub, one)] == [1]
        assert told(hub, one) == []
    assert hub.viewers == set()


@looking
async def test_an_event_comes_with_its_kind_and_in_both_languages(hub: Hub) -> None:
    with hub.viewer() as one:
        told(hub, one)
        hub.sees(happened(7), [])
        (news,) = told(hub, one)
    with hub.viewer() as late:
        (whole,) = told(hub, late)
    assert (
        whole["events"]
        == news["events"]
        == [
            {
                "kind": "photo",
                "event": {"event": "photo", "name": "a.jpg", "frame": 7, "scores": {}, "ms": 90.0},
                "words": {
                    "en": "photo saved, 90 ms after the press",
                    "ja": "写真を保存しました（押してから90ミリ秒）",
                },
                "notable": True,
                "line": {"time": "", "event": "photo"},
            }
        ]
    )
    assert list(hub.lines) == ['{"time": "", "event": "photo"}']


@looking
async def test_who_is_too_far_behind_gets_the_whole_anew(hub: Hub) -> None:
    with hub.viewer() as one:
        told(hub, one)
        for number in range(ROW):
            hub.sees(happened(number), [])
        assert len(told(hub, one)) == ROW
        for number in range(ROW + 1):
            hub.sees(happened(number), [])
        assert ["token" in news for news in told(hub, one)] == [True]


@looking
async def test_a_change_is_told_at_once_and_the_rest_is_collected(hub: Hub) -> None:
    with hub.viewer() as one:
        told(hub, one)
        hub.sees(standing(True), [])
        assert one.news.is_set(), "the first word of the gate is a change"
        told(hub, one)
        hub.sees(standing(True), [])
        hub.shows(viewfinder.Seen(1, True, "clear", {}))
        assert not one.news.is_set()
        await asyncio.sleep(3 * hubs.SOON_S)
        assert {"standing", "seen"} == told(hub, one)[0].keys()
        hub.sees(standing(False), [])
        assert one.news.is_set()


@looking
async def test_that_a_video_begins_and_ends_is_told_at_once(hub: Hub) -> None:
    hub.sees(standing(True), [])
    with hub.viewer() as one:
        for recording_s, is_told in ((0.0, True), (0.2, False), (0.4, False), (None, True)):
            told(hub, one)
            hub.sees(standing(True, recording_s=recording_s), [])
            assert one.news.is_set() is is_told, recording_s


@looking
async def test_only_the_newest_picture_is_for_a_slow_viewer(hub: Hub) -> None:
    hub.sees(standing(True), [])
    with hub.viewer() as one:
        hub.news(one)
        for number in range(3):
            hub.shows(viewfinder.Picture(number, bytes([number])))
        assert hub.news(one)[1] == b"P\x02"
        assert hub.news(one)[1] == b""


CLOSINGS: dict[str, Callable[[Hub], None]] = {
    "the gate closes": lambda hub: hub.sees(standing(False), []),
    "the gate is not heard": lambda hub: hub.sees(standing(True, status=None), []),
    "the kit is gone": lambda hub: hub.loses(),
}


@pytest.mark.parametrize("how", CLOSINGS)
def test_while_the_gate_is_not_known_to_be_open_no_picture_is_had(how: str) -> None:
    async def inside() -> None:
        hub, late = Hub({"token": "t"}), Viewer(here=False)
        with hub.viewer() as one:
            hub.shows(viewfinder.Picture(1, b"before the first word"))
            assert hub.news(one)[1] == b""
            hub.sees(standing(True), [])
            hub.shows(viewfinder.Picture(2, b"open"))
            CLOSINGS[how](hub)
            hub.shows(viewfinder.Picture(3, b"on its way", sharp=True))
            assert hub.news(one)[1] == hub.news(late)[1] == b""

    asyncio.run(inside())


@looking
async def test_as_many_photos_and_videos_are_held_open_as_are_shown(hub: Hub) -> None:
    def held() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = held()
    for number in [*range(companion.PHOTOS_KEPT + 3), companion.PHOTOS_KEPT + 2]:
        hub.sees(companion.AlbumFile(named(number)), [os.open(os.devnull, os.O_RDONLY)])
    assert hub.photos.names == [named(number) for number in range(3, companion.PHOTOS_KEPT + 3)]
    assert held() - before == companion.PHOTOS_KEPT
    for name in hub.photos.names:
        descriptor = hub.photos.get(name)
        assert descriptor is not None
        os.close(descriptor)


def test_a_sharp_picture_stands_before_a_softer_one_moves_on() -> None:
    now_s = 100.0

    async def inside() -> None:
        nonlocal now_s
        hub = Hub({"token": "t"}, lambda: now_s)
        hub.sees(KIT, [])
        hub.sees(standing(True), [])
        with hub.viewer() as one:
            hub.news(one)

            def shown(jpeg: bytes, sharp: bool) -> bytes:
                hub.shows(viewfinder.Picture(1, jpeg, sharp))
                return hub.news(one)[1]

            assert shown(b"soft", False) == b"Psoft"
            assert shown(b"sharp", True) == b"Psharp"
            assert shown(b"softer", False) == b""
            assert shown(b"newer", True) == b"Pnewer"
            now_s += hubs.SHARP_S
            assert shown(b"late", False) == b"Plate"
            assert shown(b"last", True) == b"Plast"
            hub.sees(standing(False), [])
            hub.sees(standing(True), [])
            assert shown(b"again", False) == b"Pagain", "nothing stands over a closing"

    asyncio.run(inside())
