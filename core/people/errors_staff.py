"""What can be wrong with an order about organisations, practitioners and the roles they hold."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotAllowed, NotFound


class RegionInvalid(Invalid):
    code = "people.region_invalid"
    sentence = "区划代码不对:县级填 6 位,乡镇 9 位,村 12 位(国标 GB/T 2260 加乡镇、村代码)。"


class OutsideParent(Invalid):
    code = "people.region_outside_parent"
    sentence = "区划代码要在上级机构的范围内,请核对代码或上级机构。"


class ParentTooSmall(Invalid):
    """A parent of the same or a smaller kind; the same would make a circle possible."""

    code = "people.parent_too_small"
    sentence = "上级机构要比它高一级:村卫生室归乡镇卫生院,卫生院归县医院。"


class OrganisationClosed(Conflict):
    code = "people.organisation_closed"
    sentence = "这家机构已经关闭,不能再登记人员或岗位。"


class OrganisationInUse(Conflict):
    """``houses`` below it are open, ``roles`` are held there."""

    code = "people.organisation_in_use"
    sentence = "还不能关闭:下面有 {houses} 家机构、{roles} 个岗位在用。请先转走或结束。"


class ChildrenOutside(Conflict):
    code = "people.children_outside"
    sentence = "下级机构不在新的区划里:{names}。请先把它们转走。"


class OrganisationExists(Conflict):
    code = "people.organisation_exists"
    sentence = "这个地方已经有同名的机构,请核对。"


class OtherCounty(NotAllowed):
    """What the order names besides lies in a county where the administrator is none."""

    code = "people.other_county"
    sentence = "这属于别的县,请那边的管理员来办。"


class PractitionerUnknown(NotFound):
    code = "people.practitioner_unknown"
    sentence = "没有这位医务人员,请核对。"


class TitleUnknown(Invalid):
    code = "people.title_unknown"
    sentence = "职称请从列表里选,例如 主任医师、主治医师、乡村医生、主管药师;不需要职称的岗位留空。"


class LicenceMissing(Invalid):
    code = "people.licence_missing"
    sentence = "医生和药师的岗位要登记执业证号。"


class RoleOutOfScope(Invalid):
    """``role``: the label of the role."""

    code = "people.role_out_of_scope"
    sentence = "执业范围或职称不包括「{role}」这个岗位,请核对证书。"


class RoleAlreadyHeld(Conflict):
    code = "people.role_already_held"
    sentence = "这个岗位已经有了。要改期限,请先结束,再重新授予。"


class RoleNotRunning(NotFound):
    code = "people.role_not_running"
    sentence = "没有这个在用的岗位,可能刚刚已经结束。"


class RoleDatesInvalid(Invalid):
    code = "people.role_dates_invalid"
    sentence = "岗位的结束时间要晚于开始时间,也要晚于现在。"


class LastAdministrator(Conflict):
    code = "people.last_administrator"
    sentence = "这是最后一位管理员,不能结束或停用。请先给另一位同事授予管理员。"


class AlreadyActive(Conflict):
    code = "people.practitioner_active"
    sentence = "这位医务人员现在就是启用的。"


class AlreadyInactive(Conflict):
    code = "people.practitioner_inactive"
    sentence = "这位医务人员已经停用。"


class AdministratorExists(Conflict):
    code = "people.administrator_exists"
    sentence = "已经有管理员,不能再用首位管理员的办法。请让管理员在系统里授予。"


class InvitationWrong(NotFound):
    """The same for a code that never was, is used, or is too old."""

    code = "people.invitation_wrong"
    sentence = "绑定码不对,或者已经过期(30 分钟)。请核对,或在服务器上重新生成。"


class InvitationElsewhere(NotAllowed):
    code = "people.invitation_elsewhere"
    sentence = "请在企业微信的「会诊工作台」里发绑定码。"


class RegisterWrong(Invalid):
    """``problem``: the first line that is wrong, and why. Nothing was made."""

    code = "people.register_wrong"
    sentence = "没有导入:{problem}"


class WecomUnknown(Invalid):
    """Somebody without an account in WeCom cannot say in which one the others are."""

    code = "people.wecom_unknown"
    sentence = "不知道是哪家企业微信,请从企业微信里登录后再登记。"
