"""Step 6: village doctor, family and expert see and hear each other; a used ticket opens nothing, and who drops comes back."""

from __future__ import annotations

import time
from collections.abc import Iterable

from tests.journeys.story.cast import Person, StepFailed
from tests.journeys.story.scene import APP, OA, Scene

GREYS = {"village_doctor": 60, "expert": 120, "patient": 190}
"""How bright each one's picture is: who is seen is told by it."""
TOLERANCE = 30
PICTURES, SOUNDS = 8, 25


class TheCall(Scene):
    def hold(self) -> None:
        self.out.begin("第六步 视频:村医、家属、专家各从自己的聊天里进来")
        people: dict[str, Person] = {"village_doctor": self.notes["doctor"], "expert": self.notes["expert"], "patient": self.notes["daughter"]}
        for seat, person in people.items():
            self._enter(seat, person)
        self._meet(people)
        self.out.fact("三人互相看见、听见(每人都解出另外两人的画面和声音)")
        self._forwarded_only()
        self._used_ticket(people["expert"])
        before = people["patient"].do("call_counts")["sockets"]
        people["patient"].do("drop_call")
        self._meet(people)
        self._need(people["patient"].do("call_counts")["sockets"] > before, "who dropped came back with a ticket of her own")
        self.out.fact("家属的网络断了,自己又回来了")
        for person in people.values():
            person.do("leave_call")
        kinds = self._kinds_once_gone(people)
        self._need(kinds.count("call.returned.patient") >= 1 and "begin" in kinds, f"the consultation began, and she came twice: {kinds}")
        self.out.end()

    def _enter(self, seat: str, person: Person) -> None:
        """From the link in the chat through the platform's sign-in to the room, and onto the seat."""
        consultation_id = self.notes["consultation_id"]
        chat, folder = (OA, "room") if seat == "patient" else (APP, "doctor/room")
        path = f"/h5/{folder}/{consultation_id}/"
        invitation = person.do("wait_link", chat=chat, path=path, limit_s=25 * self.cast.patience)
        if invitation is None:
            raise StepFailed(f"{person.name} has no way into the call in the chat")
        person.show_new(chat)
        self._sign_in(person, path)
        person.do("join_call", consultation_id=consultation_id, grey=GREYS[seat])
        self.out.fact(f"{person.name} 打开视频间入座")

    def _meet(self, people: dict[str, Person], limit_s: float = 40) -> None:
        """Everybody decodes further pictures and sounds of everybody else, of the right one each."""
        first = {seat: person.do("call_counts") for seat, person in people.items()}
        end = time.monotonic() + limit_s * self.cast.patience
        while True:
            now = {seat: person.do("call_counts") for seat, person in people.items()}
            for seat, counts in now.items():
                if counts["connections"] > first[seat]["connections"]:
                    first[seat] = {"seen": {}, "heard": {}, "connections": counts["connections"]}
            lacking = [
                (me, other)
                for me in people
                for other in people
                if other != me
                and (
                    now[me]["seen"].get(other, 0) < first[me]["seen"].get(other, 0) + PICTURES
                    or now[me]["heard"].get(other, 0) < first[me]["heard"].get(other, 0) + SOUNDS
                    or abs(now[me]["brightness"].get(other, 0) - GREYS[other]) > TOLERANCE
                )
            ]
            if not lacking:
                return
            if time.monotonic() > end:
                raise StepFailed(f"not seen and heard: {lacking}: {now}")
            self._pause()

    def _forwarded_only(self) -> None:
        """The media process counts what it passes on; it has decoded and encoded nothing."""
        end = time.monotonic() + 20 * self.cast.patience
        while True:
            told = self.cast.asked("/v1/demo/media")["processes"]
            members = [member for process in told for room in process["rooms"] for member in room["members"]]
            streams = [stream for member in members for stream in member["streams"]]
            received, forwarded = (sum(stream[what] for stream in streams) for what in ("received", "forwarded"))
            if len(members) == 3 and len(streams) == 6 and received < forwarded:
                break
            if time.monotonic() > end:
                raise StepFailed(f"three people with sound and picture each: {told}")
            self._pause()
        self._need(all(process["decoders"] == 0 and process["encoders"] == 0 for process in told), f"nothing was decoded or encoded: {told}")
        self._need(forwarded <= 2 * received, f"{received} packets came in and {forwarded} went out")
        self.out.fact(f"媒体进程收到 {received} 个包、转出 {forwarded} 个,解码 0、编码 0")

    def _used_ticket(self, person: Person) -> None:
        """The ticket by which somebody sits there opens nothing a second time."""
        ticket = person.do("used_ticket")
        turned_away = person.do("use_ticket", ticket=ticket)
        self._need(turned_away.get("code") == "call.ticket_used", f"a used ticket is turned away: {turned_away}")
        self.out.fact(f"用过的入场券被拒:{turned_away['sentence']}")

    def _kinds_once_gone(self, people: Iterable[str]) -> list[str]:
        """What stands on the timeline once everybody who came has gone (by his own choice, or his connection broke just then)."""
        doctor: Person = self.notes["doctor"]
        end = time.monotonic() + 25 * self.cast.patience
        while True:
            answer = doctor.api("GET", f"/v1/consultations/{self.notes['consultation_id']}/timeline")
            kinds: list[str] = [entry["kind"] for entry in self._answered(answer, 200, "the timeline")["entries"]]
            last = {seat: [kind for kind in kinds if kind.startswith("call.") and kind.endswith(f".{seat}")][-1:] for seat in people}
            if all(one and one[0].split(".")[1] in ("left", "dropped") for one in last.values()):
                return kinds
            if time.monotonic() > end:
                raise StepFailed(f"the timeline lacks who came and went: {kinds}")
            self._pause()
