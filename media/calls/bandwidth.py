"""Who sends how much and who sees what, decided from what the links of a room bear. Pure: what was measured and the time come in, decisions go out.

Each member has two links, what he sends (up) and what he gets (down), each with its own estimate (`link_estimate`). From these:

- Sound first. What all voices need is taken off a link before any picture gets a bit of it, in every state (`sharing`). A voice is whose sound comes
  and may be heard: from his first packet on, until nothing of his came for a while. Who only listens takes nothing off anybody's link.
- What is left of a link down is shared among the pictures: the one that its receiver has made large first, the others in equal parts. While he has an
  image of the case open, faces take no more than half of what is left: the image comes over the same link, and outranks them.
- A publisher with simulcast layers sends what his own link bears and somebody can use; each receiver gets the largest layer that fits his share.
- A publisher without layers sends one size to all: the least that any receiver's share bears. A receiver whose share is below what a moving picture
  needs at all (180 lines) does not count there: he gets stills or sound alone instead of making everybody's picture as small as his.
- Down at once, up a step at a time, slower after each failure (`climbing`).
- Whoever's link down cannot bear the voices at their full rate is heard and hears at 12 kbit/s: those he hears are told to save, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from media.calls.climbing import Climb, Proof
from media.calls.ladder import FULL_SOUND, SAVING_SOUND, STEPS, STILL_EVERY_S, Rung, Sound, rung_for, sound_for
from media.calls.link_estimate import LinkEstimate
from media.calls.link_state import LinkState, colour, done_for, sending, worst
from media.calls.measured import Decisions, Downlink, Picture, Shown, Uplink
from media.calls.sharing import Wanted, share_out

START_BITS = 800_000
FLOOR_BITS = 30_000
UP_CEILING = 2_500_000
DOWN_CEILING = 8_000_000
FITS, KEEPS, FAR_TOO_MUCH = 1.0, 1.2, 1.3
"""A layer is taken when it fits the share and kept while it is not a fifth larger; a picture a third too large does not begin to move."""
USES = 0.7
"""Who sends less than this share of what he may makes no more of his picture."""
SMOOTHED, SMOOTHED_S = 0.3, 0.1
"""Of what was measured over so long; more of what was measured over a longer time."""
LOOK_S, CALM_S = 0.1, 0.25
"""A room is looked at so often; one with nothing but calm links less often."""
HARDLY = 2_000
"""Bits of a layer that is not sent any more."""
LATE_S = 0.15
"""A beat that comes so much later than it should says more of our own process than of any link."""
AT_LEAST_EVERY_S = 0.5
CHANGED = 0.03
STARTS_S = 5.0
"""Nothing seen for so long: he sends no picture."""
SILENT_S = 5.0
"""No sound of his for so long, not even of silence: his microphone is off, and what his voice took may be used."""
STOPS_S, WHOLE_S = 0.1, 0.5
"""A picture a third too large stops when the queue is so long, but not before it had this long to come whole."""
LONGEST_STOP_S = 0.5
"""One that stopped because the link overflows is tried again after this, whatever is reckoned of the queue."""
UNSEEN_SHARE = 0.5
"""Of what the link up bears: so much is sent on the way down while nothing is known of it, for a whole picture must get through quickly."""
SIMULCAST_EXTRA = 1.4
"""All layers together against the largest one."""
CLIMB_MARGIN = 1.1
MOST_FILL = 0.5
"""Of the target: the part that may be padding."""
BACK_S = 1.0
FACES_BESIDE_IMAGE = 0.5
"""Of what voices leave of a link."""
REPEATED = 0.3
"""Of the target: the part that may be packets sent again. With a tenth lost, a tenth is asked for; a link that loses more than this is full."""
LONGEST_WITHOUT_SOUND_S = 60.0
"""Full sound is tried again at the latest after so long; each failure costs half a second of speech."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Of a link down, for one picture."""

    rung: Rung
    bits: int


_Seated = tuple[list[tuple[str, str]], list[tuple[str, str]]]


@dataclass(slots=True)
class _Member:
    """One connection of a seat; a new one starts anew."""

    member: str
    up: LinkEstimate
    down: LinkEstimate
    up_rung: Climb = field(default_factory=lambda: Climb(Rung.P480))
    sound: Climb = field(default_factory=lambda: Climb(1, longest_s=LONGEST_WITHOUT_SOUND_S))
    shown: dict[str, Climb] = field(default_factory=dict)
    layer: dict[str, int] = field(default_factory=dict)
    moving: dict[str, float] = field(default_factory=dict)
    """Whose pictures move here, and since when."""
    stopped: dict[str, float] = field(default_factory=dict)
    """When whose picture was stopped here last."""
    proof: Proof = field(default_factory=Proof)
    sends: tuple[float, ...] = ()
    """Bits of each layer of his picture, smoothed over some pictures."""
    sends_now: float = 0.0
    carried: float = 0.0
    """Bits a second on his link down, smoothed, without `padded`."""
    padded: float = 0.0
    told: int | None = None
    """Bits of picture that he was last told he may send."""
    decided_on: tuple[float, float] = (0.0, 0.0)
    came_at: float = 0.0
    reads_image: bool = False
    read_until: float = float("-inf")
    """When he closed the image of the case: what it took is there again, and needs no proof."""
    back_at: float = float("-inf")
    """When one of his links was last heard of again after a silence; the other one follows within moments."""
    seen_at: float | None = None
    """When a packet of his picture last came."""
    heard_at: float = float("-inf")
    """When one of his sound did; a moment after he came, too, for it is on its way."""

    def is_back(self, now: float) -> bool:
        """What his links bear needs no proof by waiting now: they bore it before they were away."""
        return now - self.back_at <= BACK_S


@dataclass(slots=True)
class RoomBandwidth:
    """One room. `ceiling`: what a publisher may send at most, whatever his link bears."""

    ceiling: int = UP_CEILING
    members: dict[str, _Member] = field(default_factory=dict)
    _pictures: set[str] = field(default_factory=set)
    """Who sends a picture, or would if he might."""
    _voices: set[str] = field(default_factory=set)
    """Whose sound is heard."""
    _without: set[str] = field(default_factory=set)
    """Who wants none."""
    _waits: bool = False
    """Somebody's picture begins as soon as it is small enough."""
    pause_s: float = LOOK_S
    """How long nothing needs to be looked at after the last beat."""
    _beat_at: float | None = None
    _decided: Decisions | None = None
    _decided_at: float = 0.0
    _seated: _Seated = field(default_factory=lambda: ([], []))
    """Whose links up, and whose links down, there are: seats and members; and those that the decision is for."""
    _decided_for: _Seated = field(default_factory=lambda: ([], []))

    def beat(self, uplinks: Sequence[Uplink], downlinks: Sequence[Downlink], now: float) -> Decisions:
        """Take what was measured since the last beat; what holds from now on."""
        ups = {one.seat: one for one in uplinks if one.connected}
        downs = {one.seat: one for one in downlinks if one.connected}
        passed = LOOK_S if self._beat_at is None else max(0.001, now - self._beat_at)
        late = passed > self.pause_s + LATE_S
        weight = 1 - (1 - SMOOTHED) ** (passed / SMOOTHED_S)
        self._beat_at = now
        seated = ([(seat, one.member) for seat, one in ups.items()], [(seat, one.member) for seat, one in downs.items()])
        if seated != self._seated:
            self._seated = seated
            self._seat(ups, downs, now)
        for seat, member in self.members.items():
            self._measure(member, ups.get(seat), downs.get(seat), now, weight, late=late)
        pictures = {seat for seat, up in ups.items() if up.pictures and self._has_picture(self.members[seat], now)}
        voices = {seat for seat, up in ups.items() if up.may_speak and now - self.members[seat].heard_at < SILENT_S}
        self._without = {seat for seat, down in downs.items() if not down.pictures}
        news = seated != self._decided_for or pictures != self._pictures or voices != self._voices
        if self._decided is None or news or self._due(now):
            self._pictures, self._voices, self._decided_for, self._waits = pictures, voices, seated, False
            self._decided, self._decided_at = self._decide(ups, downs, now), now
            for member in self.members.values():
                member.decided_on = (member.up.target, member.down.target)
        self.pause_s = CALM_S if self._calm(self._decided, now) else LOOK_S
        return self._decided

    def _decide(self, ups: Mapping[str, Uplink], downs: Mapping[str, Downlink], now: float) -> Decisions:
        sounds = {seat: self._sound_up(seat, member, ups, now) for seat, member in self.members.items()}
        up_rungs = {seat: self._up_rung(member, now) for seat, member in self.members.items()}
        shares = {seat: self._shares(down, ups, now) for seat, down in downs.items()}
        send = {seat: self._to_send(seat, ups[seat], up_rungs[seat], shares) for seat in ups}
        shown = {
            (seat, other): self._show(seat, other, part, now)
            for seat, by_seat in shares.items()
            for other, part in by_seat.items()
        }
        saved = self._saved(sounds, downs, ups)
        links = {seat: self._state(seat, send.get(seat, (Rung.NONE, 0)), saved[seat], ups) for seat in self.members}
        send_bits = {seat: max(bits, 0) + saved[seat].bits for seat, (_, bits) in send.items()}
        flooded = frozenset(seat for seat in ups if self.members[seat].up.overflows)
        repeat_bits = {seat: int(self.members[seat].down.target * REPEATED) for seat in downs}
        return Decisions(send_bits, shown, links, self._fill(downs, ups, shares, now), repeat_bits, flooded)

    def _calm(self, decided: Decisions, now: float) -> bool:
        """What was decided may stand for longer: no picture waits for a queue to empty, and nobody's link has to be followed closely."""
        waits = self._waits or bool(decided.flooded)
        return not waits and all(one.up.calm(now) and one.down.calm(now) for one in self.members.values())

    def _due(self, now: float) -> bool:
        """Whether anything has changed that a decision hangs on; on calm links twice a second is enough."""
        if self._waits or now - self._decided_at >= AT_LEAST_EVERY_S:
            return True
        for member in self.members.values():
            for link, before in zip((member.up, member.down), member.decided_on, strict=True):
                if link.draining or link.came_back or _differs(link.target, before):
                    return True
        return False

    def _seat(self, ups: Mapping[str, Uplink], downs: Mapping[str, Downlink], now: float) -> None:
        there = {seat: one.member for seat, one in downs.items()} | {seat: one.member for seat, one in ups.items()}
        for seat in [seat for seat, member in self.members.items() if there.get(seat) != member.member]:
            del self.members[seat]
        for seat, name in there.items():
            if seat not in self.members:
                up = LinkEstimate(min(START_BITS, self.ceiling), FLOOR_BITS, self.ceiling + FULL_SOUND.bits)
                self.members[seat] = _Member(name, up, LinkEstimate(START_BITS, FLOOR_BITS, DOWN_CEILING, padded=True), came_at=now, heard_at=now)
        for member in self.members.values():
            for gone in [seat for seat in member.shown if seat not in ups]:
                del member.shown[gone]
                member.layer.pop(gone, None)
                member.moving.pop(gone, None)
                member.stopped.pop(gone, None)

    @staticmethod
    def _measure(member: _Member, up: Uplink | None, down: Downlink | None, now: float, weight: float, *, late: bool) -> None:
        if down is not None:
            member.down.round_trip(down.rtt_s)
            member.up.round_trip(down.rtt_s)
            member.down.remb(down.remb_bits)
            member.down.sending(down.bits, now)
            member.padded += (down.padded_bits - member.padded) * weight
            member.carried += (down.bits - down.padded_bits - member.carried) * weight
            member.down.feedback(down.told, now)
            if not member.down.heard and down.lost_fraction is not None:
                member.down.reported(down.lost_fraction, down.bits, now)
            if late:
                member.down.late(now)
            member.down.step(now)
        if up is not None:
            before = member.sends if len(member.sends) == len(up.layers) else (0.0,) * len(up.layers)
            member.sends = tuple(rate + (layer.bits - rate) * weight for rate, layer in zip(before, up.layers, strict=True))
            member.sends_now = sum(layer.bits for layer in up.layers)
            member.up.received(up.bits, up.received, up.queues, up.lost_fraction, now)
            if any(layer.bits > 0 for layer in up.layers):
                member.seen_at = now
            if up.spoke:
                member.heard_at = now
            if late:
                member.up.late(now)
            member.up.step(now)
            if member.up.flooded:
                member.down.unseen(UNSEEN_SHARE * (member.up.limit or 0.0), now)
        if member.up.came_back or member.down.came_back:
            member.back_at = now

    @staticmethod
    def _has_picture(member: _Member, now: float) -> bool:
        """A camera that is off is no picture; one that we stopped is."""
        if member.seen_at is None:
            return now - member.came_at < STARTS_S
        return now - member.seen_at < STARTS_S or (member.told is not None and member.told < STEPS[Rung.P180].least)

    def _sound_up(self, seat: str, member: _Member, ups: Mapping[str, Uplink], now: float) -> Sound:
        """How voices go on this member's links: 1 at full rate, 0 saved. Up there is only his own, and of who is not to be heard none."""
        margin = 1.0 if member.sound.at else CLIMB_MARGIN
        own = int(seat not in ups or ups[seat].may_speak)
        needed = (member.up.bears, own), (member.down.bears, self._heard(seat))
        fits = all(sound_for(bits / margin, voices) == FULL_SOUND for bits, voices in needed)
        if fits and member.is_back(now):
            member.sound.resume(1)
        possible = max(int(fits), member.sound.at) if member.up.sudden(now) or member.down.sudden(now) else int(fits)
        return FULL_SOUND if member.sound.to(possible, now) else SAVING_SOUND

    def _heard(self, seat: str) -> int:
        """How many voices go down to this seat."""
        return len(self._voices) - (seat in self._voices)

    @staticmethod
    def _up_rung(member: _Member, now: float) -> Rung:
        """How large a picture the member's own link up bears."""
        bits = member.up.bears - FULL_SOUND.bits if member.sound.at else 0.0
        at = member.up_rung.at
        if member.is_back(now) and not member.up.flooded:
            member.up_rung.resume(rung_for(bits))
        rung = Rung(member.up_rung.to(_possible(member.up, bits, at, now), now))
        member.up.trusts = rung >= Rung.P180
        return rung

    def _shares(self, down: Downlink, ups: Mapping[str, Uplink], now: float) -> dict[str, _Part]:
        """What of this link down each other's picture may take. The rung follows what the link bears, and is settled so that it does not flap; the
        bits follow the target, which lies lower while a queue empties."""
        seat, member = down.seat, self.members[down.seat]
        if member.reads_image and not down.reads_image:
            member.read_until = now
        member.reads_image = down.reads_image
        voices = self._heard(seat)
        seen = [other for other in ups if other != seat and other in self._pictures and seat not in self._without]
        wanted = [Wanted(one, int(one == down.prefers), self._most_of(one)) for one in seen]
        full = bool(member.sound.at)
        borne = share_out(_beside_image(down, member.down.bears, voices) if full else 0.0, voices, wanted)
        share = share_out(_beside_image(down, member.down.target, voices), voices, wanted) if full and member.down.draining else borne
        settled = {}
        for one in wanted:
            bits = borne.pictures[one.seat]
            climb = member.shown.setdefault(one.seat, Climb(rung_for(bits)))
            if (member.is_back(now) or self.members[one.seat].is_back(now) or now - member.read_until <= BACK_S) and not member.down.flooded:
                climb.resume(rung_for(bits))
            elif member.down.seen_again:
                climb.resume(min(rung_for(bits), Rung.P180))  # it moves again at once; how large it may be has to show
            rung = Rung(climb.to(_possible(member.down, bits, climb.at, now), now))
            settled[one.seat] = _Part(rung, min(share.pictures[one.seat], STEPS[rung].most))
        return settled

    def _most_of(self, seat: str) -> int:
        return max(STEPS[Rung.STILLS].least, min(int(self.members[seat].up.bears) - FULL_SOUND.bits, self.ceiling))

    def _to_send(self, seat: str, up: Uplink, rung: Rung, shares: Mapping[str, Mapping[str, _Part]]) -> tuple[Rung, int]:
        """The rung and bits of picture that `seat` is told to send."""
        member = self.members[seat]
        if rung == Rung.NONE:
            member.told = 0
            return Rung.NONE, 0
        most = min(int(member.up.target) - FULL_SOUND.bits, STEPS[rung].most, self.ceiling)
        asked = [by_seat[seat] for by_seat in shares.values() if seat in by_seat]
        moving = [part for part in asked if part.rung >= Rung.P180]
        useful, largest = max((part.bits for part in asked), default=most), max((part.rung for part in asked), default=rung)
        if moving and len(up.layers) > 1:
            useful = int(useful * SIMULCAST_EXTRA)
        elif moving:
            # One whose queue is being emptied is spared by not sending him the picture: nobody else's stops for it.
            useful = max(STEPS[Rung.P180].least, min(part.bits for part in moving))
            largest = min(part.rung for part in moving)
        rung = min(rung, largest)
        member.told = max(0, min(most, useful)) if rung else 0
        return rung, member.told

    def _show(self, seat: str, other: str, part: _Part, now: float) -> Shown:
        """How the picture of `other` goes to `seat`."""
        member, bits = self.members[seat], part.bits
        if part.rung <= Rung.STILLS:
            member.moving.pop(other, None)
        if part.rung == Rung.NONE:
            return Shown(Picture.NONE)
        if part.rung == Rung.STILLS:
            return Shown(Picture.STILLS, 0, STILL_EVERY_S, STEPS[Rung.STILLS].most)
        if self._stands_still(member, other, bits, now):
            return Shown(Picture.NONE)
        sends = self.members[other].sends
        if len(sends) > 1:
            now_at = member.layer.get(other, 0)
            fitting = [place for place, rate in enumerate(sends) if HARDLY < rate <= bits * (KEEPS if place <= now_at else FITS)]
            member.layer[other] = max(fitting, default=0)
            return Shown(Picture.MOVING, member.layer[other])
        return Shown(Picture.MOVING)

    def _stands_still(self, member: _Member, other: str, bits: int, now: float) -> bool:
        """Whether the picture of `other` is not sent to `member` for a moment. On a link that overflows each picture is broken, and every packet of
        it keeps the next whole one waiting: that one is asked for when the queue has emptied. One far too large waits until it is small enough."""
        down, sends = member.down, self.members[other].sends
        too_much = len(sends) == 1 and min(sends[0], self.members[other].sends_now) > FAR_TOO_MUCH * bits
        began = member.moving.get(other)
        if began is not None:
            standing = too_much and down.draining and down.watch.queue_s > STOPS_S and now - began > WHOLE_S
            waits = down.breaks(began) or standing
            if waits:
                member.stopped[other] = now
        else:
            just_stopped = now - member.stopped.get(other, float("-inf")) < LONGEST_STOP_S
            waits = (down.backed_up(now) and just_stopped) or (too_much and down.falls > 0)
        if waits:
            member.moving.pop(other, None)
        else:
            member.moving.setdefault(other, now)
        self._waits |= waits
        return waits

    def _saved(self, sounds: Mapping[str, Sound], downs: Mapping[str, Downlink], ups: Mapping[str, Uplink]) -> dict[str, Sound]:
        """Each voice at the rate of the weakest of those who carry it: its own link, and the links of all who hear it."""
        saving = {seat for seat, sound in sounds.items() if sound != FULL_SOUND}
        return {
            seat: SAVING_SOUND if seat in saving or any(other != seat and other in downs for other in saving) else FULL_SOUND
            for seat in self.members
        }

    def _state(self, seat: str, send: tuple[Rung, int], sound: Sound, ups: Mapping[str, Uplink]) -> LinkState:
        member = self.members[seat]
        own = FULL_SOUND if member.sound.at else SAVING_SOUND
        up_rungs = [Rung(member.up_rung.at)] if seat in self._pictures else []
        up_done = done_for(up_rungs, own if member.up.target < FULL_SOUND.bits else FULL_SOUND, limited=member.up.falls > 0)
        down_done = done_for([Rung(one.at) for one in member.shown.values()], own, limited=member.down.falls > 0)
        up_colour = colour(member.up.lost, member.up.rtt_s, member.up.watch.queue_s, up_done)
        down_colour = colour(member.down.lost, member.down.rtt_s, member.down.watch.queue_s, down_done)
        bits, height, rate = sending(*send)
        return LinkState(up_colour, down_colour, worst(up_done, down_done), bits, height, rate, sound.codec_bits)

    def _fill(
        self, downs: Mapping[str, Downlink], ups: Mapping[str, Uplink], shares: Mapping[str, Mapping[str, _Part]], now: float
    ) -> dict[str, int]:
        """How much padding to send, for proof that a link bears more, where more would be used at once and nothing else proves it."""
        fill = {}
        for seat in downs:
            member, down = self.members[seat], self.members[seat].down
            lacks = not member.sound.at or any(self._lacks(member, other, part) for other, part in shares[seat].items())
            carried = max(member.carried, down.arriving - member.padded, downs[seat].bits - downs[seat].padded_bits)
            missing = min(down.target, down.most_in_sight) - carried
            if member.proof.may(down.falls, now) and lacks and len(ups) > 1 and down.rising and down.heard and missing > 0:
                fill[seat] = int(min(missing, MOST_FILL * down.target))
            member.proof.padding = seat in fill
        return fill

    def _lacks(self, member: _Member, other: str, part: _Part) -> bool:
        """Whether a larger share would show him more of this picture: it hardly moves, a larger layer is there or would be, or all that its
        publisher sends only he holds small."""
        publisher = self.members[other]
        sends, told = publisher.sends, publisher.told or 0
        if part.rung < Rung.P180:
            return part.bits < self._most_of(other)
        if len(sends) > 1:
            larger = sends[member.layer.get(other, 0) + 1 :]
            return any(rate > part.bits or (rate <= HARDLY and part.rung < publisher.up_rung.at) for rate in larger)
        return part.bits < self._most_of(other) and told >= part.bits * (1 - CHANGED) and sum(sends) >= USES * told


def _differs(now: float, before: float) -> bool:
    return abs(now - before) > CHANGED * before


def _beside_image(down: Downlink, bits: float, voices: int) -> float:
    """What of a link of `bits` there is for voices and faces."""
    spare = bits - voices * FULL_SOUND.bits
    return bits - (1 - FACES_BESIDE_IMAGE) * spare if down.reads_image and spare > 0 else bits


def _reach(bits: float, at: int) -> Rung:
    """The rung that `bits` bear; one above the present only with something to spare."""
    rung = rung_for(bits)
    return rung if rung <= at else max(Rung(at), rung_for(bits / CLIMB_MARGIN))


def _possible(link: LinkEstimate, bits: float, at: int, now: float) -> int:
    """The rung that a picture may have on this link, where its part of it bears `bits`. Of a flooded one the smallest that moves: a whole picture of
    that size gets through in a tenth of the time, and until one does nobody sees anything."""
    if link.flooded:
        return min(_reach(bits, at), Rung.P180)
    return max(_reach(bits, at), at) if link.sudden(now) else _reach(bits, at)


class Bandwidth:
    """The `Steering` of an engine: one `RoomBandwidth` a room."""

    def __init__(self, ceiling: int = UP_CEILING) -> None:
        self._ceiling = ceiling
        self._rooms: dict[str, RoomBandwidth] = {}

    def beat(self, room: str, uplinks: Sequence[Uplink], downlinks: Sequence[Downlink], now: float) -> Decisions:
        return self._room(room).beat(uplinks, downlinks, now)

    def pause_s(self, room: str) -> float:
        return self._room(room).pause_s

    def forget(self, room: str) -> None:
        self._rooms.pop(room, None)

    def _room(self, room: str) -> RoomBandwidth:
        return self._rooms.setdefault(room, RoomBandwidth(self._ceiling))
