"""What can be wrong with an order to the register of people."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotAllowed, NotFound


class IdNumberInvalid(Invalid):
    """``reason`` is one of the fixed phrases of :mod:`core.people.id_numbers`, never the number."""

    code = "people.id_number_invalid"
    sentence = "身份证号码不对:{reason}。请对照证件再输入一次。"


class NameInvalid(Invalid):
    code = "people.name_invalid"
    sentence = "姓名请用证件上的汉字,两个字以上;少数民族姓名中间的点用「·」。"


class RecordDiffers(Conflict):
    """The ID number is on record, but name or phone differ: nothing of the record is given away."""

    code = "people.record_differs"
    sentence = "这个证件已经登记过,但姓名或手机号和登记的不一致。请对照证件和建档时留的手机号,核对后再登记。"


class LivesElsewhere(Conflict):
    """The person is on record in another county, and nothing of that record is given away."""

    code = "people.lives_elsewhere"
    sentence = "这位居民的档案在别的县。请同时填写他建档时留的手机号,或他本人微信绑定的手机号,再登记一次。"


class RecordNeedsConfirmation(Conflict):
    """The ID number is on record and it is not proven who asks. The same for a wrong name, a wrong phone and a right one that is not verified:
    nothing of the record is given away. ``claim_code``: what he reads to the village doctor, or to the patient; ``valid_minutes``: how long it
    holds; ``way``: what to do with it."""

    code = "people.record_needs_confirmation"
    sentence = (
        "这个证件已经建过档,还要确认是您或您的家人。请核对姓名,在小程序里点「用微信手机号」验证建档时留的手机号,再登记一次;"
        "手机号不同的话,{way}({valid_minutes} 分钟内有效)。"
    )


class ClaimCodeWrong(NotFound):
    code = "people.claim_code_wrong"
    sentence = "确认码和这位病人对不上。请再对一遍 6 位确认码(字母和数字),看看是不是这位病人的;连着错 5 次,请他重新登记,换一个新的确认码。"


class ClaimExpired(Conflict):
    code = "people.claim_expired"
    sentence = "这个确认码已经失效。请他在小程序里重新登记一次,换一个新的确认码。"


class ClaimUsed(Conflict):
    code = "people.claim_used"
    sentence = "这个确认码已经用过,他现在能看到档案了,不用再确认。"


class ClaimantHasOwnRecord(Conflict):
    """The account that claims to be the patient himself is already somebody else's."""

    code = "people.claimant_has_own_record"
    sentence = "他的微信已经登记过另一个人为本人。请他登记时选「为家人登记」,再换一个确认码。"


class OwnRecordExists(Conflict):
    code = "people.own_record_exists"
    sentence = "您已经登记过本人资料。要为家人登记,请选「为家人登记」。"


class PatientTaken(Conflict):
    """Another account is already this person's own."""

    code = "people.patient_taken"
    sentence = "这位患者已经用另一个微信登记为本人。如果不是您操作的,请联系村医或卫生院。"


class TooYoung(Invalid):
    """Under 14 a guardian acts."""

    code = "people.guardian_needed"
    sentence = "未满 14 岁需要监护人来办:请爸爸妈妈或监护人用自己的微信,选「为家人登记」。"


class NumberTaken(Conflict):
    """The village doctor already uses this number for somebody else."""

    code = "people.number_taken"
    sentence = "{number}号已经是另一位病人,请换一个编号。"


class AlreadyListed(Conflict):
    code = "people.already_listed"
    sentence = "这位病人已在名单上,编号是{number}号。"


class PatientNotListed(NotFound):
    """Nobody has this number on the village doctor's list."""

    code = "people.patient_not_listed"
    sentence = "您的名单上没有{number}号。在单独会话里发「我的病人」可以看名单。"


class NoOrganisation(Conflict):
    """There is no county hospital on record yet to keep the record."""

    code = "people.no_organisation"
    sentence = "本县的医院还没有登记,暂时不能建档。请联系管理员。"


class OrganisationUnknown(NotFound):
    code = "people.organisation_unknown"
    sentence = "没有这家机构,请核对后再试。"


class AccountUnknown(NotFound):
    code = "people.account_unknown"
    sentence = "没有这个账号,请重新登录。"


class AlreadyPractitioner(Conflict):
    code = "people.already_practitioner"
    sentence = "这个账号或执业证号已经登记过医务人员。"


class RoleNotHeld(Invalid):
    """A role that nobody can be given."""

    code = "people.role_invalid"
    sentence = "医务人员至少要有一个岗位,不能登记为患者、访客或系统。"


class DepartmentUnknown(Invalid):
    code = "people.department_unknown"
    sentence = "没有这个科室代码,请按诊疗科目名录填写。"


class ExpertiseInvalid(Invalid):
    code = "people.expertise_invalid"
    sentence = "专长请填 ICD-10 类目,例如 J44 或 I20-I25。"


class ConsentOutdated(Conflict):
    code = "people.consent_outdated"
    sentence = "同意书已经更新到 {current} 版,请看过新的再确认。"


class ConsentMissing(Conflict):
    code = "people.consent_missing"
    sentence = "还没有这位患者的知情同意:请他在小程序里看过、点「同意」,或者由村医在病人页拍下签好字的同意书,再继续。"


class ConsentEvidenceMissing(Invalid):
    code = "people.consent_evidence_missing"
    sentence = "请先拍下患者签好字的纸质同意书,再确认。"


class HandOverSpent(NotFound):
    """The same for a code that never was, was used, is too old, or whose session has ended."""

    code = "people.hand_over_spent"
    sentence = "这一页打开得太晚了。请返回小程序首页,再点一次。"


class SessionOver(NotAllowed):
    """The same for a refresh token that never was, whose session has ended, or that belongs to another kind of device."""

    code = "session.over"
    status = 401
    sentence = "登录已经结束,请重新进入。"


class SessionReused(NotAllowed):
    """A refresh token came that had been changed for another before, and that one was in use: somebody has a copy."""

    code = "session.reused"
    status = 401
    sentence = "为了您的安全,这次登录已经退出:它可能在别处被复制过。请重新进入。"
