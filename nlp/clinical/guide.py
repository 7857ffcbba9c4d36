"""``python -m nlp.clinical.guide > docs/triage-rules.md``: every rule of care as a clinician reads it, from the data alone. A test compares."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator

from nlp.interface.departments import department
from nlp.interface.urgency import Urgency

from . import advice
from .asked import questions
from .condition_words import condition_words, finding_term, measure_words, term_words
from .diseases import COMMONNESS, FREQUENCY, Disease, Origin, diseases
from .knowledge import Complaint, complaints, rule_sets, rules, settled, sources, table

LEVELS = {
    Urgency.CRITICAL: "危急", Urgency.EMERGENT: "急重", Urgency.URGENT: "急", Urgency.ROUTINE: "普通", Urgency.SELF_CARE: "自我护理",
}  # fmt: skip
_LEVELS_CITED = (Urgency.CRITICAL, Urgency.EMERGENT, Urgency.URGENT)
_OURS = ("DESIGN",)
_READ = {"P": "原文", "2": "转述", "T": "仅题名", "-": "常识或本系统设计"}
_MARK = {"seen": "有依据", "gk": "医学常识", "design": "本系统设计"}
_GROUPS = {
    "bone": "骨、关节、肌肉", "child": "儿童", "digestive": "消化", "endocrine": "内分泌、代谢", "harm": "伤害、中毒、咬伤", "heart": "心血管",
    "infection": "感染、传染", "lung": "呼吸", "mind": "心理、精神", "nerve": "神经", "senses": "眼、耳鼻喉、口腔", "skin": "皮肤",
    "urinary": "泌尿、肾", "woman": "妇科、产科",
}  # fmt: skip
_GRADES = {"A": "几乎都有", "B": "通常有", "C": "约一半有", "D": "有时有", "E": "少有", "N": "几乎没有(出现就不像)"}
_COMMON_WORDS = ("从不", "极少", "罕见", "少见", "常见", "很常见")
_ORIGINS = {Origin.ESTIMATED: "估计", Origin.TABLE: "取自发表的表", Origin.COUNTED: "从病例里数出"}


def document() -> str:
    """The whole text of docs/triage-rules.md."""
    rules_of_care = (_opening(), _counts(), _rules(), _alone(), _settled(), _combinations(), _modifiers(), _vitals())
    parts = (*rules_of_care, _questions(), _advice(), _diseases(), _sources())
    return "\n".join(line for part in parts for line in part)


def _opening() -> Iterator[str]:
    yield "# 分诊规则全文"
    yield ""
    yield "由数据生成(`python -m nlp.clinical.guide > docs/triage-rules.md`),有测试对照,不要手改。"
    yield "怎么读、怎么改、有什么不知道,见 [triage.md](triage.md)。"
    yield ""
    yield "条件里:「…」是共用的组合,[…] 是起病或轻重,“没有说”包括不知道和否认,“否认”是明确说了没有。“且”先于“或”。"
    yield ""


def _counts() -> Iterator[str]:
    yield "## 有哪些规则组"
    yield ""
    yield "| 规则组 | 内容 | 版本 | 条数 |"
    yield "|---|---|---|---:|"
    for one in rule_sets():
        count = "另计" if one.name == "lexicon" else one.count  # it grows by rows that change no rule
        yield f"| {one.name} | {one.title} | {one.edition} | {count} |"
    yield ""
    found = Counter((rule.level, rule.mark) for rule in rules())
    yield "| 级别 | 规则 | 有依据 | 医学常识 | 本系统设计 | 单独一个症状就是这一级 |"
    yield "|---|---:|---:|---:|---:|---:|"
    alone = Counter(complaint.level for complaint in complaints().values())
    for level, name in LEVELS.items():
        marks = [found[level, mark] for mark in _MARK]
        yield f"| {name} | {sum(marks)} | {' | '.join(str(count) for count in marks)} | {alone[level]} |"
    yield ""
    signed = sum(bool(rule.signed_by) for rule in rules())
    yield f"{len(rules())} 条规则里,数据文件写明由临床医生签过的:{signed} 条。每家医院自己的签署另存,用 `huizhen rules list` 看。"
    yield ""


def _rules() -> Iterator[str]:
    conditions = {row["id"]: row["when"] for name in ("red_flags.toml", "levels.toml") for row in table(name)["rule"]}
    for level, name in LEVELS.items():
        found = [rule for rule in rules() if rule.level is level]
        if not found:
            continue
        yield f"## 规则:{name}({len(found)} 条)"
        yield ""
        for rule in found:
            yield f"### {rule.title}"
            yield ""
            yield f"- 编号 `{rule.id}`;级别:{name}" + (f";告诉病人可能是:{rule.suspected}" if rule.suspected else "")
            yield f"- 成立条件:{condition_words(conditions[rule.id])}"
            for label, lines in (("先说", (rule.first,)), ("替别人说的先说", (rule.first_of_other,)), ("马上做", rule.do_now), ("不要", rule.do_not)):
                if said := ";".join(filter(None, lines)):
                    yield f"- {label}:{said}"
            if rule.ask_next:
                yield f"- 接着只问:{questions()[rule.ask_next].text.replace('{who}', '您')}"
            yield f"- 科室:{'、'.join(department(code).name for code in rule.departments)}"
            yield f"- {_basis(rule.sources, rule.mark, rule.checked)}"
            yield ""


def _basis(ids: Iterable[str], mark: str, checked: str) -> str:
    cited = ";".join(_cited(name) for name in ids)
    return f"依据({_MARK[mark]},核对 {checked}):{cited}"


def _cited(name: str) -> str:
    if name == "GK":
        return "医学常识,未核对原文"
    if name == "DESIGN":
        return "本系统设计"
    return f"{name}({_READ[sources()[name]['grade']]})"


def _alone() -> Iterator[str]:
    yield "## 单独一个症状的级别"
    yield ""
    yield "没有别的规则时,症状本身的级别(`complaints.csv` 的 level 列)和依据(sources 列)。没有列出的是普通,或单独不定级,一律是本系统设计。"
    yield "写着出处、没有“本系统设计”的:出处说到这个症状,给的级别不低于这里。"
    yield "两样都写的:出处只支持一部分(说得更宽、只在发烧或外伤这类前提下说、或级别较低),其余是本系统设计。“只有本系统设计”的没有找到出处。"
    yield "级别这样对:共识Ⅰ、Ⅱ、Ⅲ级和 ESI 1、2、3 级是危急、急重、急;IITT 红是危急,黄是急;NEWS2 一项 3 分是急重;"
    yield "出处让打 120 的是危急,让马上去急诊的是急重。这个对法是本系统设计。"
    yield "照规则用过的摘录逐行填写,没有再打开原文;每一行都要临床审。"
    yield ""
    yield "| 级别 | 症状 | 出处支持这一级 | 出处只支持一部分 | 只有本系统设计 |"
    yield "|---|---:|---:|---:|---:|"
    for level in _LEVELS_CITED:
        found = _of_level(level)
        own, partly = _only_ours(found), [one for one in found if "DESIGN" in one.sources and one.sources != _OURS]
        yield f"| {LEVELS[level]} | {len(found)} | {len(found) - len(own) - len(partly)} | {len(partly)} | {len(own)} |"
    yield ""
    for level in _LEVELS_CITED:
        found = _of_level(level)
        own = _only_ours(found)
        yield f"### 单独就是{LEVELS[level]}({len(found)} 个)"
        yield ""
        yield "| 症状 | 依据 |"
        yield "|---|---|"
        for one in found:
            if one not in own:
                yield f"| {finding_term(one.code)} | {';'.join(_cited(name) for name in one.sources)} |"
        yield ""
        yield f"只有本系统设计({len(own)} 个):{'、'.join(finding_term(one.code) for one in own)}。"
        yield ""
    mild = _of_level(Urgency.SELF_CARE)
    yield f"单独就是{LEVELS[Urgency.SELF_CARE]}({len(mild)} 个,本系统设计):{'、'.join(finding_term(one.code) for one in mild)}。"
    yield ""


def _of_level(level: Urgency) -> list[Complaint]:
    return [one for one in complaints().values() if one.level is level]


def _only_ours(found: list[Complaint]) -> list[Complaint]:
    return [one for one in found if one.sources == _OURS]


def _settled() -> Iterator[str]:
    when = {row["id"]: row["when"] for row in table("settled.toml")["settled"]}
    yield f"## 暂定的级别,问清以后({len(settled())} 条)"
    yield ""
    yield "症状单独的级别是暂定的。下面的条件成立时(危险说清没有、时间短或是老样子、年纪和身体好),列出的症状和规则按写明的级别算。"
    yield "别的规则、生命体征、加重因素、别的症状都不动,仍是最重的一条定级。没有说过的话不算。"
    yield ""
    yield "| 什么时候 | 编号 | 级别 | 条件 | 管哪些症状和规则 | 依据 |"
    yield "|---|---|---|---|---|---|"
    titles = {rule.id: rule.title for rule in rules()}
    for one in settled():
        what = [*(finding_term(code) for code in sorted(one.findings)), *(f"规则“{titles[rule]}”" for rule in sorted(one.rules))]
        basis = _basis(one.sources, one.mark, one.checked)
        yield f"| {one.title} | `{one.id}` | {LEVELS[one.level]} | {condition_words(when[one.id])} | {'、'.join(what)} | {basis} |"
    yield ""


def _combinations() -> Iterator[str]:
    yield "## 共用的组合"
    yield ""
    yield "| 组合 | 名字 | 内容 |"
    yield "|---|---|---|"
    for name, source in table("terms.toml").items():
        yield f"| 「{term_words()[name]}」 | `{name}` | {condition_words(source)} |"
    yield ""


def _modifiers() -> Iterator[str]:
    data = table("modifiers.toml")
    yield f"## 加重因素({len(data['modifier'])} 条)"
    yield ""
    yield "成立时升一级,几条同时成立也只升一级,不超过“最高升到”;从不降级。"
    yield ""
    yield "| 因素 | 编号 | 成立条件 | 最高升到 | 依据 |"
    yield "|---|---|---|---|---|"
    for row in data["modifier"]:
        basis = _basis(row["sources"], row["mark"], data["checked"])
        yield f"| {row['title']} | `{row['id']}` | {condition_words(row['when'])} | {LEVELS[Urgency(row['upto'])]} | {basis} |"
    yield ""


def _vitals() -> Iterator[str]:
    data = table("vitals.toml")
    yield f"## 生命体征(核对 {data['checked']})"
    yield ""
    yield "没有量的不算正常,只是不加分。"
    yield ""
    yield "| 编号 | 测量 | 到了这里 | 就是 | 依据 |"
    yield "|---|---|---|---|---|"
    for band in data["band"]:
        (label, unit), (low, high) = measure_words(band["code"]), band["outside"]
        outside = " 或 ".join(filter(None, (_low(low), "" if high == 999 else _high(high))))
        level, cited = LEVELS[Urgency(band["level"])], ";".join(_cited(name) for name in band["sources"])
        yield f"| `{band['id']}` | {label} | {outside}{unit} | {level} | {cited} |"
    yield ""
    yield f"NEWS2(16 岁起,不用于孕妇;{_cited('S3')},{_cited('S4')}):合计 7 分起危急;5–6 分或有一项 3 分,急重。"
    yield ""
    yield "| 测量 | 0 分 | 1 分 | 2 分 | 3 分 |"
    yield "|---|---|---|---|---|"
    for code, bands in data["news2"].items():
        if isinstance(bands, list):
            yield f"| {measure_words(code)[0]} | {' | '.join(_points(bands, points) for points in range(4))} |"
    yield f"| 家里吸氧 | 否 | | 是({data['news2']['oxygen']} 分) | |"
    yield f"| 神志 | 清楚 | | | 糊涂、昏沉、叫不醒({data['news2']['new_confusion']} 分) |"
    yield ""
    yield f"儿童危险区({_cited('S7')}),超过就是急重;血氧 < 92% 也是:"
    yield ""
    yield "| 小于(天) | 心率超过 | 呼吸超过 |"
    yield "|---:|---:|---:|"
    for row in data["danger_zone"]:
        yield f"| {row['below_days']} | {row['heart_rate']} | {row['respiratory_rate']} |"
    yield ""
    fast = ";".join(f"小于 {row['below_days']} 天:{row['respiratory_rate']} 次/分起" for row in data["fast_breathing"])
    yield f"儿童呼吸快({_cited('S38')}),急重:{fast}。"
    yield ""


def _low(limit: float) -> str:
    """50.001 as the lower end of a band is 50 and below."""
    return f"< {limit:g}" if round(limit, 2) == limit else f"≤ {round(limit)}"


def _high(limit: float) -> str:
    """149.999 as the upper end of a band is 150 and above."""
    return f"> {limit:g}" if round(limit, 2) == limit else f"≥ {round(limit)}"


def _points(bands: list[list[float]], points: int) -> str:
    return "、".join(f"{low:g}–{high:g}" if high < 999 else f"≥ {low:g}" for given, low, high in bands if given == points)


def _questions() -> Iterator[str]:
    asked = questions()
    when = {row["code"]: row["when"] for file in ("questions.toml", "suspicions.toml") for row in table(file)["question"]}
    danger = [one for one in asked.values() if one.danger]
    yield f"## 危险问题({len(danger)} 个,共 {len(asked)} 个问题)"
    yield ""
    yield "按问的先后。每个选项单独成立时必须升到所写的级别(有测试);写了别的级别的,后面是理由。"
    yield "“不清楚”一栏是问了、没得到答复时至少到哪一级,按先后第一条成立的算;都不成立就不因此升级。"
    yield "“话里听着像……”是训练过的第二个读者(不是症状,不定级别):它只让机器人多问一句,见 model-cards/suspicions.md。"
    yield "问题没有自己的出处:问什么、答了升到哪一级,依据是它所服务的规则和单独症状的级别;问法、先后、“不清楚”怎么算是本系统设计。"
    yield ""
    yield "| 问题 | 编号 | 什么时候问 | 选项 → 级别 | 不清楚 → 级别 |"
    yield "|---|---|---|---|---|"
    for one in danger:
        text = one.text.replace("{who}", "您").replace("{asks}", "、".join(option.asks for option in one.options.values() if option.asks))
        labels = {choice.code: choice.label for choice in one.choices}
        raised = [
            f"{labels[option.code]} → {LEVELS[option.raises]}" + (f"({option.why})" if option.why else "")
            for option in one.options.values()
            if option.of and option.raises
        ]
        unclear = [f"{condition_words(other.when.source)} → {LEVELS[other.level]}" + (f"({other.why})" if other.why else "") for other in one.unclear]
        yield f"| {text} | `{one.code}` | {condition_words(when[one.code])} | {';'.join(raised)} | {';'.join(unclear)} |"
    yield ""


def _advice() -> Iterator[str]:
    yield "## 建议"
    yield ""
    yield "建议的每一行没有自己的出处:依据是它随着说的规则和级别,原话是本系统设计,要临床审。"
    yield ""
    yield "| 编号 | 级别 | 什么时候说 | 什么时候不说 | 原话 |"
    yield "|---|---|---|---|---|"
    for entry in advice.entries():
        when, unless = (condition_words(one.source) if one else "" for one in (entry.when, entry.unless))
        levels = "、".join(name for level, name in LEVELS.items() if level in entry.levels)
        yield f"| `{entry.id}` | {levels} | {when} | {unless} | {entry.text} |"
    yield ""


def _diseases() -> Iterator[str]:
    found = diseases()
    ages = ("婴儿", "儿童", "成人", "老人")
    links = [link for disease in found.values() for link in disease.links]
    yield f"## 疾病知识({len(found)} 种病,{len(links)} 条“病—表现”)"
    yield ""
    yield "| 文件 | 内容 | 病 | 条 |" + "".join(f" {name} |" for name in LEVELS.values())
    yield "|---|---|---:|---:|" + "---:|" * len(LEVELS)
    for group in dict.fromkeys(disease.group for disease in found.values()):
        yield _group_row(group, [disease for disease in found.values() if disease.group == group])
    yield ""
    yield "| 等级 | 意思 | P(表现\\|病) | 条数 |"
    yield "|---|---|---:|---:|"
    grades = Counter(link.grade for link in links)
    for grade, frequency in FREQUENCY.items():
        yield f"| {grade} | {_GRADES[grade]} | {frequency:g} | {grades[grade]} |"
    yield ""
    yield "| 多常见 | 意思 | 占门诊 |" + "".join(f" {name} |" for name in ages)
    yield "|---|---|---:|" + "---:|" * len(ages)
    for place, share in enumerate(COMMONNESS):
        counts = [sum(disease.commonness[age] == place for disease in found.values()) for age in range(len(ages))]
        words = f"1/{round(1 / share)}" if share else "0"
        yield f"| {place} | {_COMMON_WORDS[place]} | {words} |" + "".join(f" {count} |" for count in counts)
    yield ""
    origins = Counter(link.origin for link in links)
    told = ",".join(f"{name} {origins[origin]} 条" for origin, name in _ORIGINS.items())
    own = sum(disease.source.startswith("gk") for disease in found.values())
    named = sum("check:" in disease.source for disease in found.values())
    yield f"“病—表现”的来源:{told}。{len(found)} 种病里 {own} 种写着 `gk`(医学常识),其中 {named} 种注明了该核对哪份文献(还没有核对);签过字的 0 种。"
    yield ""


def _group_row(group: str, own: list[Disease]) -> str:
    levels = Counter(disease.urgency for disease in own)
    counts = "".join(f" {levels[level]} |" for level in LEVELS)
    return f"| `{group}.csv` | {_GROUPS[group]} | {len(own)} | {sum(len(disease.links) for disease in own)} |{counts}"


def _sources() -> Iterator[str]:
    found = sources()
    used = Counter(name for rule in rules() for name in rule.sources)
    alone = Counter(name for level in _LEVELS_CITED for one in _of_level(level) for name in one.sources)
    yield "## 出处"
    yield ""
    yield "“原文”是读过发布者的原文或一字不差的副本;“转述”是别人写的;“仅题名”只见到题名或摘要。除原文外,上线前都要打开原文核对。"
    yield ""
    yield "| 编号 | 题名 | 版本 | 怎么读的 | 用它的规则 | 用它的症状(急以上) |"
    yield "|---|---|---|---|---:|---:|"
    for name, source in found.items():
        edition = "" if source["edition"] == "-" else source["edition"]
        yield f"| {name} | {source['title']} | {edition} | {_READ[source['grade']]} | {used[name]} | {alone[name]} |"


if __name__ == "__main__":
    sys.stdout.write(f"{document()}\n")
