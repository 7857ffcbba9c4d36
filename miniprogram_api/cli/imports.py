"""`huizhen import organisations|practitioners FILE`: a county's register from a table."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from tqdm import tqdm

from core.people.register_files import (
    LARGEST,
    ORGANISATION_COLUMNS,
    PRACTITIONER_COLUMNS,
    OrganisationLine,
    PractitionerLine,
    Problem,
    read_organisations,
    read_practitioners,
)
from core.practice_rooms import load_rooms
from miniprogram_api.app.register_import import Imported, NotImported, import_organisations, import_practitioners
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import open_for_signing
from miniprogram_api.cli.refusals import explain_settings

_COLUMNS = {"organisations": ORGANISATION_COLUMNS, "practitioners": PRACTITIONER_COLUMNS}


def run(given: argparse.Namespace) -> int:
    """Status 0 when every line is there now, 1 after the list of what is wrong."""
    if given.file == "-":
        print(",".join(_COLUMNS[given.what]))
        return 0
    settings = explain_settings()
    if settings is None:
        return 1
    load_rooms()
    try:
        with Path(given.file).open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError:
        print(f"打不开文件 {given.file}。")
        return 1
    try:
        return asyncio.run(_run(settings, given.what, data))
    except FileNotFoundError as missing:
        print(f"没有 {missing.filename}:请先运行 huizhen keys 并准备好渠道凭据(演示则先 make run 一次)。")
        return 1


async def _run(settings: Settings, what: str, data: bytes) -> int:
    organisations: list[OrganisationLine] = []
    practitioners: list[PractitionerLine] = []
    if what == "organisations":
        organisations, problems = read_organisations(data)
    else:
        practitioners, problems = read_practitioners(data)
    if problems:
        return _refused(problems)
    async with open_for_signing(settings) as practice:
        with tqdm(total=len(organisations) + len(practitioners), unit="行", desc="导入", file=sys.stderr) as bar:
            try:
                if what == "organisations":
                    done: Imported = await import_organisations(practice, organisations, bar.update)
                else:
                    corp = json.loads(settings.channels_file.read_text("utf-8"))["wecom"]["corpid"]
                    done = await import_practitioners(practice, practitioners, corp, bar.update)
            except NotImported as refusal:
                bar.close()
                return _refused(refusal.problems)
    print(f"导入完成:新登记 {done.made} 行,已有 {done.there} 行。")
    return 0


def _refused(problems: list[Problem]) -> int:
    print(f"没有导入,有 {len(problems)} 处要改:")
    for problem in problems:
        print(f"  {problem}")
    return 1
