"""A person at a terminal: a line in, words out. No platform, no checks; who may sit there is the machine's matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.channels.channel import TEXT
from bot.channels.document import clean
from bot.channels.message import ChannelName, Incoming, Kind, dedupe_key
from bot.channels.outgoing import Capability, Outgoing, Reply, without_emphasis
from bot.channels.refused import Reason, Refused
from bot.channels.words import as_words

LINE_LIMIT = 4096


class Terminal:
    """Lines of one person. `account` names the installation, `person` whoever types."""

    name = ChannelName.TERMINAL
    capability = Capability(
        deadline_seconds=60.0,
        max_text_bytes=65536,
        max_buttons=0,
        cards=False,
        edits=False,
        streams=False,
        markdown=False,
        group=False,
        pushes=True,
    )

    def __init__(self, account: str, person: str) -> None:
        self._account = account
        self._person = person

    def verify_url(self, query: Mapping[str, str], now: datetime) -> bytes:
        """A terminal has no address."""
        raise Refused(Reason.MODE)

    def receive(self, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, now: datetime) -> Incoming:
        """One typed line. `query["line"]` is a number or id that differs for every line."""
        try:
            text = clean(body.decode("utf-8")).strip()
        except UnicodeDecodeError:
            raise Refused(Reason.DOCUMENT) from None
        if len(text) > LINE_LIMIT:
            raise Refused(Reason.TOO_LONG)
        return Incoming(
            channel=self.name,
            account=self._account,
            sender=self._person,
            chat=self._person,
            kind=Kind.TEXT,
            text=text,
            event="text",
            dedupe_key=dedupe_key(self.name, self._account, self._person, query.get("line", ""), now.isoformat()),
            sent_at=now,
        )

    def passive_reply(self, incoming: Incoming, outgoing: Sequence[Outgoing], now: datetime, nonce: str) -> Reply:
        """Everything as words, choices numbered."""
        words = "\n\n".join(filter(None, (without_emphasis(as_words(shape)) for shape in outgoing)))
        return Reply(body=words.encode(), content_type=TEXT)
