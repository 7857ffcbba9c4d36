"""长辈模式 of an account."""

from __future__ import annotations

from core.foundation.database.statements import find
from core.foundation.orders import Done, handles
from core.foundation.work import Work
from core.people.commands_reading import ChooseReading
from core.people.models import Account


@handles(ChooseReading)
async def choose_reading(work: Work, order: ChooseReading) -> Done:
    await Account.filter(id=work.actor.account_id).update(elder=order.elder)
    work.concerns("account", work.actor.account_id)
    return Done()


async def elder_mode(account_id: str) -> bool | None:
    """Whether the account chose it; None where it never said."""
    account = await find(Account, id=account_id)
    return None if account is None else account.elder
