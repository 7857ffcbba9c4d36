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
    first = await stage.hears("stranger", OA, "没精神、逗他也不笑")
    assert first.startswith("先说要紧的:现在就去急诊"), "before it is asked whom it is about, or anything else"
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


async def test_who_is_alone_is_told_what_one_does_alone(stage: Stage) -> None:
    await stage.say("stranger", OA, "我一个人在家,胸口痛得厉害,出冷汗")
    first = await stage.hears("stranger", OA, "病人现在在哪里?")
    assert all(word in first for word in ("免提", "大门打开", "邻居"))
    await stage.say("stranger", OA, "塘边镇新塘村三组")
    await stage.hears("stranger", OA, "还没打 120 的话")
    await stage.say("stranger", OA, "不清楚")
    later = await stage.hears("stranger", OA, "有变化马上告诉 120")
    assert "大门打开" in later
    everything = await stage.everything_heard("stranger", OA)
    assert "守在他身边" not in everything
    assert "身边留人" not in everything


async def test_who_says_later_that_he_is_alone_is_told_anew(stage: Stage) -> None:
    await stage.say("stranger", OA, "胸口痛得厉害,出冷汗")
    await stage.hears("stranger", OA, "身边留人", "病人现在在哪里?")
    await stage.say("stranger", OA, "新塘村三组,家里没别人")
    await stage.hears("stranger", OA, "免提", "大门打开")


async def test_a_child_that_writes_is_spoken_to_as_itself(stage: Stage) -> None:
    await stage.say("stranger", OA, "我今年9岁,肚子痛,我妈不在家")
    told = await stage.answer_until("stranger", OA, "紧急程度", (), "不清楚")
    assert "请大人带你去" in told
    everything = await stage.everything_heard("stranger", OA)
    assert "你先去叫一个大人来" in everything
    assert not any(word in everything for word in ("是问", "孩子", "逗他"))


async def test_a_child_in_danger_is_told_to_call_a_grown_up(stage: Stage) -> None:
    await stage.say("stranger", OA, "我今年9岁,胸口痛,喘不上气,出冷汗,家里没别人")
    first = await stage.hears("stranger", OA, "马上喊一个大人", "你现在在哪里?")
    assert first.index("120") < first.index("马上喊一个大人")
    await stage.say("stranger", OA, "新塘村三组吴家")
    await stage.hears("stranger", OA, "还没打 120 的话")


async def test_swallowed_poison_is_met_with_120_kindness_and_one_question(stage: Stage) -> None:
    await stage.say("stranger", OA, "喝了百草枯")
    first = await stage.hears("stranger", OA, "是不小心吃下、喝下的,还是心里太难受")
    assert first.index("请马上打 120") < first.index("我在这儿")
    sent = str((await stage.messages("stranger", OA))[-1])
    assert sent.index("tel:120") < sent.index("tel:110") < sent.index("tel:12356")
    await stage.tap("stranger", OA, "心里难受")
    kind = await stage.hears("stranger", OA, "您现在身边有人吗?")
    assert "我在这儿" in kind
    assert "120" in kind


async def test_poison_by_accident_asks_for_the_place(stage: Stage) -> None:
    await stage.say("stranger", OA, "不小心喝了一口农药")
    first = await stage.hears("stranger", OA, "病人现在在哪里?")
    assert "12356" not in first


async def test_a_fit_that_is_over_has_one_headline(stage: Stage) -> None:
    await stage.say("stranger", OA, "孩子抽了,现在不抽了")
    first = await stage.hears("stranger", OA, "120")
    assert first.startswith("抽搐是急症,请马上打 120:还在抽要打,刚停了也要打。")
    assert "持续抽搐" not in first


async def test_a_bare_yes_is_asked_which(stage: Stage) -> None:
    await stage.say("stranger", OA, "头痛三天")
    await stage.hears("stranger", OA, "突然一下子痛到顶")
    await stage.say("stranger", OA, "有")
    await stage.hears("stranger", OA, "您说有,是哪一样?", "「呕吐」")
    assert "中风" not in await stage.everything_heard("stranger", OA)
    await stage.tap("stranger", OA, "手脚没力或说不清")
    await stage.hears("stranger", OA, "中风", "120")


async def test_an_age_told_alone_is_the_childs(stage: Stage) -> None:
    await stage.say("stranger", OA, "孩子便血")
    await stage.hears("stranger", OA, "是问孩子,对吗?")
    await stage.say("stranger", OA, "八个月")
    heard = await stage.hears("stranger", OA, "听到了")
    assert "8 个月大" in heard
    assert "便血 8" not in heard
