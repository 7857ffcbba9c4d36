"""A plain page that says what to do, where a person would otherwise meet an error or a page of JSON."""

from __future__ import annotations

from sanic import HTTPResponse
from sanic.response import html

_PAGE = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    "<title>会诊</title><style>body{{font:18px/1.6 system-ui,sans-serif;margin:20vh auto;max-width:24em;padding:0 20px;text-align:center}}"
    "h1{{font-size:22px}}a{{display:inline-block;min-height:44px;line-height:44px;color:#06753a}}</style><h1>{title}</h1><p>{text}</p>{way}"
)
_WAY = '<p><a href="{address}">{label}</a></p>'


def explain(title: str, text: str, status: int, *, home: str = "") -> HTTPResponse:
    """A plain page that says what to do, where a person would otherwise meet an error. ``home``: an address of ours that leads on."""
    way = _WAY.format(address=home, label="回首页") if home else ""
    return html(_PAGE.format(title=title, text=text, way=way), status=status)
