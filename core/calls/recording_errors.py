"""Why a recording is not asked for, answered or played."""

from __future__ import annotations

from core.foundation.errors import Conflict, NotAllowed, NotFound, Unavailable


class NotInTheCall(Conflict):
    """He has left, or the call is over."""

    code = "call.recording.not_in_call"
    sentence = "您现在不在视频里。进入视频后再试。"


class RecordingNotYours(NotAllowed):
    code = "call.recording.not_yours"
    sentence = "录像要由村医或专家提出。请在视频里和医生说。"


class RecordingOver(Conflict):
    """What he answers to has ended, or another one was asked for meanwhile."""

    code = "call.recording.over"
    sentence = "这次录像已经结束。"


class PatientHasNotAgreed(Conflict):
    """The patient is not in the call, and his own consent to recording does not stand."""

    code = "call.recording.patient_first"
    sentence = "患者还没有同意录像。请他进视频来点「同意」,或先在村医那里签纸质同意书。"


class RecordingUnknown(NotFound):
    code = "call.recording.unknown"
    sentence = "没有这份录像,或保存期满已经删除。"


class LookOver(Conflict):
    """Not this person's look at this file, or its time is over."""

    code = "call.recording.look_over"
    sentence = "这次看的时间到了。要接着看,请再点一次「播放」。"


class StillWritten(Unavailable):
    """The media process has not finished with it, or another worker puts it together."""

    code = "call.recording.busy"
