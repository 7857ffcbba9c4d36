"""That an order used the blind key in force: asked inside its transaction, as the last step, where it made values of blind indexes."""

from __future__ import annotations

from tortoise.connection import get_connection

from core.foundation.database.connection import PRACTICE, dialect


class BlindKeyRenewed(Exception):
    """The blind key was renewed while the order was carried out: it is carried out again."""


async def is_in_force(editions: set[int]) -> bool:
    """Inside a transaction that made index values, as its last step: whether all were made with the blind key that is in force. Holds that key in
    force until the transaction ends."""
    lock = " LOCK IN SHARE MODE" if dialect() == "mysql" else ""
    rows = await get_connection(PRACTICE).execute_query_dict(f"SELECT edition FROM blind_edition WHERE id=1{lock}")  # noqa: S608 - no value in it
    return editions == {rows[0]["edition"] if rows else 1}
