"""Who may look from elsewhere, for how long, and how often a code may be guessed."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from starlette.requests import HTTPConnection

from shuttergate.console import access as access_
from shuttergate.console.access import (
    COOKIE,
    Access,
    Codes,
    LanMay,
    Pace,
    TooManyTries,
    came_directly,
)
from shuttergate.console.hub import Hub
from shuttergate.console.invitation import Invitation, Invite
from shuttergate.print import qr

KIT, PHONE, OTHER = "192.168.1.2", "192.168.1.20", "192.168.1.21"


class Watch:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def from_(address: str, cookie: str | None = None, **headers: str) -> HTTPConnection:
    told = {"host": f"{KIT}:8080", "cookie": f"{COOKIE}={cookie}", **headers}
    return HTTPConnection(
        {
            "type": "http",
            "http_version": "1.1",
            "client": (address, 50000),
            "server": (KIT, 8080),
            "headers": [(name.encode(), value.encode()) for name, value in told.items()],
        }
    )


def wrong(access: Access) -> str:
    return f"{(int(access.code) + 1) % 10**8:08d}"


def test_a_session_is_for_one_address_and_one_day() -> None:
    watch = Watch()
    access = Access(True, watch)
    cookie = access.pair(access.code, PHONE)
    assert access.may_look(from_(PHONE, cookie)) and not access.may_look(from_(OTHER, cookie))
    assert not access.may_look(from_(PHONE)) and not access.may_look(from_(PHONE, "another"))
    assert cookie is not None
    until, _, seal = cookie.partition(".")
    for forged in (f"{int(until) + 1}.{seal}", f"{until}.", f"{until}.{'0' * 64}", "nan.", "."):
        assert not access.may_look(from_(PHONE, forged))
    watch.now_s += access_.SESSION_S
    assert not access.may_look(from_(PHONE, cookie))


def test_a_page_that_had_to_be_started_anew_knows_those_who_were_let_in() -> None:
    """The demo's page is killed on purpose, before a room of phones."""
    watch = Watch()
    codes = Codes.new(watch)
    before, after, other = (Access(True, watch, codes=one) for one in (codes, codes, None))
    cookie = before.pair(before.code, PHONE)
    assert after.may_look(from_(PHONE, cookie)) and not after.may_look(from_(OTHER, cookie))
    assert not other.may_look(from_(PHONE, cookie)) and other.code != before.code == after.code


def test_codes_are_eight_digits_and_nothing_tells_the_next() -> None:
    codes = Codes(b"a secret", 1000.0)
    seen = [codes.at(1000.0 + number * access_.CODE_S) for number in range(200)]
    assert len(set(seen)) == len(seen)
    assert all(len(code) == 8 and code.isdecimal() for code in seen)
    for place in range(8):  # each digit everywhere
        assert {code[place] for code in seen} == set("0123456789")
    assert seen[0] != Codes(b"another", 1000.0).at(1000.0)


def test_a_code_is_for_one_day() -> None:
    watch = Watch()
    access = Access(True, watch)
    first = access.code
    watch.now_s += access_.CODE_S - 1
    assert access.code == first
    watch.now_s += 1
    assert access.pair(first, PHONE) is None  # also before anybody saw the new one
    assert access.code != first
    watch.now_s += 2
    assert access.pair(first, PHONE) is None
    watch.now_s += 2
    assert access.pair(access.code, PHONE) is not None


def test_a_night_that_the_computer_sleeps_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    access = Access(True)
    code = access.code
    cookie = access.pair(code, PHONE)
    assert access.may_look(from_(PHONE, cookie))
    read, slept_s = time.clock_gettime, access_.SESSION_S + 1
    monkeypatch.setattr(
        time,
        "clock_gettime",
        lambda clock: read(clock) + (slept_s if clock == time.CLOCK_BOOTTIME else 0.0),
    )
    assert not access.may_look(from_(PHONE, cookie)) and access.code != code


def test_guesses_from_everywhere_are_counted_together() -> None:
    watch = Watch()
    access = Access(True, watch)
    for number in range(access_.TRIES):
        assert access.pair(wrong(access), f"10.0.{number}.1") is None
    with pytest.raises(TooManyTries):
        access.pair(access.code, PHONE)
    watch.now_s += access_.TRY_AGAIN_S
    assert access.pair(access.code, PHONE) is not None
    day = 0
    for _ in range(24 * 60):  # from as many addresses as one likes
        watch.now_s += 60.0
        for number in range(100):
            try:
                assert access.pair(wrong(access), f"10.1.{number}.{day % 250}") is None
            except TooManyTries:
                break
            day += 1
    assert day <= 24 * 3600 / access_.TRY_AGAIN_S + access_.TRIES


def test_one_who_asks_without_end_leaves_the_others_theirs() -> None:
    watch = Watch()
    pace = Pace(4, 0.5, watch)
    assert [pace.takes(PHONE) for _ in range(6)] == [True] * 4 + [False] * 2
    assert pace.takes(OTHER)
    watch.now_s += 1.0
    assert [pace.takes(PHONE) for _ in range(3)] == [True, True, False]
    for number in range(2 * access_.MAX_PAUSED):
        assert pace.takes(f"10.0.{number // 250}.{number % 250}")
    assert len(pace._left) == access_.MAX_PAUSED


def test_without_lan_there_is_neither_code_nor_session() -> None:
    access = Access(False)
    assert access.code == ""
    assert access.pair("", PHONE) is None and not access.may_look(from_(PHONE))


def test_where_the_way_leads_through_another_computer_its_names_are_known_and_the_code_stays() -> (
    None
):
    bridge = "10.88.0.1"  # whoever comes by a container's published port has this address
    names = ("localhost", "127.0.0.1", "[::1]", "laptop.local", "192.168.1.5")
    plain, led = Access(True), Access(True, lan_at="192.168.1.5:9000")
    for name in names:
        asked = from_(bridge, host=f"{name}:9000")
        assert not plain.knows_host(asked)
        assert led.knows_host(asked) == (name != "laptop.local")
        assert not led.may_look(asked), "the name alone lets nobody in"
    assert not Access(False, lan_at="localhost:9000").knows_host(from_(bridge, host="localhost"))
    cookie = led.pair(led.code, bridge)
    known = from_(bridge, cookie, host="localhost:9000")
    assert led.may_look(known) and not led.may_do(known, LanMay.PRESS)
    assert not led.may_look(from_(bridge, cookie, host="evil.example:9000"))


def test_new_codes_and_guesses_are_told_and_nobodys_address() -> None:
    async def inside() -> None:
        watch, told = Watch(), list[tuple[str, dict[str, Any]]]()
        access, hub = Access(True, watch), Hub({})
        addresses = [f"http://{KIT}:8080/"]
        one = Invitation(
            access,
            hub,
            lambda: Invite(list(addresses), access.code, LanMay.LOOK),
            lambda event, **more: told.append((event, more)),
        )
        first = access.code
        access.pair(wrong(access), PHONE)
        access.pair(wrong(access), OTHER)
        one.look()
        one.look()
        watch.now_s += access_.CODE_S
        one.look()
        assert [event for event, _ in told] == [
            "pairing code",
            "wrong pairing codes",
            "pairing code",
        ]
        assert told[1][1] == {"count": 2}
        assert told[0][1]["code"] == first != told[2][1]["code"] == access.code
        with hub.viewer() as viewer:
            texts, _ = hub.news(viewer)
        assert json.loads(texts[0])["invite"] == 2, "another one, whose code no guest is told"
        assert access.code[4:].encode() not in texts[0]
        addresses.insert(0, "http://10.0.0.7:8080/")  # a network that was joined meanwhile
        assert [way["address"] for way in one.drawn()["ways"]] == addresses
        assert told[3:] == [("pairing code", {"code": access.code, "addresses": addresses})]

    asyncio.run(inside())


def test_a_page_is_given_a_way_for_each_address_with_its_code() -> None:
    addresses = [f"http://{KIT}:8080/", "http://10.0.0.7:8080/"]
    drawn = Invite(addresses, "12345678", LanMay.PRESS).drawn()
    assert (drawn["code"], drawn["lan_may"]) == ("1234 5678", "press")
    assert [way["address"] for way in drawn["ways"]] == addresses
    for way in drawn["ways"]:
        rows = qr.modules(f"{way['address']}pair#12345678")
        assert (way["size"], way["path"]) == (len(rows), qr.path(rows))
    assert Invite([], "12345678", LanMay.LOOK).drawn()["ways"] == []


def test_what_a_browser_sends_came_directly() -> None:
    assert came_directly(from_(PHONE, accept="text/html", dnt="1"))
    assert not came_directly(from_(PHONE, **{"x-forwarded-for": OTHER}))
