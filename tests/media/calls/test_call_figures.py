"""What the quality figures are counted from: readings of tabs, by hand."""

from __future__ import annotations

import pytest

from benchmarks import call_churn
from benchmarks.support.call_figures import Sample, concealed, first_at, gaps, kbps, longest_gap


def test_a_gap_reaches_to_the_edges_of_what_was_watched() -> None:
    shown = [100.0, 140.0, 400.0, 440.0]
    assert longest_gap(shown, 100, 450) == 260
    assert longest_gap(shown, 100, 1000) == 560
    assert longest_gap([], 0, 500) == 500
    assert gaps(shown, 0, 1000) == [40, 260, 40]


def _reading(at: float, video: int, audio: int, **sound: int) -> Sample:
    return {"at": at, "received": {"expert video": {"bytesReceived": video}, "expert audio": {"bytesReceived": audio, **sound}}, "sent": {}}


def test_bits_are_counted_over_new_connections_too() -> None:
    readings = [_reading(0, 0, 0), _reading(1000, 100_000, 4000), _reading(2000, 25_000, 1000), _reading(3000, 50_000, 2000)]
    assert kbps(readings, "expert", 0, 1000) == pytest.approx(832)
    assert kbps(readings, "expert", 0, 3000) == pytest.approx((100_000 + 4000 + 50_000 + 2000) * 8 / 3000)


def test_when_a_rate_is_first_reached() -> None:
    rising = [_reading(n * 500, sum(range(n + 1)) * 10_000, 0) for n in range(20)]
    assert first_at(rising, "expert", 800, 0, 10_000) == pytest.approx(3.5)
    assert first_at(rising, "expert", 80_000, 0, 10_000) is None


def test_made_up_sound_is_counted_in_shares_and_stretches() -> None:
    played, made, quiet = 0, 0, 0
    readings = []
    for n, (more_made, more_quiet) in enumerate([(0, 0), (0, 0), (4800, 4800), (4000, 0), (100, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)]):
        played, made, quiet = played + (4800 if n else 0), made + more_made, quiet + more_quiet
        readings.append(_reading(n * 100, 0, 0, totalSamplesReceived=played, concealedSamples=made, silentConcealedSamples=quiet))
    share, silent, longest = concealed(readings, "expert", 0, 1000)
    assert (share, silent) == (pytest.approx(8900 / 48_000), pytest.approx(0.1))
    assert longest == pytest.approx(8800 / 48)
    assert concealed([], "expert", 0, 1000) == (0, 0, 0)


def test_what_is_left_of_those_who_came_and_went_is_written_beside_its_goal(monkeypatch: pytest.MonkeyPatch) -> None:
    left = {"python": {"bytes": -1_234_567, "threads": 0, "descriptors": 0, "tasks": 0, "rooms": 0}}
    left["native"] = left["python"] | {"bytes": 6_100_000, "tasks": 2}
    monkeypatch.setattr(call_churn, "churned", lambda name, times: left[name])
    monkeypatch.setattr(call_churn, "build", lambda: None)
    assert call_churn.measure().columns == ["", "goal", "python"]
    monkeypatch.setattr(call_churn, "build", lambda: "there")
    rows = {name.split(": ")[1]: (goal, *cells) for name, goal, *cells in call_churn.measure().rows}
    assert rows["memory"] == ("≤ 5 MB", "-1.23 MB", "6.10 MB")
    assert rows["tasks"] == ("0", "0", "2")
