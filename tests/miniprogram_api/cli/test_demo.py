"""`huizhen demo`: where the simulated platform listens."""

from __future__ import annotations

from pathlib import Path

from miniprogram_api.cli.demo import platform_socket


def test_the_platform_is_where_it_was_before(tmp_path: Path) -> None:
    with platform_socket(tmp_path) as first:
        port = first.getsockname()[1]
    with platform_socket(tmp_path) as again:
        assert again.getsockname()[1] == port


def test_a_port_that_somebody_else_took_is_left_to_him(tmp_path: Path) -> None:
    with platform_socket(tmp_path) as first, platform_socket(tmp_path) as second:
        assert second.getsockname()[1] != first.getsockname()[1]
        kept = second.getsockname()[1]
    with platform_socket(tmp_path) as third:
        assert third.getsockname()[1] == kept


def test_what_is_no_port_is_written_anew(tmp_path: Path) -> None:
    for spoiled in ("", "x", "99999999", "-1", "é"):
        (tmp_path / "port").write_text(spoiled, "utf-8")
        with platform_socket(tmp_path) as listening:
            assert (tmp_path / "port").read_text("ascii") == str(listening.getsockname()[1])
