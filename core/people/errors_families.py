"""What can be wrong with an order about who speaks for whom."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotAllowed


class GuardianOfAdult(Invalid):
    code = "people.guardian_of_adult"
    sentence = "他已满 18 岁,不再由监护人代办。请选和他的关系,由他本人同意您来办。"


class GuardianKept(NotAllowed):
    """A minor, or one guardian of another, wants to end what only the village doctor can, who knows the family."""

    code = "people.guardian_kept"
    sentence = "监护人不能在手机上移除。请带上证件找您的村医,村医当面核对后可以办。"


class OwnRelationKept(Conflict):
    """A person's link to his own record."""

    code = "people.own_relation_kept"
    sentence = "这是本人自己的账号,不能这样移除。登记错了,请找您的村医。"


class RelationOver(Conflict):
    code = "people.relation_over"
    sentence = "他已经不能再替这位患者办了,不用再移除。"


class TermPast(Invalid):
    code = "people.term_past"
    sentence = "截止日期要在今天以后。"


class ScopeEmpty(Invalid):
    code = "people.scope_empty"
    sentence = "至少选一样。什么都不让他办,请点「不再由他办」。"


class OnlyThePatientConfirms(NotAllowed):
    """A person of age, and nobody else, says who shall speak for him."""

    code = "people.only_the_patient"
    sentence = "这一步要由患者本人用自己的微信来点。没有微信的,请找村医。"
