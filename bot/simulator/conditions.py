"""Faults that somebody asks for: which there are, how a wish for them is checked, and the chances they are drawn from."""

import random
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]
EVERY_API = "*"
DOWN = ("http", "hang", "refuse")
LOST_TOKENS = (40001, 42001)
SERVICE_REFUSALS = (45015, 45047)


class ConditionsError(Exception):
    """A wish that cannot be fulfilled: a Chinese and an English sentence."""

    def __init__(self, sentence: str, english: str) -> None:
        super().__init__(english)
        self.sentence, self.english = sentence, english


@dataclass
class Conditions:
    """Faults somebody asked for; drawn from a seed so that a run can be repeated. What each does stands in docs/simulator.md.

    Callbacks and calls draw from chances of their own, so that one does not disturb the other's sequence.
    """

    delay_ms: int = 0
    drop_callbacks: float = 0.0
    duplicate_callbacks: bool = False
    reorder_callbacks: bool = False
    api_error: int | None = None
    api_error_rate: float = 0.0
    exhausted_apis: list[str] = field(default_factory=list)
    lost_tokens: int | None = None
    subscriptions_refused: bool = False
    customer_service_refused: int | None = None
    platform_down: str | None = None
    seed: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(0), repr=False)  # noqa: S311 - repeatable faults, no secret
    api_chance: random.Random = field(default_factory=lambda: random.Random(0), repr=False)  # noqa: S311 - as above

    def as_json(self) -> Body:
        return {name: getattr(self, name) for name in NAMES}

    def begin(self) -> None:
        """Draw from the seed again, from the beginning."""
        self.chance = random.Random(self.seed)  # noqa: S311 - repeatable faults, no secret
        self.api_chance = random.Random(f"api:{self.seed}")  # noqa: S311 - as above

    def exhausted(self, path: str) -> bool:
        return path in self.exhausted_apis or EVERY_API in self.exhausted_apis


NAMES = ("delay_ms", "drop_callbacks", "duplicate_callbacks", "reorder_callbacks", "api_error", "api_error_rate", "exhausted_apis", "lost_tokens",
         "subscriptions_refused", "customer_service_refused", "platform_down", "seed")  # fmt: skip
_SWITCHES = ("duplicate_callbacks", "reorder_callbacks", "subscriptions_refused")


def checked(wanted: Body, now: Conditions, apis: frozenset[str]) -> Conditions:
    """``wanted`` over ``now``: what is not named stays as it is. ``apis`` are the paths there are. Raises ConditionsError."""
    values = {**now.as_json(), **wanted}
    if set(values) != set(NAMES):
        raise ConditionsError("不认识这个故障设置", f"there is no such fault; there are {', '.join(NAMES)}")
    if not (_number(values["delay_ms"], 60_000, whole=True) and _number(values["seed"], 2**53, whole=True)):
        raise ConditionsError("延迟是 0 到 60000 毫秒,种子是整数", "delay_ms is a whole number from 0 to 60000, seed a whole number")
    if not (_number(values["drop_callbacks"], 1) and _number(values["api_error_rate"], 1)):
        raise ConditionsError("丢失率、接口失败率是 0 到 1", "drop_callbacks and api_error_rate are from 0 to 1")
    for name in _SWITCHES:
        if not isinstance(values[name], bool):
            raise ConditionsError("重复投递、乱序、拒收订阅消息是 true 或 false", f"{name} is true or false")
    error = values["api_error"]
    if error is not None and (not isinstance(error, int) or isinstance(error, bool) or not error):
        raise ConditionsError("接口故障是错误码或 null", "api_error is an errcode or null")
    for name, sentence, allowed in (
        ("lost_tokens", "令牌失效是 40001、42001 或 null", LOST_TOKENS),
        ("customer_service_refused", "客服消息拒收是 45015、45047 或 null", SERVICE_REFUSALS),
        ("platform_down", "平台停机是 http、hang、refuse 或 null", DOWN),
    ):
        if values[name] is not None and (isinstance(values[name], bool) or values[name] not in allowed):
            raise ConditionsError(sentence, f"{name} is null or one of {', '.join(map(str, allowed))}")
    listed = values["exhausted_apis"]
    if not isinstance(listed, list) or not all(isinstance(one, str) and (one == EVERY_API or one in apis) for one in listed):
        sentence = "次数用完的接口要写路径,例如 /cgi-bin/message/custom/send;全部写 *"
        raise ConditionsError(sentence, "exhausted_apis is a list of API paths, or of * for all")
    return Conditions(**values)


def _number(value: Any, most: float, *, whole: bool = False) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        return False
    return bool(0 <= value <= most)
