"""The terminal: `huizhen chat` as a program of its own, and the same sentences over the API."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.journeys.people import roster, sign_in
from tests.support.demo import ROOT, Demo

DOCTOR = "village-doctor-01"
LINES = ("帮助", "我的病人", "进度")


def chat(demo: Demo, person: str, *lines: str) -> subprocess.CompletedProcess[str]:
    """`huizhen chat --as person` with ``lines`` typed into it."""
    command = [sys.executable, "-m", "miniprogram_api.cli.main", "chat", "--as", person]
    environment = {**os.environ, **demo.environment}
    typed = "".join(f"{line}\n" for line in lines)
    return subprocess.run(command, input=typed, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def command(demo: Demo, key: str, text: str) -> dict[str, Any]:
    """`POST /v1/commands` as ``key``; the answer's body."""
    person = next(one for one in roster(demo) if one["key"] == key)
    answer = sign_in(demo, person).post("/v1/commands", {"text": text})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def words(replies: list[dict[str, Any]]) -> list[str]:
    """Every text a person reads in ``replies``, without emphasis, in order."""
    found: list[str] = []

    def collect(value: Any, name: str = "") -> None:
        if isinstance(value, str) and name in ("text", "head", "tail", "label", "title", "description", "value"):
            found.extend(line.replace("**", "").strip() for line in value.splitlines() if line.strip())
        elif isinstance(value, dict):
            for key, inner in value.items():
                collect(inner, key)
        elif isinstance(value, list):
            for inner in value:
                collect(inner, name)

    collect(replies)
    return found


@pytest.mark.parametrize("line", LINES)
def test_the_terminal_and_the_api_give_the_same_answer(running_demo_house: Demo, line: str) -> None:
    typed = chat(running_demo_house, DOCTOR, line)
    assert typed.returncode == 0, typed.stderr
    said = words(command(running_demo_house, DOCTOR, line)["replies"])
    assert said
    assert [part for part in said if part not in typed.stdout] == []


def test_a_conversation_goes_on_from_line_to_line(running_demo_house: Demo) -> None:
    typed = chat(running_demo_house, DOCTOR, *LINES, "", "   ")
    assert typed.returncode == 0
    assert "Traceback" not in typed.stderr
    help_at, patients_at = typed.stdout.index("可以说"), typed.stdout.index("1号")
    assert help_at < patients_at


def test_help_differs_by_role(running_demo_house: Demo) -> None:
    first: dict[str, str] = {}
    for person in roster(running_demo_house):
        if person["role"] not in first:
            first[person["role"]] = "\n".join(words(command(running_demo_house, person["key"], "帮助")["replies"]))
    assert first.keys() >= {"patient", "village_doctor", "duty_doctor", "expert", "pharmacist", "scheduler", "administrator", "auditor"}
    assert len(set(first.values())) == len(first), "two roles are helped alike"
    assert "会诊 " in first["village_doctor"]
    assert "会诊 3号" not in first["patient"]
    assert "接诊" in first["expert"]
    assert "接诊" not in first["patient"]
    assert "我的病人" not in first["pharmacist"]


def test_orders_are_for_those_who_may_give_them(running_demo_house: Demo) -> None:
    patient = next(one["key"] for one in roster(running_demo_house) if one["role"] == "patient")
    for text in ("我的病人", "接诊"):
        said = "\n".join(words(command(running_demo_house, patient, text)["replies"]))
        listed = words(command(running_demo_house, DOCTOR, "我的病人")["replies"])
        assert not [line for line in listed if "号" in line and line in said]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"command": "no.such_order"}, 404, "command.unknown"),
        ({"command": "people.me", "text": "帮助"}, 422, "invalid"),
        ({"text": ""}, 422, "invalid"),
        ({"text": "  \n"}, 422, "invalid"),
        ({"texts": "帮助"}, 422, "invalid"),
        ({"text": "帮" * 5000}, 422, "invalid"),
        ({"text": {"a": 1}}, 422, "invalid"),
        ([], 422, "invalid"),
        ({"command": "dispatch.accept_offer", "arguments": {}}, 422, "invalid"),
        ({"command": "dispatch.accept_offer", "arguments": {"offer_id": "x"}}, 422, "invalid"),
        ({"command": "dispatch.accept_offer", "arguments": {"offer_id": "0" * 26}}, 403, "access.denied"),
    ],
)
def test_what_is_no_command_is_a_typed_problem(running_demo_house: Demo, body: Any, status: int, code: str) -> None:
    doctor = sign_in(running_demo_house, next(one for one in roster(running_demo_house) if one["key"] == DOCTOR))
    answer = doctor.post("/v1/commands", body)
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code), answer.text
    assert told["status"] == status
    assert told["detail"]


def test_the_same_key_again_is_the_same_line(running_demo_house: Demo) -> None:
    doctor = sign_in(running_demo_house, next(one for one in roster(running_demo_house) if one["key"] == DOCTOR))
    first = doctor.post("/v1/commands", {"text": "我的病人"}, **{"Idempotency-Key": "terminal-once"})
    again = doctor.post("/v1/commands", {"text": "我的病人"}, **{"Idempotency-Key": "terminal-once"})
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()


def test_who_is_unknown_is_told_who_is_there(running_demo_house: Demo) -> None:
    typed = chat(running_demo_house, "nobody-01")
    assert typed.returncode == 1
    assert DOCTOR in typed.stdout
    assert "nobody-01" in typed.stdout
    assert "Traceback" not in typed.stderr


def test_without_a_running_house_it_says_what_to_do(running_demo_house: Demo, tmp_path: Any) -> None:
    environment = {**running_demo_house.environment, "HUIZHEN_DATA_DIR": str(tmp_path)}
    typed = chat(Demo(running_demo_house.process, tmp_path, "", environment), DOCTOR, "帮助")
    assert typed.returncode == 1
    assert "make run" in typed.stdout
    assert "Traceback" not in typed.stderr
