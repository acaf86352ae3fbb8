"""What the demo tells other devices, and when it has something new to tell them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from shuttergate.board import Board
from shuttergate.commands.demo_page import DemoPage, opened
from shuttergate.config import Config, read_kit
from shuttergate.console.access import CODE_S, Access, Codes, LanMay
from shuttergate.console.invitation import LOOK_S, Invite
from shuttergate.console.process import ConsoleSettings
from shuttergate.console.server import listen


class Watch:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_code_that_expired_is_shown_anew_and_so_is_a_network_that_was_joined() -> None:
    watch, addresses = Watch(), ["http://10.0.0.7:8080/"]
    codes = Codes.new(watch)
    nobody = cast(Any, None)
    page = DemoPage(
        "http://127.0.0.1:8080/",
        nobody,
        nobody,
        False,
        lambda: Invite(list(addresses), codes.at(watch.now_s), LanMay.LOOK),
        watch,
    )
    first = page.new_invite()
    assert first is not None and page.new_invite() is None
    watch.now_s += LOOK_S
    assert page.new_invite() is None, "it is the same still"
    watch.now_s += CODE_S
    second = page.new_invite()
    assert second is not None and second.code != first.code
    addresses.append("http://192.168.1.2:8080/")
    watch.now_s += LOOK_S
    third = page.new_invite()
    assert third is not None and (third.code, third.addresses) == (second.code, addresses)


@pytest.fixture
def board() -> Board:
    return read_kit(Config(), None)


@pytest.mark.parametrize("others", [None, *LanMay])
def test_the_page_takes_the_codes_that_the_terminal_shows(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: LanMay | None
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    with (
        listen(0, lan=others is not None) as sock,
        opened(sock, Config(), board, tmp_path, others) as page,
    ):
        told = msgspec.json.decode(page.companion.settings, type=ConsoleSettings)
        if others is None:
            assert (told.codes, page.invite_now, page.new_invite()) == (None, None, None)
            return
        assert page.invite_now is not None and told.codes is not None
        invite = page.invite_now()
        assert invite.code == Access(True, codes=told.codes).code
        assert (invite.lan_may, told.lan_may) == (others, others)
        port = str(sock.getsockname()[1])
        assert all(address.endswith(f":{port}/") for address in invite.addresses)
