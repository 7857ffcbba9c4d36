"""The terminal."""

from __future__ import annotations

import pytest

from bot.channels.outgoing import Choice, Menu, Text
from bot.channels.refused import Refused
from bot.channels.terminal import Terminal
from tests.bot.channels.platform_side import NOW


def test_a_line_in_and_words_out() -> None:
    terminal = Terminal("demo", "patient-001")
    incoming = terminal.receive({"line": "1"}, {}, "帮助\n".encode(), NOW)
    assert (incoming.text, incoming.sender, incoming.chat) == ("帮助", "patient-001", "patient-001")
    assert incoming.dedupe_key != terminal.receive({"line": "2"}, {}, "帮助\n".encode(), NOW).dedupe_key
    menu = Menu(head="**选**", choices=(Choice(code="a", label="甲"), Choice(code="b", label="乙")))
    assert terminal.passive_reply(incoming, [Text(text="好"), menu], NOW, "").body.decode() == "好\n\n选\n1 甲\n2 乙"


def test_what_is_no_line_is_refused() -> None:
    for body in (b"\xff", b"a" * 5000):
        with pytest.raises(Refused):
            Terminal("demo", "p").receive({}, {}, body, NOW)
    with pytest.raises(Refused):
        Terminal("demo", "p").verify_url({}, NOW)
