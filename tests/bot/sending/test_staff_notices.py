"""What members of staff are told about their signature, roles and licences, in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.sending.notice import Notice
from bot.sending.notices import render
from core.foundation.due import tick
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.people.commands_second_factor import BeginFactor, ConfirmFactor, ResetFactor, UnlockSigning
from core.people.commands_staff import ChangeLicence, DeactivatePractitioner, EndRole, GrantRole
from core.people.errors_second_factor import CodeWrong, FactorLocked
from tests.core.dispatch.ward import Ward, open_ward
from tests.support.authenticator import Authenticator

pytestmark = pytest.mark.storage


async def told(ward: Ward, account_id: str) -> dict[str, str]:
    """The text of each kind that the account was told, the newest."""
    found = {}
    for row in await Notification.filter(account_id=account_id).order_by("id"):
        notice = await render(ward.practice, row)
        assert isinstance(notice, Notice)
        found[row.kind] = "\n".join(str(getattr(shape, "text", "")) for shape in notice.shapes)
    return found


async def test_everything_that_concerns_ones_own_work_is_told(practice: Practice) -> None:
    ward = await open_ward(practice, hearts=1)
    county, administrator = ward.county, ward.county.administrator
    doctor, himself = county.village_doctor, str(county.village_doctor.practitioner_id)
    offered = await practice.execute(doctor, BeginFactor())
    phone = Authenticator(offered.address, ward.clock)
    await practice.execute(doctor, ConfirmFactor(code=phone.code()))
    for _ in range(4):
        with pytest.raises(CodeWrong):
            await practice.execute(doctor, UnlockSigning(code=phone.wrong()))
    with pytest.raises(FactorLocked):
        await practice.execute(doctor, UnlockSigning(code=phone.wrong()))
    await practice.execute(administrator, ResetFactor(practitioner_id=himself))
    until = (ward.clock.now() + timedelta(days=20)).date()
    await practice.execute(administrator, ChangeLicence(practitioner_id=himself, licence_valid_until=until))
    while (await tick(practice)).done:
        pass
    role = {"practitioner_id": himself, "organisation_id": county.township_centre, "role": "auditor"}
    await practice.execute(administrator, GrantRole.model_validate(role | {"valid_until": ward.clock.now() + timedelta(days=9)}))
    heard = await told(ward, doctor.account_id)
    assert "绑定了动态码" in heard["factor.enrolled"]
    assert "已锁 15 分钟" in heard["factor.locked"]
    assert "重置" in heard["factor.reset"]
    assert f"{until.month}月{until.day}日 到期" in heard["licence.expiring_own"]
    assert "审计员" in heard["role.granted"]
    assert "为止" in heard["role.granted"]
    assert "吴秀芳" in (await told(ward, administrator.account_id))["licence.expiring"]
    await practice.execute(administrator, EndRole.model_validate(role))
    await practice.execute(administrator, DeactivatePractitioner(practitioner_id=himself))
    heard = await told(ward, doctor.account_id)
    assert heard["role.granted"] == ""
    assert "已结束" in heard["role.ended"]
    assert "停用" in heard["staff.deactivated"]
