"""`huizhen deidentify`: a de-identified copy for research, teaching or tests, made beside the running house; goes on where it broke off."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniprogram_api.app.settings import Settings
from miniprogram_api.cli.refusals import explain_settings

if TYPE_CHECKING:
    from core.foundation.practice import Practice

PHASES = {"records": "抄写病历", "files": "写文件"}


def run(given: argparse.Namespace) -> int:
    """Status 0 when the copy is whole, 1 with the reason otherwise."""
    settings = explain_settings()
    if settings is None:
        return 1
    if len(given.why.strip()) < 4:
        print("请用 --why 写明作什么用、给谁(至少 4 个字)。")
        return 1
    if not 2 <= given.k <= 100:
        print("--k 要在 2 到 100 之间。")
        return 1
    return asyncio.run(_run(settings, given))


async def _run(settings: Settings, given: argparse.Namespace) -> int:
    from core.foundation.errors import DomainError
    from core.practice_rooms import load_rooms
    from miniprogram_api.app.deidentifying import open_for_copying

    load_rooms()
    try:
        async with open_for_copying(settings) as practice:
            return await _copy(practice, given)
    except FileNotFoundError:
        print("没有主密钥:新部署请先运行 huizhen keys。")
    except DomainError as refusal:
        print(refusal.message)
    except OSError as error:
        print(f"不能写 {given.out}:{error.strerror or error}")
    return 1


async def _copy(practice: Practice, given: argparse.Namespace) -> int:
    from core.deidentification.copying import Wanted, make_copy
    from miniprogram_api.app.deidentifying import administrator_named, patients_named
    from miniprogram_api.app.signing import OPERATOR

    administrator = await administrator_named(practice, given.by) if given.by else None
    if given.by and administrator is None:
        print(f"没有(或有几位)叫「{given.by}」的管理员。名单:huizhen admin list")
        return 1
    codes = [one.strip() for one in given.patients.split(",") if one.strip()]
    patients = await patients_named(codes)
    if len(patients) < len(set(codes)):
        print("有的编号不认识:请写会诊编号(C-…)或患者编号,用逗号分开。")
        return 1
    wanted = Wanted(
        Path(given.out), given.purpose, given.why.strip(), given.k, tuple(patients), images=given.images or given.burned_in,
        burned_in=given.burned_in, administrator_id=administrator,
    )  # fmt: skip
    with _Bar() as bar:
        made = await make_copy(practice, OPERATOR, wanted, bar)
    _tell(made, given.out)
    return 0


def _tell(made: dict[str, Any], out: str) -> None:
    people, k = made["patients"], made["k_anonymity"]
    print(f"副本 {made['copy']} 已写入 {out}:患者 {people['in_copy']} 位(没有同意 {people['without_consent']} 位,撤回 {people['withdrawn']} 位,")
    print(f"为 k-匿名略去 {people['suppressed']} 位,打不开 {people['unreadable']} 位);k 由 {k['before']} 到 {k['after']}(要求 {k['asked']})。")
    if left := sum(count for reason, count in made["images"].items() if reason != "taken"):
        print(f"影像 {made['images'].get('taken', 0)} 张,没有给的 {left} 张(可能有烧录的文字等,见 manifest.json)。")
    print("去标识化的资料仍是个人信息(个人信息保护法第七十三条):请照 manifest.json 里「not_masked」所列的再看一遍,只交给约定的人。")


class _Bar:
    """A progress bar that knows the phases."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._bar = tqdm(unit="人", dynamic_ncols=True, mininterval=0.5)

    def __call__(self, phase: str, done: int, total: int) -> None:
        self._bar.set_description_str(PHASES.get(phase, phase), refresh=False)
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
