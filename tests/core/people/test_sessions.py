"""Sessions: short access tokens, refresh tokens that turn, what happens when one comes twice, and ends that count at once."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.sending.notices import render
from core.foundation.actor import Actor, Role
from core.foundation.clock import ManualClock, ago
from core.foundation.errors import NotAllowed, NotFound
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.people import access_tokens
from core.people.accounts import actor_for
from core.people.commands import EnsureAccount
from core.people.commands_sessions import CloseOtherSessions, CloseSession, MySessions, OpenSession, RefreshSession, ReplaceTokenKeys, SessionOpened
from core.people.errors import SessionOver, SessionReused
from core.people.models import Practitioner, Session, SpentRefreshToken, TokenKey
from core.people.sessions import session_actor, session_runs, signed_in
from tests.support.county import seed_small

pytestmark = pytest.mark.storage
LATER = timedelta(minutes=15)


class Phone:
    """What a phone holds of one session."""

    def __init__(self, practice: Practice, system: Actor, opened: SessionOpened, kind: str) -> None:
        self.practice, self.system, self.kind, self.opened = practice, system, kind, opened

    async def actor(self) -> Actor | None:
        return await session_actor(self.opened.token, self.kind, self.practice.clock.real_now(), self.practice.clock.now())

    async def refresh(self, token: str | None = None, *, keep: bool = True) -> SessionOpened:
        order = RefreshSession(refresh_token=token or self.opened.refresh_token, page=self.kind == "h5")
        answer: SessionOpened = await self.practice.execute(self.system, order)
        if keep:
            self.opened = answer
        return answer


async def phone(practice: Practice, system: Actor, subject: str = "m1", kind: str = "mini_program", device: str = "") -> Phone:
    ref = await practice.execute(system, EnsureAccount(app="wx1", subject=subject))
    return Phone(practice, system, await practice.execute(system, OpenSession(account_id=ref.account_id, kind=kind, device=device)), kind)


async def test_an_access_token_lasts_a_quarter_of_an_hour_and_the_session_its_time(practice: Practice, system: Actor, clock: ManualClock):
    mine = await phone(practice, system, kind="h5")
    first = mine.opened
    actor = await mine.actor()
    assert actor is not None
    assert (actor.account_id, actor.channel, actor.session_id) == (first.account_id, "h5", first.session_id)
    assert actor.holds(Role.PATIENT)
    assert await session_actor(first.token, "mini_program", clock.real_now(), clock.now()) is None
    clock.advance(minutes=15)
    assert await mine.actor() is None
    # It is known who this was: he is to refresh, not to sign in.
    stale = await signed_in(first.token, ("h5",), clock.real_now(), clock.now())
    assert stale is not None
    assert (stale.session_id, stale.actor) == (first.session_id, None)
    await mine.refresh()
    assert await mine.actor() is not None
    clock.time = first.expires_at
    assert await signed_in(mine.opened.token, ("h5",), clock.real_now(), clock.now()) is None
    with pytest.raises(SessionOver):
        await mine.refresh()


async def test_the_life_of_a_session_is_not_prolonged_by_refreshing(practice: Practice, system: Actor, clock: ManualClock):
    mine = await phone(practice, system, kind="terminal")
    ends = mine.opened.expires_at
    for _ in range(3):
        clock.advance(hours=3)
        assert (await mine.refresh()).expires_at == ends
    clock.time = ends - timedelta(minutes=5)
    assert (await mine.refresh()).token_expires_at == ends


async def test_nothing_that_opens_is_stored(practice: Practice, system: Actor):
    mine = await phone(practice, system)
    held = {mine.opened.token, mine.opened.refresh_token}
    await mine.refresh()
    held |= {mine.opened.token, mine.opened.refresh_token}
    rows = [row for model in (Session, SpentRefreshToken, TokenKey) for row in await model.all().values()]
    stored = " ".join(str(value) for row in rows for value in row.values())
    assert not any(secret in stored or secret[26:] in stored for secret in held)


async def test_a_token_that_comes_again_after_its_answer_arrived_ends_the_sign_in(practice: Practice, system: Actor, clock: ManualClock):
    mine, other = await phone(practice, system), await phone(practice, system)
    stolen = mine.opened.refresh_token
    await mine.refresh()
    assert await mine.actor() is not None  # what came has arrived
    clock.advance(seconds=31)
    with pytest.raises(SessionReused):
        await mine.refresh(stolen)
    told = await Notification.get()
    assert (told.account_id, told.kind, told.ids) == (mine.opened.account_id, "session.reused", {"session_id": mine.opened.session_id})
    assert told.urgent
    assert await mine.actor() is None
    with pytest.raises(SessionOver):
        await mine.refresh()
    assert (await Session.get(id=mine.opened.session_id)).closed_because == "reused"
    assert await other.actor() is not None


async def test_any_older_token_of_the_chain_ends_it_too(practice: Practice, system: Actor, clock: ManualClock):
    mine = await phone(practice, system)
    oldest = mine.opened.refresh_token
    for _ in range(4):
        clock.advance(minutes=14)
        await mine.refresh()
    with pytest.raises(SessionReused):
        await mine.refresh(oldest)
    assert not await session_runs(mine.opened.session_id, clock.real_now())


async def test_a_lost_answer_costs_nobody_his_sign_in(practice: Practice, system: Actor, clock: ManualClock):
    """The phone asked, the link broke, and an hour later it asks again with what it still has."""
    mine = await phone(practice, system)
    lost = await mine.refresh(keep=False)
    clock.advance(hours=1)
    again = await mine.refresh()
    assert again.refresh_token == lost.refresh_token
    assert await mine.actor() is not None
    clock.advance(minutes=14)
    await mine.refresh()
    assert await mine.actor() is not None


async def test_two_tabs_that_ask_within_half_a_minute_go_on_with_one_token(practice: Practice, system: Actor, clock: ManualClock):
    one, other = await phone(practice, system), None
    other = Phone(practice, system, one.opened, one.kind)
    await one.refresh()
    assert await one.actor() is not None
    clock.advance(seconds=30)
    await other.refresh()
    assert other.opened.refresh_token == one.opened.refresh_token
    assert await other.actor() is not None


async def test_many_at_once_get_the_same_next_token(practice: Practice, system: Actor):
    mine = await phone(practice, system)
    answers = await asyncio.gather(*(mine.refresh(keep=False) for _ in range(6)))
    assert len({answer.refresh_token for answer in answers}) == 1
    assert (await Session.get(id=mine.opened.session_id)).turn == 1
    assert await SpentRefreshToken.all().count() == 1
    mine.opened = answers[-1]
    assert await mine.actor() is not None


async def test_a_guess_or_another_kind_ends_nothing(practice: Practice, system: Actor):
    mine = await phone(practice, system)
    token, session_id = mine.opened.refresh_token, mine.opened.session_id
    other = await phone(practice, system, "m2")
    theirs = other.opened
    guesses = (session_id + "0" * 43, session_id + theirs.refresh_token[26:], theirs.session_id + token[26:], "x" * 60, mine.opened.token[:100])
    for guess in guesses:
        with pytest.raises(SessionOver):
            await mine.refresh(guess)
    with pytest.raises(SessionOver):
        await practice.execute(system, RefreshSession(refresh_token=token, page=True))
    assert await mine.actor() is not None
    await mine.refresh()
    actor = await mine.actor()
    assert actor is not None
    with pytest.raises(NotAllowed):
        await practice.execute(actor, RefreshSession(refresh_token=mine.opened.refresh_token))


async def test_the_list_shows_where_one_is_signed_in_and_ends_it_at_once(practice: Practice, system: Actor, clock: ManualClock):
    first = await phone(practice, system, device="iPhone · 微信")
    clock.advance(minutes=37)
    second = await phone(practice, system, kind="h5", device="电脑 · Chrome")
    stranger = await phone(practice, system, "m2")
    await first.refresh()
    me, she = await first.actor(), await stranger.actor()
    assert me is not None
    assert she is not None
    listed = (await practice.ask(me, MySessions())).sessions
    assert [(one.kind, one.device, one.current) for one in listed] == [("mini_program", "iPhone · 微信", True), ("h5", "电脑 · Chrome", False)]
    assert all(one.last_seen.minute % 15 == 0 and one.last_seen.second == 0 for one in listed)
    told = {minutes: ago(timedelta(minutes=minutes)) for minutes in (0, 29, 31, 179, 1439, 1440, 4000)}
    assert list(told.values()) == ["半小时内", "半小时内", "约 1 小时前", "约 3 小时前", "约 24 小时前", "1 天前", "2 天前"]
    with pytest.raises(NotFound):
        await practice.execute(she, CloseSession(session_id=second.opened.session_id))
    await practice.execute(me, CloseSession(session_id=second.opened.session_id))
    assert await second.actor() is None
    with pytest.raises(SessionOver):
        await second.refresh()
    assert [one.current for one in (await practice.ask(me, MySessions())).sessions] == [True]
    await practice.execute(me, CloseSession())
    assert await first.actor() is None
    assert await stranger.actor() is not None


async def test_all_others_end_and_one_s_own_goes_on(practice: Practice, system: Actor):
    mine = [await phone(practice, system, kind=kind) for kind in ("mini_program", "h5", "h5", "terminal")]
    stranger = await phone(practice, system, "m2")
    me = await mine[0].actor()
    assert me is not None
    assert (await practice.execute(me, CloseOtherSessions())).closed == 3
    assert [await one.actor() is not None for one in (*mine, stranger)] == [True, False, False, False, True]
    # In a chat there is no session of one's own to keep.
    assert (await practice.execute(await actor_for(me.account_id, "official_account", practice.clock.now()), CloseOtherSessions())).closed == 1
    assert await mine[0].actor() is None


async def test_a_closed_session_wakes_what_waits_on_it(practice: Practice, system: Actor):
    mine = await phone(practice, system)
    me = await mine.actor()
    assert me is not None
    with practice.signals.listen(f"session:{mine.opened.session_id}") as bell:
        await practice.execute(me, CloseSession())
        assert await bell.wait(5)


async def test_who_is_no_longer_active_has_no_role_with_the_next_request(practice: Practice, system: Actor):
    county = await seed_small(practice)
    opened = await practice.execute(system, OpenSession(account_id=county.village_doctor.account_id, kind="h5"))
    doctor = Phone(practice, system, opened, "h5")
    actor = await doctor.actor()
    assert actor is not None
    assert actor.holds(Role.VILLAGE_DOCTOR)
    await Practitioner.filter(id=actor.practitioner_id).update(active=False)
    actor = await doctor.actor()
    assert actor is not None
    assert not actor.holds(Role.VILLAGE_DOCTOR)


async def test_a_practitioner_is_told_of_a_device_he_has_not_used(practice: Practice, system: Actor):
    county = await seed_small(practice)
    for account in (county.village_doctor, county.woman_account):
        phone_twice_desktop_twice = ["iPhone · 企业微信"] * 2 + ["电脑 · Chrome"] * 2
        for kind, device in (*(("h5", one) for one in phone_twice_desktop_twice), ("terminal", "终端")):
            await practice.execute(system, OpenSession(account_id=account.account_id, kind=kind, device=device))
    told = await Notification.get()
    assert (told.account_id, told.kind) == (county.village_doctor.account_id, "session.new_device")
    words = await render(practice, told)
    assert "电脑 · Chrome" in words.shapes[0].text


async def test_keys_turn_and_an_old_one_verifies_until_its_tokens_have_run_out(practice: Practice, system: Actor, clock: ManualClock):
    old = await phone(practice, system)
    clock.advance(days=29, hours=23, minutes=50)
    late = await phone(practice, system)
    clock.advance(minutes=10)
    new = await phone(practice, system)
    kids = [jwt.get_unverified_header(one.opened.token)["kid"] for one in (old, late, new)]
    assert kids[0] == kids[1] != kids[2]
    assert await late.actor() is not None
    assert await new.actor() is not None
    clock.advance(minutes=16)
    assert await signed_in(late.opened.token, ("mini_program",), clock.real_now(), clock.now()) is None
    await late.refresh()
    assert jwt.get_unverified_header(late.opened.token)["kid"] == kids[2]


async def test_of_many_who_sign_first_one_makes_the_key(practice: Practice, system: Actor):
    ref = await practice.execute(system, EnsureAccount(app="wx1", subject="m1"))
    opened = await asyncio.gather(*(practice.execute(system, OpenSession(account_id=ref.account_id, kind="h5")) for _ in range(5)))
    assert await TokenKey.all().count() == 1
    assert len({jwt.get_unverified_header(one.token)["kid"] for one in opened}) == 1


async def test_what_a_void_key_signed_is_not_taken_and_nobody_is_signed_out(practice: Practice, system: Actor, clock: ManualClock):
    mine = await phone(practice, system)
    assert await mine.actor() is not None
    assert (await practice.execute(system, ReplaceTokenKeys())).void == 1
    clock.advance(seconds=30)
    assert await mine.actor() is None
    await mine.refresh()
    assert await mine.actor() is not None


async def test_forged_tokens_open_nothing(practice: Practice, system: Actor, clock: ManualClock):
    mine = await phone(practice, system)
    token = mine.opened.token
    key = Ed25519PrivateKey.generate()
    header, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    row = await TokenKey.get()
    public = base64.urlsafe_b64encode(bytes(row.public_key)).decode()

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    forged = [
        jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": header["kid"], "typ": "at+jwt"}),
        jwt.encode(claims, key, algorithm="EdDSA", headers={"typ": "at+jwt"}),
        jwt.encode(claims, public, algorithm="HS256", headers={"kid": header["kid"], "typ": "at+jwt"}),
        f"{part({**header, 'alg': 'none'})}.{part(claims)}.",
        f"{part({**header, 'alg': 'none'})}.{part(claims)}.{token.split('.')[2]}",
        f"{token.split('.')[0]}.{part({**claims, 'sub': 'X' * 26})}.{token.split('.')[2]}",
        f"{part({**header, 'typ': 'JWT'})}.{token.split('.')[1]}.{token.split('.')[2]}",
        f"{part({**header, 'kid': ['a']})}.{token.split('.')[1]}.{token.split('.')[2]}",
        token[:-2], token + "A" * 1000, "", ".", "..", "a.b.c", "é.é.é", "\x00",
    ]
    rng = random.Random(4)
    for _ in range(150):
        place = rng.randrange(len(token))
        changed = token[:place] + rng.choice("ABCabc0._-=\n ") + token[place + 1:]
        if changed != token:
            forged.append(changed)
    for one in forged:
        found = await signed_in(one, ("mini_program", "terminal", "h5"), clock.real_now(), clock.now())
        # The last character of a signature carries two bits that say nothing.
        assert found is None or one[:-1] == token[:-1], one
    assert await signed_in(token, ("mini_program",), clock.real_now(), clock.now()) is not None
    assert len(token) < access_tokens.LONGEST


async def test_ended_sessions_leave_no_spent_tokens_and_are_forgotten_after_a_season(practice: Practice, system: Actor, clock: ManualClock):
    mine = await phone(practice, system, kind="h5")
    await mine.refresh()
    assert await SpentRefreshToken.all().count() == 1
    clock.advance(hours=13)
    await phone(practice, system, kind="h5")
    assert await SpentRefreshToken.all().count() == 0
    assert await Session.all().count() == 2
    clock.advance(days=91)
    await phone(practice, system, kind="h5")
    assert await Session.all().count() == 1
