"""By which suites a house's values and keys are sealed, as a process of its own: `python -m tests.journeys.sealed_by` prints JSON."""

from __future__ import annotations

import asyncio
import json

from core.foundation.encryption.walking import rows_after
from core.foundation.keyring.models import WrappedKey
from core.practice_rooms import load_rooms
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import open_for_signing
from tests.core.foundation.encryption.every_column import tables


async def main() -> None:
    load_rooms()
    async with open_for_signing(Settings()):
        heads: dict[str, int] = {}
        for table in tables():
            after = ""
            while rows := await rows_after(table, after, 1000):
                after = rows[-1].key
                for row in rows:
                    for _, value in row.values.values():
                        if value is not None:
                            heads[value[:2].hex()] = heads.get(value[:2].hex(), 0) + 1
        keys = sorted({str(one) for one in await WrappedKey.filter(erased_at__isnull=True).values_list("suite", flat=True)})
    print(json.dumps({"heads": heads, "keys": keys}))


if __name__ == "__main__":
    asyncio.run(main())
