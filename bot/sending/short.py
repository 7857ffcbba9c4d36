"""The short messages of a ladder: template message, subscription message, SMS. Each says whether it is there at all for this person."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from urllib.parse import quote

from bot.channels.api.errors import AllowanceSpent, ApiError, PlatformBusy, Unreachable
from bot.channels.api.sms import NotForSms, Taken, sms_values
from bot.channels.message import ChannelName
from bot.channels.words import whole_clauses
from bot.sending.outlets import NoWayOut, Outlets, Way
from bot.sending.templates import TEMPLATES, Values, chosen, filled
from core.notifications import subscriptions
from core.people.service import phone_to_tell

logger = logging.getLogger("huizhen.sending")


@dataclass(frozen=True, slots=True)
class Short:
    """What a short message says: the template by our name, its values by meaning, the page it opens (a route of the mini program)."""

    template: str
    values: Values
    page: str = ""


IN_GENERAL = Short("reply", {"code": "-", "state": "有新消息", "text": "打开企业微信或会诊服务号查看"})
"""For what has no values of its own: that there is something, and where. No word of what it is about, for it may stand on a locked screen."""


def of_reply(words: str) -> Short:
    """For a reply that came too late for its window: its first words."""
    return Short("reply", {"code": "-", "state": "有新回复", "text": whole_clauses(words)})


async def send_template(outlets: Outlets, way: Way, short: Short, *, once: str) -> str:
    """A template message of the Official Account; the platform's id of it. ``once``: it is sent once for this. NoWayOut without a template."""
    settings, api = outlets.settings.official_account, outlets.apis.official_account
    found = None if settings is None else chosen(short.template, settings.templates)
    if way.channel is not ChannelName.OFFICIAL_ACCOUNT or settings is None or found is None or api is None:
        raise NoWayOut("no_template")
    template, template_id = found
    data = filled(template.official, short.values, settings.fields.get(template.name, {}), "template_send")
    url, jump = "", None
    if short.page and outlets.settings.mini_program is not None:
        jump = {"appid": outlets.settings.mini_program.appid, "pagepath": page_path(short.page)}
    elif short.page and outlets.settings.addresses.pages:
        url = f"{outlets.settings.addresses.pages}/h5/mini/#/{short.page}"
    return await api.template_send(way.subject, template_id, data, url=url, mini_program=jump, client_msg_id=once)


def page_path(page: str) -> str:
    """The mini program's own page that opens ``page`` of ours."""
    return f"pages/web/web?to={quote(page, safe='/')}"


async def send_subscription(outlets: Outlets, way: Way, short: Short) -> str:
    """A subscription message of the mini program; the platform's id of it. NoWayOut where the person has not allowed it; 43101 closes the ledger."""
    settings, api = outlets.settings.mini_program, outlets.apis.mini_program
    template = None if settings is None else TEMPLATES.get(short.template)
    template_id = None if settings is None else settings.templates.get(short.template)
    if way.channel is not ChannelName.MINI_PROGRAM or settings is None or template is None or template_id is None or api is None:
        raise NoWayOut("no_template")
    data = filled(template.mini, short.values, settings.fields.get(template.name, {}), "subscribe_send")
    long_term = template.name in settings.long_term
    if not await subscriptions.spend(way.identity_id, template_id, long_term=long_term):
        raise NoWayOut("not_subscribed")
    try:
        return await api.subscribe_send(way.subject, template_id, data, page=page_path(short.page) if short.page else "")
    except AllowanceSpent:
        await subscriptions.closed(way.identity_id, template_id, outlets.practice.clock.real_now())
        raise
    except ApiError as error:
        # One that may have arrived stays spent: 43101 would cost the person nothing, a second message would annoy.
        if not long_term and not (isinstance(error, Unreachable) and error.sent):
            await subscriptions.returned(way.identity_id, template_id)
        raise


async def send_sms(outlets: Outlets, account_id: str, template: str, code: str, *, once: str) -> None:
    """An SMS to the number that WeChat has verified. NoWayOut without a gateway, without a number, or where it is refused for good."""
    if outlets.apis.sms is None:
        raise NoWayOut("no_sms")
    phone = await phone_to_tell(outlets.practice, account_id)
    if phone is None:
        raise NoWayOut("no_phone")
    try:
        sms_values({"code": code})
    except NotForSms:
        code = "-"
    taken = await outlets.apis.sms.send(phone, template, {"code": code}, once)
    if taken is Taken.BUSY:
        raise PlatformBusy("sms")
    if taken is Taken.REFUSED:
        raise NoWayOut("sms_refused")
