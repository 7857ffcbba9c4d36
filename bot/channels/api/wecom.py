"""The API of a WeCom self-built app, as far as it is used here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.channels.api.errors import ReceiverUnknown
from bot.channels.api.transport import MEDIA_LIMIT, File, Transport, text_of
from bot.channels.cards import NOTE_LIMIT, card_json
from bot.channels.outgoing import CardUpdate
from bot.channels.settings import WeComAppSettings
from bot.channels.token import TokenProvider, with_token
from bot.channels.words import cut


@dataclass(frozen=True, slots=True)
class Sent:
    """An accepted app message. `response_code` changes its card once within 72 hours; the others did not get it."""

    msgid: str
    response_code: str = field(default="", repr=False)
    invalid_users: tuple[str, ...] = field(default=(), repr=False)
    unlicensed_users: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Member:
    """Who opened a page inside WeCom: a member of the corporation."""

    userid: str = field(repr=False)


class WeComApi:
    """Calls of one self-built app. Every method raises ApiError and nothing else."""

    def __init__(self, transport: Transport, settings: WeComAppSettings, tokens: TokenProvider) -> None:
        self._transport = transport
        self._settings = settings
        self._tokens = tokens

    async def message_send(self, payload: Mapping[str, Any]) -> Sent:
        """Send one app message (`WeComApp.push` makes them). ReceiverUnknown where nobody gets it.

        The platform drops what exceeds 30 a minute or 1,000 an hour for one member without an error.
        """
        answer = await self._post("/cgi-bin/message/send", payload, "message_send")
        invalid, unlicensed = _users(answer.get("invaliduser")), _users(answer.get("unlicenseduser"))
        asked = _users(payload.get("touser"))
        if asked and set(asked) <= {*invalid, *unlicensed}:
            raise ReceiverUnknown("message_send", 81013)
        return Sent(str(answer.get("msgid", "")), str(answer.get("response_code") or ""), invalid, unlicensed)

    async def update_template_card(self, response_code: str, update: CardUpdate, userids: Sequence[str] = ()) -> None:
        """Change a card that was sent: for everyone who got it where `update.everyone` or no `userids`.

        CardUpdateRefused where the code is spent: another one comes with each tap.
        """
        body: dict[str, Any] = {"agentid": self._settings.agentid, "response_code": response_code}
        if update.everyone or not userids:
            body["atall"] = 1
        else:
            body["userids"] = list(userids)[:1000]
        if update.card is not None:
            body["template_card"] = card_json(update.card, update.note)
        else:
            body["button"] = {"replace_name": cut(update.note, NOTE_LIMIT)}
        await self._post("/cgi-bin/message/update_template_card", body, "update_template_card")

    async def user_by_code(self, code: str) -> Member:
        """Who came back from the authorise page. ReceiverUnknown for somebody outside the corporation."""

        async def ask(token: str) -> dict[str, Any]:
            return await self._transport.get("/cgi-bin/auth/getuserinfo", {"access_token": token, "code": code}, call="user_by_code")

        answer = await with_token(self._tokens, ask)
        # The older address printed UserId; both spellings are in use.
        userid = answer.get("userid") or answer.get("UserId")
        if not isinstance(userid, str) or not userid:
            raise ReceiverUnknown("user_by_code", note="not a member of the corporation")
        return Member(userid)

    async def media_get(self, media_id: str, limit: int = MEDIA_LIMIT) -> File:
        """The bytes of a picture or file that a member sent."""

        async def fetch(token: str) -> File:
            query = {"access_token": token, "media_id": media_id}
            return await self._transport.fetch("/cgi-bin/media/get", query, call="media_get", limit=limit)

        return await with_token(self._tokens, fetch)

    async def appchat_create(self, name: str, owner: str, members: Sequence[str], chatid: str) -> str:
        """Make a group of members; gives its chatid."""
        body = {"name": name, "owner": owner, "userlist": list(members), "chatid": chatid}
        answer = await self._post("/cgi-bin/appchat/create", body, "appchat_create")
        return text_of(answer, "chatid", "appchat_create")

    async def appchat_send(self, payload: Mapping[str, Any]) -> None:
        """Send to a group that this app made (`WeComApp.group_push` makes the bodies). Never a patient's identity."""
        await self._post("/cgi-bin/appchat/send", payload, "appchat_send")

    async def _post(self, path: str, body: Mapping[str, Any], call: str) -> dict[str, Any]:
        return await with_token(self._tokens, lambda token: self._transport.post(path, {"access_token": token}, body, call=call))


def _users(value: object) -> tuple[str, ...]:
    return tuple(user for user in value.split("|") if user) if isinstance(value, str) else ()
