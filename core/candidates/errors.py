"""Why values cannot be added."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid


class ValueImpossible(Invalid):
    code = "candidates.value"
    sentence = "{label}应在 {low} 到 {high} {unit} 之间。"


class ValueUnknown(Invalid):
    code = "candidates.value_unknown"
    sentence = "没有“{given}”这个项目,请刷新页面再填。"


class ValuesClosed(Conflict):
    code = "candidates.closed"
    sentence = "会诊 {code} 已经结束,不能再补。"


class ValuesChanged(Conflict):
    code = "candidates.changed"
    sentence = "刚才有别人也在补,请看一下再存。"
