"""Course, severity, length and doubt as people of different regions tell them; what only looks like one."""

import pytest

from nlp.engine import Engine
from nlp.interface.reading import Finding, Status
from nlp.language.lexicon import rows


def finding(engine: Engine, said: str, code: str) -> Finding:
    return next(found for found in engine.read(said).findings if found.code == code)


@pytest.mark.parametrize(("said", "code", "course"), [
    ("头老疼", "headache", "recurrent"), ("头疼，每年都犯", "headache", "recurrent"), ("头疼一会儿好一会儿坏", "headache", "recurrent"),
    ("一变天膝盖就疼", "joint_pain", "recurrent"), ("一闻油烟就恶心", "nausea", "recurrent"), ("动不动就头晕", "dizziness", "recurrent"),
    ("时不时咳嗽", "cough", "recurrent"), ("老爷子咳嗽", "cough", None), ("老年人咳嗽", "cough", None), ("我天天吃药，咳嗽", "cough", None),
    ("头疼一天比一天厉害", "headache", "worsening"), ("咳嗽，越咳越厉害", "cough", "worsening"), ("头疼没加重", "headache", None),
    ("咳嗽见好了", "cough", "improving"), ("咳嗽好些了", "cough", "improving"), ("咳嗽不见好", "cough", None),
    ("猛地头疼起来", "headache", "sudden"), ("冷不丁头晕", "dizziness", "sudden"), ("慢慢儿头晕起来", "dizziness", "gradual"),
    ("发烧，吃了药退了点，今天又烧上来了", "fever", "recurrent"),
])  # fmt: skip
def test_course(engine: Engine, said: str, code: str, course: str | None) -> None:
    assert finding(engine, said, code).course == course


@pytest.mark.parametrize(("said", "code", "severity"), [
    ("头疼得不行", "headache", "severe"), ("头痛惨了", "headache", "severe"), ("头痛恼火得很", "headache", "severe"),
    ("头疼得死去活来", "headache", "severe"),
    ("头疼得想撞墙", "headache", "severe"), ("头疼得要命", "headache", "severe"), ("有一点点头晕", "dizziness", "mild"),
    ("稍微有点头晕", "dizziness", "mild"),
    ("发低烧", "fever", "mild"), ("头疼十分钟", "headache", None), ("太太头疼", "headache", None),
])  # fmt: skip
def test_severity(engine: Engine, said: str, code: str, severity: str | None) -> None:
    assert finding(engine, said, code).severity == severity


@pytest.mark.parametrize(("said", "code", "hours"), [
    ("咳嗽三四天了", "cough", 96), ("头疼半拉月", "headache", None), ("头疼一个种头了", "headache", 1), ("发烧第三天", "fever", 72),
    ("吃完虾第二天头疼", "headache", None), ("头疼，离医院三小时", "headache", None), ("头疼，先观察一周行不行", "headache", None),
    ("腿肿，站一天更肿", "oedema", None), ("胎动正常，我28周，头疼", "headache", None), ("突然看不见了，有高血压，十五分钟了", "vision_loss", 0.25),
    ("从下午四点头疼到夜里十一点", "headache", 7), ("大便七天没解，肚子胀", "distension", None),
])  # fmt: skip
def test_length(engine: Engine, said: str, code: str, hours: float | None) -> None:
    assert finding(engine, said, code).duration_hours == hours


@pytest.mark.parametrize("said", ["开点降压药", "要不要复查", "能不能打疫苗", "能吃海鲜吗", "几点上班"])
def test_what_is_only_asked_for_is_no_complaint(engine: Engine, said: str) -> None:
    talk = {row["code"] for row in rows("findings.csv") if row["system"] == "talk"}
    assert not {found.code for found in engine.read(said).findings} - talk


@pytest.mark.parametrize(("said", "code"), [
    ("说不准是不是发烧", "fever"), ("也不晓得是不是抽筋", "cramp"), ("怕是中暑了", "heat_exposure"), ("不晓得发没发烧", "fever"),
    ("不会是贫血吧", "anemia"),
    ("敢是感冒了", "cold"), ("是湿疹吗", "eczema"), ("应该是感冒", "cold"), ("听着像哮喘", "asthma"), ("有没有可能是胆结石", "gallstones"),
    ("说不上来是头晕还是头痛", "headache"),
])  # fmt: skip
def test_doubt(engine: Engine, said: str, code: str) -> None:
    reading = engine.read(said)
    assert {found.status for found in (*reading.findings, *reading.conditions) if found.code == code} == {Status.UNCERTAIN}


@pytest.mark.parametrize("said", ["头疼，要紧吗", "头疼能治好吗", "头疼怎么办？", "还是头疼"])
def test_a_question_behind_a_complaint_is_no_doubt(engine: Engine, said: str) -> None:
    assert finding(engine, said, "headache").status is Status.PRESENT
