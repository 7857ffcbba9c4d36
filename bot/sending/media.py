"""Fetching what people sent from the platform it came through."""

from __future__ import annotations

from bot.channels.api.errors import ApiError
from bot.channels.connections import Apis
from bot.channels.message import ChannelName, Incoming
from bot.dialogue.turn import FetchedFile, MediaAway


class PlatformMedia:
    """The port through which the dialogue gets pictures and files."""

    def __init__(self, apis: Apis) -> None:
        self._apis = apis

    async def fetch(self, incoming: Incoming, index: int = 0) -> FetchedFile:
        if index >= len(incoming.media):
            raise MediaAway
        media = incoming.media[index]
        try:
            if incoming.channel is ChannelName.WECOM_ROBOT and self._apis.robot is not None:
                file = await self._apis.robot.download(media.url, key=media.key)
            elif incoming.channel is ChannelName.WECOM_APP and self._apis.wecom is not None:
                file = await self._apis.wecom.media_get(media.media_id)
            elif incoming.channel is ChannelName.OFFICIAL_ACCOUNT and self._apis.official_account is not None:
                file = await self._apis.official_account.media_get(media.media_id)
            elif incoming.channel is ChannelName.MINI_PROGRAM and self._apis.mini_program is not None:
                file = await self._apis.mini_program.media_get(media.media_id)
            else:
                raise MediaAway
        except ApiError as error:
            raise MediaAway from error
        return FetchedFile(file.content, file.content_type, file.name or media.name)
