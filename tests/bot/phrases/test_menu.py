"""The menus keep to what the platforms take, and every click is a phrase that those may say before whom it stands."""

from __future__ import annotations

from typing import Any

import pytest

from bot.phrases.definitions import BY_KEY
from bot.phrases.menu import MENUS, PATIENTS, STAFF, official_account_menu, wecom_menu
from bot.phrases.reader import clicked
from core.foundation.actor import Actor, HeldRole, Role

STAFF_ROLES = (Role.VILLAGE_DOCTOR, Role.DUTY_DOCTOR, Role.EXPERT, Role.PHARMACIST, Role.SCHEDULER)


def holding(*roles: Role) -> Actor:
    return Actor("account", tuple(HeldRole(role, "") for role in roles), "", None)


@pytest.mark.parametrize(
    "menu", [official_account_menu("https://example.org/h5/", "wx1"), official_account_menu("https://example.org"), wecom_menu("https://example.org/x")]
)
def test_within_the_limits(menu: dict[str, Any]) -> None:
    assert 1 <= len(menu["button"]) <= 3
    for button in menu["button"]:
        assert len(button["name"].encode()) <= 16
        assert 1 <= len(button["sub_button"]) <= 5
        for below in button["sub_button"]:
            assert len(below["name"].encode()) <= 40
            if below["type"] == "click":
                assert below["key"] in BY_KEY
                assert len(below["key"].encode()) <= 128
            else:
                assert below["url"].startswith("https://example.org/h5/")
                assert len(below["url"]) <= 1024
            if below["type"] == "miniprogram":
                assert below["appid"] == "wx1"
                assert below["pagepath"]


def test_the_mini_program_is_opened_where_there_is_one() -> None:
    kinds = [below["type"] for button in official_account_menu("https://example.org", "wx1")["button"] for below in button["sub_button"]]
    assert kinds.count("miniprogram") == 1
    assert "miniprogram" not in str(official_account_menu("https://example.org"))
    with pytest.raises(ValueError, match="address"):
        wecom_menu("example.org")


def test_every_click_says_a_phrase_to_those_before_whom_it_stands() -> None:
    assert set(MENUS) == {"official_account", "wecom"}
    for _, below in PATIENTS:
        for entry in below:
            assert not entry.key or clicked(entry.key, holding(Role.VISITOR, Role.PATIENT), staff=False) is not None, entry
    for _, below in STAFF:
        for entry in below:
            may = [role for role in STAFF_ROLES if clicked(entry.key, holding(Role.VISITOR, role), staff=True) is not None]
            assert not entry.key or may, entry


def test_a_click_says_nothing_to_others() -> None:
    assert clicked("review", holding(Role.VISITOR, Role.VILLAGE_DOCTOR), staff=True) is None
    assert clicked("consult", holding(Role.VISITOR, Role.PATIENT), staff=False) is None
    assert clicked("no such thing", holding(Role.VISITOR), staff=False) is None
    asked = clicked("consult", holding(Role.VISITOR, Role.VILLAGE_DOCTOR), staff=True)
    assert asked is not None
    assert asked.missing == "number"
