"""Dangers in the pre-consultation as a new person meets them: what he answers is taken for what it is, and help comes first."""

from __future__ import annotations

from tests.bot.dialogue.stage import Stage, buttons

OA = "official_account"
APP = "wecom_app"


async def last_message(stage: Stage, person: str) -> str:
    return str((await stage.messages(person, OA))[-1].get("content", ""))


async def test_dizzy_and_unsteady_is_told_as_a_possible_stroke(stage: Stage) -> None:
    await stage.say("stranger", OA, "头晕 走路不稳 从早上开始")
    first = await stage.hears("stranger", OA, "120")
    assert first.startswith("这可能是中风,请马上打 120")
    assert "4 小时" not in await stage.everything_heard("stranger", OA)
    await stage.hears("scheduler", APP, "危急提醒")


async def test_a_time_is_not_taken_for_the_place(stage: Stage) -> None:
    await stage.say("stranger", OA, "俺爹半拉身子不听使唤,嘴也歪了")
    await stage.hears("stranger", OA, "中风", "病人现在在哪里?")
    await stage.say("stranger", OA, "半个小时前")
    await stage.hears("stranger", OA, "还没打 120", "病人现在在哪里?")
    await stage.say("stranger", OA, "塘边镇新塘村三组")
    told = await stage.hears("stranger", OA, "还没打 120")
    assert "什么时候开始" not in told  # it has been said
    card = await stage.hears("scheduler", APP, "新塘村三组")
    assert "在哪里" not in card or "半个小时前" not in card.split("在哪里")[1]


async def test_the_fifth_option_tapped_is_a_possible_stroke(stage: Stage) -> None:
    await stage.say("stranger", OA, "头晕")
    asked = await stage.hears("stranger", OA, "走路站不稳")
    assert "【走路站不稳】" in asked
    await stage.tap("stranger", OA, "走路站不稳")
    first = await stage.hears("stranger", OA, "中风", "平躺")
    assert first.startswith("这可能是中风,请马上打 120")


async def test_an_unclear_reply_to_a_danger_question_is_asked_once_more(stage: Stage) -> None:
    await stage.say("stranger", OA, "头晕三天")
    await stage.hears("stranger", OA, "嘴歪")
    await stage.say("stranger", OA, "那个嘛这个嘛")
    again = await stage.hears("stranger", OA, "再问一次")
    assert "嘴歪" in again
    assert "换个问法" not in await stage.everything_heard("stranger", OA)
    await stage.say("stranger", OA, "那个嘛这个嘛")
    told = await stage.answer_until("stranger", OA, "紧急程度", (), "不清楚")
    assert "没有问清楚" in told


async def test_despair_is_met_with_kindness_help_and_one_question(stage: Stage) -> None:
    await stage.say("stranger", OA, "我不想活了")
    kind = await stage.hears("stranger", OA, "谢谢您告诉我")
    assert "想自杀" not in kind
    assert kind.index("谢谢您告诉我") < kind.index("12356") < kind.index("您现在身边有人吗?")
    content = await last_message(stage, "stranger")
    assert all(f"tel:{number}" in content for number in ("12356", "110", "120"))
    assert "预约" not in kind
    await stage.say("stranger", OA, "一个人 家里有农药")
    told = await stage.hears("stranger", OA, "我已经通知")
    assert "打农药" not in told
    assert "110" in told
    assert "预约" not in told
    card = await stage.hears("scheduler", APP, "危急提醒")
    assert "家里有农药" in card
    await stage.say("stranger", OA, "塘边镇新塘村三组")
    later = await stage.hears("stranger", OA, "我在这儿")
    assert "我已经告诉" in later
    assert "自杀" not in await stage.everything_heard("stranger", OA)


async def test_despair_of_the_mother_is_hers(stage: Stage) -> None:
    await stage.say("stranger", OA, "我妈说不想活了")
    await stage.hears("stranger", OA, "谢谢您来说", "她现在身边有人吗?")
    await stage.tap("stranger", OA, "一个人")
    await stage.hears("stranger", OA, "我已经通知", "现在在哪里?")


async def test_a_listless_infant_with_sunken_eyes_goes_at_once(stage: Stage) -> None:
    await stage.say("stranger", OA, "娃儿八个月 烧到39度5 拉肚子一天七八次 尿也少了")
    await stage.hears("stranger", OA, "宝宝,对吗?")
    await stage.tap("stranger", OA, "是")
    await stage.hears("stranger", OA, "精神怎么样")
    await stage.say("stranger", OA, "没精神 眼窝有点凹")
    told = await stage.hears("stranger", OA, "120")
    assert "严重脱水" in told
    heard = await stage.everything_heard("stranger", OA)
    assert "没力气" not in heard
    assert "眼窝有没有凹下去" not in heard


async def test_who_must_go_now_is_offered_no_appointment(stage: Stage) -> None:
    await stage.say("stranger", OA, "右下腹痛 发烧39度 吐了两次")
    told = await stage.answer_until("stranger", OA, "紧急程度", (), "不清楚")
    assert "请现在就去医院,不要等" in told
    labels = [label for message in await stage.messages("stranger", OA) for _, label in buttons(message)]
    assert "请村医一起看" in labels
    assert not [label for label in labels if label.startswith("预约")]
    await stage.say("stranger", OA, "预约急诊科")
    await stage.hears("stranger", OA, "急诊科不用预约")
    await stage.say("stranger", OA, "预约")
    offered = await stage.hears("stranger", OA, "约哪个科?")
    assert "急诊科" not in offered
    assert "重症医学科" not in offered


async def test_who_is_not_registered_is_told_so_and_keeps_his_choice(stage: Stage) -> None:
    await stage.say("stranger", OA, "预约呼吸内科")
    offered = await stage.hears("stranger", OA, "可以约的时间")
    assert "选一个,先登记再约上。" in offered
    await stage.say("stranger", OA, "1")
    await stage.hears("stranger", OA, "实名", "登记好了,约刚才选的")
    shown = [pair for message in await stage.messages("stranger", OA) for pair in buttons(message)]
    chosen = next(key for key, label in shown if label.startswith("11月"))
    kept = next(key for key, label in shown if label.startswith("登记好了"))
    assert chosen.partition(":")[2] == kept.partition(":")[2]
    await stage.say("woman", OA, "预约呼吸内科")
    assert "选一个就约上。" in await stage.hears("woman", OA, "可以约的时间")
