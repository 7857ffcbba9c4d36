"""Who may consent to what, and what is refused after a withdrawal."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotAllowed


class ConsentOfGuardian(NotAllowed):
    code = "people.consent_of_guardian"
    sentence = "这一项要由监护人来同意。请爸爸妈妈或监护人用自己的微信来点;没有微信的,在村医那里签字。"


class ConsentIsThePatients(NotAllowed):
    code = "people.consent_is_the_patients"
    sentence = "这一项只能由本人同意。请他用自己的微信来点;没有微信的,在村医那里签字。"


class ConsentWrongAge(Invalid):
    """The child's consent for who is 14, or the ordinary one for a child."""

    code = "people.consent_wrong_age"
    sentence = "这一项和患者的年龄不符:未满 14 岁用「孩子的信息」,满 14 岁用「使用健康信息」。请刷新后再看。"


class ConsentWithdrawn(Conflict):
    """The patient took back his consent to a running consultation, or what was taken for it is none: no matter of life and death."""

    code = "people.consent_withdrawn"
    sentence = "远程会诊的知情同意撤回了,或者存错了纸,这次会诊先停在这里。要继续,请村医再和患者说明,重新签同意书。"
