"""A value that begins with a dash belongs to the option before it."""

from __future__ import annotations

import pytest

from miniprogram_api.cli.main import bound, parser


def test_a_thumbprint_may_begin_with_dashes() -> None:
    for key in ("-abc", "--abc", "--" + "x" * 41, "plain"):
        told = ["credential", "verify", "--proof", "p", "--published", "q", "--nonce", "1", "--audience", "药店", "--key", key]
        assert parser().parse_args(bound(told)).key == key


def test_a_forgotten_value_is_still_refused() -> None:
    for told in (["credential", "verify", "--key", "--proof", "p"], ["credential", "verify", "--nonce", "--key", "k"]):
        assert bound(told) == told
        with pytest.raises(SystemExit):
            parser().parse_args(bound(told))
