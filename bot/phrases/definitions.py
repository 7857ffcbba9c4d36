"""The table of phrases: what can be said, by which names, and which order of the practice it becomes. Only what exists stands here."""

from __future__ import annotations

from bot.phrases.phrase import Phrase
from core.appointments.commands import BookSlot, CancelAppointment, CountyRoster, EndAbsence, FreeSlots, MyAppointments, SetAbsence, SetShift
from core.consultations.commands import (
    AttachConsent,
    CancelConsultation,
    CompleteConsultation,
    ConfirmPatient,
    Progress,
    ReturnConsultation,
    TakeBackConsent,
    WaiveMaterial,
)
from core.consultations.commands_arranging import AgreeTime, AnswerNoMaterial, ProposeTime, RequestMaterial
from core.consultations.commands_case import Case
from core.consultations.commands_opinions import Decide, GiveOpinion
from core.consultations.commands_ratings import RateConsultation
from core.coverage.commands import QuotePrescription
from core.dispatch.commands import (
    AcceptOffer,
    AcknowledgeAlert,
    AskExpert,
    AskHelper,
    DeclineOffer,
    DeferOffer,
    MyOffers,
    Ranking,
    RequestConsultation,
)
from core.dispatch.commands_desk import NudgeConsultation, ReassignConsultation, WaitingCases
from core.followups.commands import EndPlan, MyPlans, RecordVisit, ReportWorse, StartPlan
from core.foundation.orders import Order
from core.imaging.commands import ReceiveUpload
from core.imaging.commands_pictures import ReceivePicture
from core.intake.commands import CloseIntake, CurrentIntake
from core.notifications.commands import MyNotices, ResumeReminders, StopReminders
from core.oversight.commands import BreakGlassesToReview, BreakTheGlass
from core.people.commands import ConfirmAccount
from core.people.commands_accounts import JoinReviews, SettleJoinReview
from core.people.commands_consents import Consents, WithdrawConsent
from core.people.commands_nearby import NearestHouses
from core.people.commands_reading import ChooseReading
from core.people.commands_sessions import CloseOtherSessions, MySessions
from core.people.commands_views import Me, MyPatientList
from core.prescriptions.commands import Dispense, Propose, Refer, Release, ReturnPrescription, Revise, Sign, View
from core.prescriptions.commands_doses import AcknowledgeDose, EmergencyDoses, OrderDose
from core.prescriptions.commands_facts import FillFact
from core.prescriptions.commands_lists import Mine

__all__ = ["BY_KEY", "PHRASES", "TAPS", "Phrase"]

PHRASES: tuple[Phrase, ...] = (
    Phrase(
        "help", Me, ("帮助", "帮忙", "怎么用", "怎么说", "能做什么", "你能做什么", "您能做什么", "可以说什么", "功能", "菜单", "help", "?"),
        "帮助", "看看可以说什么", in_group=True,
    ),
    Phrase("more", Me, ("更多", "更多说法", "别的说法", "其他说法", "全部说法", "还可以说什么"), "更多", "看全部说法", audience="patient"),
    Phrase(
        "body_map", CurrentIntake, ("人体图", "身体图", "看人体图", "给我看人体图", "点人体图"),
        "人体图", "不会说就点一点哪里不舒服", audience="patient",
    ),
    Phrase(
        "tell", CurrentIntake, ("问诊", "开始问诊", "我要问诊", "预问诊", "看病", "我要看病", "说症状", "接着问", "继续问诊"),
        "问诊", "说哪里不舒服;没问完的接着问", audience="patient",
    ),
    Phrase(
        "consult", RequestConsultation, ("会诊", "请会诊", "请求会诊", "申请会诊", "发起会诊", "呼叫会诊", "要会诊"),
        "会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急", "为您名单上的病人请专家", argument="consultation", audience="staff", in_group=True,
    ),
    Phrase(
        "progress", Progress, ("进度", "查进度", "看进度", "进展", "会诊进度", "会诊进展", "到哪一步了", "到哪了", "我的会诊"),
        "进度 C-7K2M", "看会诊到哪一步了", argument="code", in_group=True,
    ),
    Phrase(
        "patients", MyPatientList, ("我的病人", "病人名单", "病人列表", "我的患者", "签约病人", "名单"),
        "我的病人", "看您的病人和编号", audience="staff",
    ),
    Phrase(
        "confirm_account", ConfirmAccount, ("确认家人", "确认账号", "确认微信", "家人确认"),
        "确认家人 3号 K7M2QX", "当面核对后,让本人或家人看到档案(码在他手机上)", argument="claim", audience="staff",
    ),
    Phrase(
        "confirm", ConfirmPatient, ("确认病人", "确认患者", "病人确认", "确认是他", "确认是她", "确认身份"),
        "确认病人 C-7K2M", "确认会诊的是哪位病人", argument="code", audience="staff",
    ),
    Phrase(
        "cancel", CancelConsultation, ("取消会诊", "撤销会诊", "撤回会诊", "会诊取消", "不用会诊了"),
        "取消会诊 C-7K2M 病人已好转", "取消会诊,请带上原因", argument="code_reason", audience="staff",
    ),
    Phrase(
        "no_material", WaiveMaterial, ("没有影像", "无影像", "没有片子", "没有心电图", "没影像"),
        "没有影像 C-7K2M", "没有影像可补,先请专家", argument="code", audience="staff",
    ),
    Phrase(
        "opinion", GiveOpinion, ("意见", "专家意见", "我的意见", "会诊意见"),
        "意见 C-7K2M 考虑稳定型心绞痛,明天转县医院", "写会诊意见,看过再签名", argument="code_words", audience="staff",
    ),
    Phrase(
        "agree", Decide, ("同意", "同意意见", "我同意"), "同意 C-7K2M", "同意专家意见,看过再签名", argument="code_words", audience="staff",
    ),
    Phrase(
        "partly", Decide, ("部分同意",), "部分同意 C-7K2M 先观察一天", "部分同意,请写理由", argument="code_words", audience="staff",
    ),
    Phrase(
        "disagree", Decide, ("不同意", "我不同意"), "不同意 C-7K2M 病人拒绝转院", "不同意,请写理由", argument="code_words", audience="staff",
    ),
    Phrase(
        "complete", CompleteConsultation, ("完成会诊", "会诊完成", "结束会诊", "会诊结束", "完成"),
        "完成会诊 C-7K2M", "意见和决定都有了,完成会诊", argument="code_words", audience="staff", letter="C",
    ),
    Phrase(
        "give_back", ReturnConsultation, ("退回会诊", "退回"),
        "退回会诊 C-7K2M 突发手术", "不能继续了,请系统找别的专家", argument="code_words", audience="staff", letter="C",
    ),
    Phrase(
        "dose", OrderDose, ("急用一剂", "急用药", "下急用药"),
        "急用一剂 C-7K2M 阿司匹林", "决定签名后,核对禁忌,下急用一剂", argument="code_words", audience="staff", letter="C",
    ),
    Phrase(
        "propose", Propose, ("开方", "开处方", "开药"),
        "开方 C-7K2M 高血压:氨氯地平 5mg 每日一次 7天", "开方给村医签,几味药用分号隔开", argument="code_words", audience="staff", letter="C",
    ),
    Phrase(
        "revise", Revise, ("改方", "改处方", "换药"),
        "改方 R-7K2M 高血压:氨氯地平 2.5mg 每日一次 7天", "退回或签名前改处方", argument="code_words", audience="staff", letter="R",
    ),
    Phrase(
        "sign", Sign, ("签处方", "处方签名", "签名", "照此签名"), "签处方 R-7K2M", "看过处方和检查,签名",
        argument="code", audience="staff", letter="R",
    ),
    Phrase(
        "refer", Refer, ("转上级签", "请镇卫生院医生签", "请上级签", "转上级医生签"),
        "转上级签 R-7K2M", "请上级值班医生签这张处方", argument="code", audience="staff", letter="R",
    ),
    Phrase(
        "review", Release, ("审方", "待审处方", "待审"), "审方", "看等您审的处方", argument="code", audience="staff", letter="R",
    ),
    Phrase(
        "release", Release, ("通过", "审方通过", "处方通过", "通过处方", "放行", "确认通过"), "通过 R-7K2M", "审方通过,看过再确认",
        argument="code", audience="staff", letter="R",
    ),
    Phrase(
        "return", ReturnPrescription, ("退回处方", "审方退回", "处方退回", "退方", "退回"),
        "退回处方 R-7K2M 剂量请再核对", "退给开方的专家,请写理由", argument="code_words", audience="staff", letter="R",
    ),
    Phrase(
        "dispense", Dispense, ("发药", "已发药"), "发药 R-7K2M 7K2M-90QX", "核对患者的取药码,发药",
        argument="code_words", audience="staff", letter="R",
    ),
    Phrase(
        "rate", RateConsultation, ("评价", "打分", "评分", "评价会诊"), "评价 5星 医生很耐心", "给完成的会诊打一到五颗星", argument="rating",
    ),
    Phrase("offers", MyOffers, ("我的邀请", "会诊邀请", "我的会诊邀请", "谁找我"), "我的邀请", "看等您答复的会诊邀请", audience="staff"),
    Phrase(
        "accept", AcceptOffer, ("接诊", "我接", "接受会诊", "我来接", "我接诊", "接了", "我来"),
        "接诊 C-7K2M", "接下会诊邀请", argument="code", audience="staff",
    ),
    Phrase(
        "decline", DeclineOffer, ("婉拒", "请转别人", "转别人", "请转他人", "谢绝", "不接", "接不了", "没法接", "不能接"),
        "婉拒 C-7K2M 正在手术", "请系统找别的专家,可以写原因", argument="decline", audience="staff",
    ),
    Phrase(
        "defer", DeferOffer, ("5分钟后", "五分钟后", "过5分钟", "过五分钟", "等5分钟", "等五分钟", "稍后接诊", "5分钟后接", "五分钟后接"),
        "5分钟后 C-7K2M", "五分钟后再接,同时先问别人", argument="code", audience="staff",
    ),
    Phrase(
        "acknowledge", AcknowledgeAlert, ("已接手", "接手", "我接手", "我接手了", "我来处理", "已处理"),
        "已接手", "接手刚才的危急提醒", audience="staff",
    ),
    Phrase(
        "break_glass", BreakTheGlass, ("紧急调阅", "紧急查档", "急调档案"), "紧急调阅 C-7K2M 昏迷 病人送来时叫不醒,要查用药史",
        "为救治看没有关系的病人的档案,4 小时;告知病人,事后审查", argument="code_words", audience="staff", letter="C",
    ),
    Phrase(
        "review_access", BreakGlassesToReview, ("调阅审查", "审查调阅", "紧急调阅审查", "审查紧急调阅"),
        "调阅审查 J-7K2MX 合理 急诊记录能对上", "看要审查的紧急调阅,写结论", argument="code_words", audience="staff", letter="J",
    ),
    Phrase(
        "ranking", Ranking, ("匹配", "专家匹配", "匹配说明", "匹配专家", "专家排序", "怎么匹配的"),
        "匹配 C-7K2M", "看专家为什么这样排", argument="code", audience="staff",
    ),
    Phrase(
        "ask_expert", AskExpert, ("请专家", "请某专家", "再请专家", "点名请专家", "指定专家"),
        "请专家 C-7K2M 2", "直接请匹配名单上的第 2 位", argument="code_rank", audience="staff",
    ),
    Phrase(
        "upload", AttachConsent, ("上传", "补资料", "传资料", "上传资料", "去补", "补影像", "传影像"),
        "上传 C-7K2M", "看还缺什么、怎么传", argument="code", audience="staff", in_group=True, letter="C",
    ),
    Phrase(
        "call_experts", NudgeConsultation, ("呼叫专家", "叫专家", "催专家", "再呼叫专家"),
        "呼叫专家 C-7K2M", "再催专家和值班台;还差资料会告诉您", argument="code", audience="staff", in_group=True, letter="C",
    ),
    Phrase(
        "case", Case, ("病例", "看病例", "病历", "看病历", "病情"),
        "病例 C-7K2M", "看这份会诊的病例", argument="code", audience="staff", in_group=True, letter="C",
    ),
    Phrase(
        "change_time", ProposeTime, ("改时间", "改期", "换时间", "改个时间", "换个时间", "约时间"),
        "改时间 C-7K2M 明天下午3点", "接了诊、没开始的,另约时间(危急、急重不能改)", argument="code_words", audience="staff", letter="C",
    ),
    Phrase(
        "ask_material", RequestMaterial, ("要资料", "补充资料", "还要资料", "要检查"),
        "要资料 C-7K2M 心电图、血糖", "请村医补资料", argument="code_words", audience="staff", letter="C",
    ),
    Phrase(
        "waiting", WaitingCases, ("待分配", "待分配会诊", "待分配列表", "等专家的会诊", "谁在等"),
        "待分配", "看在等专家的会诊,最急的在前", audience="staff",
    ),
    Phrase(
        "assign", AskExpert, ("指派", "指派专家", "分配", "派给", "分配专家"),
        "指派 C-7K2M 王主任", "点名请一位专家,先看他合不合适", argument="code_words", audience="staff", letter="C",
    ),
    Phrase(
        "reassign", ReassignConsultation, ("改派", "改派专家", "转派", "改派给"),
        "改派 C-7K2M 李主任 突发手术", "专家没开始的,换一位,请写原因", argument="code_words", audience="staff", letter="C",
    ),
    Phrase(
        "nudge", NudgeConsultation, ("催办", "催一下", "催一催", "再催一下", "催"),
        "催办 C-7K2M", "提醒该办的人,两分钟一次", argument="code", audience="staff", letter="C",
    ),
    Phrase(
        "roster", CountyRoster, ("排班", "看排班", "值班表", "排班表", "本县排班"),
        "排班 王主任 周三下午", "看本县排班;写人和时间就排班", argument="code_words", audience="staff",
    ),
    Phrase(
        "leave", SetAbsence, ("请假", "我要请假"), "请假 明天下午", "请假期间不派会诊;值班台写「请假 王主任 明天下午」",
        argument="code_words", audience="staff",
    ),
    Phrase(
        "end_leave", EndAbsence, ("销假", "取消请假", "提前销假"), "销假", "结束请假;值班台写「销假 王主任」",
        argument="code_words", audience="staff",
    ),
    Phrase(
        "slots", FreeSlots, ("预约", "挂号", "约", "看号", "有什么号", "预约挂号", "我要看医生", "看医生"),
        "预约 呼吸内科", "看可以约的时间", argument="department", audience="patient",
    ),
    Phrase(
        "nearby", NearestHouses,
        (
            "附近的卫生院", "最近的卫生院", "附近的卫生室", "最近的卫生室", "附近的医院", "最近的医院", "附近卫生院", "附近卫生室", "附近医院",
            "最近医院", "哪里有卫生室", "哪里有卫生院", "最近的卫生所", "附近的卫生所", "附近的诊所", "最近的诊所",
        ),
        "附近的卫生院", "看离您最近的卫生室和医院",
    ),
    Phrase("appointments", MyAppointments, ("我的预约", "我的挂号", "查预约", "预约记录"), "我的预约", "看约好的时间", audience="patient"),
    Phrase(
        "cancel_appointment", CancelAppointment, ("取消预约", "退号", "取消挂号", "不去了", "预约取消"),
        "取消预约 A-5T8N", "取消约好的时间", argument="code", audience="patient",
    ),
    Phrase(
        "follow", StartPlan, ("随访", "建随访", "开始随访", "随访名单", "建随访计划", "随访计划", "我的随访"),
        "随访 3号 高血压", "给病人建随访;只发「随访计划」看名单", argument="follow", audience="staff",
    ),
    Phrase(
        "visit", RecordVisit, ("随访记录", "记随访", "随访做了", "已随访"), "随访记录 3号", "见过面,记一次随访", argument="follow", audience="staff",
    ),
    Phrase("end_follow", EndPlan, ("结束随访", "停止随访", "不随访了"), "结束随访 3号", "结束一个随访", argument="follow", audience="staff"),
    Phrase("prescriptions", Mine, ("我的处方", "处方", "我的药", "看处方", "查处方"), "我的处方", "看处方"),
    Phrase(
        "cost", QuotePrescription, ("怎么算的", "怎么算", "药费怎么算的", "怎么算的钱", "报销怎么算的"),
        "怎么算的", "看药费、医保报多少、为什么", argument="code", audience="patient", letter="R",
    ),
    Phrase("pickup", View, ("取药", "卫生室取", "取药码", "怎么取药", "去取药"), "取药", "看取药码", argument="code", audience="patient", letter="R"),
    Phrase(
        "stop_reminders", StopReminders, ("停止提醒", "不要提醒", "别提醒", "关闭提醒", "取消提醒", "退订", "不要再提醒", "别再提醒我"),
        "停止提醒", "停掉全部提醒(紧急的除外)",
    ),
    Phrase(
        "worse", ReportWorse, ("加重", "加重了", "变重了", "病情加重", "更严重了", "严重了"),
        "加重", "随访中的病加重了,马上问诊并告诉村医", argument="code_words", audience="patient",
    ),
    Phrase(
        "consents", Consents, ("我的授权", "我的同意", "我同意过什么", "授权", "隐私", "授权与隐私"), "我的授权", "看同意过什么", audience="patient",
    ),
    Phrase(
        "withdraw", WithdrawConsent, ("撤回授权", "撤回同意", "取消授权", "取消同意", "不同意了", "收回授权"),
        "撤回授权", "选一项撤回,马上生效", audience="patient",
    ),
    Phrase(
        "rights", Consents, ("更正、复印、投诉、注销", "我的权利", "我有什么权利"), "更正、复印、投诉、注销", "怎么办、找谁;谁看过我的记录",
        audience="patient",
    ),
    Phrase(
        "join_reviews", JoinReviews, ("核对账号", "待核对账号", "账号核对", "合并账号"), "核对账号", "手机号相同的两个账号是不是一个人",
        audience="staff",
    ),
    Phrase("devices", MySessions, ("我的设备", "登录设备", "在哪里登录", "我的登录"), "我的设备", "看在哪些设备上登录着"),
    Phrase(
        "close_others", CloseOtherSessions, ("退出其他设备", "退出全部设备", "退出所有设备", "退出全部登录", "下线其他设备"),
        "退出其他设备", "网页和小程序的登录全部退出",
    ),
    Phrase(
        "elder", ChooseReading, ("长辈模式", "老人模式", "老年模式", "关怀模式", "大字", "大字模式", "字大一点", "字大点", "字大一些", "字太小了"),
        "长辈模式", "字大一些,一次少给几个选项", audience="patient",
    ),
    Phrase(
        "plain_reading", ChooseReading, ("普通模式", "关闭长辈模式", "退出长辈模式", "不要长辈模式", "正常模式", "字小一点", "字小点"),
        "普通模式", "字和选项恢复平常的样子", audience="patient",
    ),
    Phrase(
        "notices", MyNotices, ("收到的通知", "通知", "我的通知", "发给我的消息", "发给我的通知", "有什么通知"),
        "收到的通知", "看给您发过什么,没发到的也在",
    ),
    Phrase("resume_reminders", ResumeReminders, ("恢复提醒", "打开提醒", "继续提醒", "开启提醒"), "恢复提醒", "重新收提醒"),
    Phrase(
        "why", CurrentIntake, ("为什么这样建议", "为什么", "为啥", "怎么得出的", "凭什么", "为什么这么建议", "理由"),
        "为什么这样建议", "看建议的理由", audience="patient",
    ),
    Phrase(
        "change_subject", CloseIntake, ("换一件事", "换个事", "问别的", "换一个问题", "换个话题", "重新开始", "另外一件事", "换个人问"),
        "换一件事", "放下刚才的,说另一件事", audience="patient",
    ),
    Phrase(
        "correct", CloseIntake, ("说错了,改一改", "说错了", "改一改", "我说错了", "写错了", "打错了", "不对重来", "重新说", "重说"),
        "说错了,改一改", "重新说一遍症状", audience="patient",
    ),
    Phrase(
        "mistaken", CurrentIntake,
        (
            "不对,我说错了", "不对,说错了", "不对我刚才说错了", "刚才说错了", "我刚才说错了", "不是这样", "不是这样的", "你听错了", "您听错了",
            "听错了", "弄错了", "搞错了", "记错了",
        ),
        "听错了", "哪里不对,改那一处或重新说", audience="patient",
    ),
)

BY_KEY: dict[str, Phrase] = {phrase.key: phrase for phrase in PHRASES}

TAPS: dict[str, type[Order]] = {
    "accept": AcceptOffer,
    "decline": DeclineOffer,
    "defer": DeferOffer,
    "acknowledge": AcknowledgeAlert,
    "confirm": ConfirmPatient,
    "break_glass": BreakTheGlass,
    "join": SettleJoinReview,
    "withdraw": WithdrawConsent,
    "no_material": WaiveMaterial,
    "cancel": CancelConsultation,
    "ask": AskExpert,
    "upload": AttachConsent,
    "call_experts": NudgeConsultation,
    "case": Case,
    "time_ok": AgreeTime,
    "time_to": ProposeTime,
    "time_other": ProposeTime,
    "ask_material": RequestMaterial,
    "no_such": AnswerNoMaterial,
    "assign": AskExpert,
    "reassign": ReassignConsultation,
    "nudge": NudgeConsultation,
    "set_shift": SetShift,
    "roster": CountyRoster,
    "leave": SetAbsence,
    "end_leave": EndAbsence,
    "sign_opinion": GiveOpinion,
    "sign_decision": Decide,
    "decide": Decide,
    "sign_agree": Decide,
    "sign_partly": Decide,
    "sign_disagree": Decide,
    "complete": CompleteConsultation,
    "dose": EmergencyDoses,
    "dose_clear": OrderDose,
    "dose_hit": EmergencyDoses,
    "dose_skip": EmergencyDoses,
    "sign_dose": OrderDose,
    "dose_seen": AcknowledgeDose,
    "propose": Propose,
    "revise": Revise,
    "fact": FillFact,
    "rx_sign": Sign,
    "rx_refer": Refer,
    "sign_rx": Sign,
    "rx_pass": Release,
    "rx_back": ReturnPrescription,
    "rx_return": ReturnPrescription,
    "rx_release": Release,
    "todo": Progress,
    "progress": Progress,
    "follow": StartPlan,
    "visit": RecordVisit,
    "end_follow": EndPlan,
    "pickup": View,
    "cost": QuotePrescription,
    "slots": FreeSlots,
    "book": BookSlot,
    "picture": ReceivePicture,
    "pictures": ReceivePicture,
    "photo_case": AttachConsent,
    "photo_consent": AttachConsent,
    "photo_image": ReceiveUpload,
    "photo_other": ReceiveUpload,
    "not_consent": TakeBackConsent,
    "cancel_appointment": CancelAppointment,
    "signs": ReportWorse,
    "no_signs": MyPlans,
    "human": AskHelper,
    "village_doctor": AskHelper,
    "why": CurrentIntake,
    "correct": CloseIntake,
    "change_subject": CloseIntake,
    "body_map": CurrentIntake,
    "help": Me,
    "keep": Me,
}
"""Every button that acts by itself, and the order it becomes. A button's key is the verb and its arguments joined by colons."""
