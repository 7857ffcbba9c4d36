"""Reading callback bodies: evenly from XML and JSON, and nothing dangerous."""

from __future__ import annotations

import os
import random

import pytest

from bot.channels.document import _flat, _XmlReader, cdata, read_json, read_xml
from bot.channels.refused import Reason, Refused


def test_one_or_several_read_the_same_from_xml_and_json() -> None:
    one = read_xml(b"<xml><E><List><T>a</T></List></E></xml>").child("E")
    two = read_xml(b"<xml><E><List><T>a</T></List><List><T>b</T></List></E></xml>").child("E")
    three = read_xml(b"<xml><E><List><T>a</T></List><List><T>b</T></List><List><T>c</T></List></E></xml>").child("E")
    assert [[item.text("T") for item in document.each("List")] for document in (one, two, three)] == [["a"], ["a", "b"], ["a", "b", "c"]]
    for text, expected in (('{"List":{"T":"a"}}', ["a"]), ('{"List":[{"T":"a"},{"T":"b"}]}', ["a", "b"]), ('{"List":"x"}', []), ("{}", [])):
        assert [item.text("T") for item in read_json(text.encode()).each("List")] == expected


def test_numbers_and_texts_read_alike() -> None:
    assert read_json(b'{"MsgId":23456789012345678}').text("MsgId") == read_xml(b"<xml><MsgId>23456789012345678</MsgId></xml>").text("MsgId")
    assert read_json(b'{"a":true,"b":null,"c":[1],"d":{}}').text("a", "b", "c", "d") == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<xml",
        b"<other><a>1</a></other>",
        b"<xml></xml>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml><A>&a;</A></xml>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml><A>1</A></xml>',
        b"<!DOCTYPE xml><xml><A>1</A></xml>",
        b"<xml><A>&undefined;</A></xml>",
        b"<?go away?><xml><A>1</A></xml>",
        b"<xml>" + b"<a>" * 100 + b"</a>" * 100 + b"</xml>",
        b"<xml>" + b"<a/>" * 5000 + b"</xml>",
        b'<?xml version="1.0" encoding="nonsense"?><xml><A>1</A></xml>',
        b"<xml><A>\xff\xfe</A></xml>",
        b"<xml><A>\x00</A></xml>",
        b"<xml><A>&#xD800;</A></xml>",
        b"<xml><A>1</A></xml>" + b" " * 65536,
        "<xml><A>1</A></xml>".encode("utf-16")[:-1],
    ],
)
def test_xml_that_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read_xml(body)
    assert refused.value.reason in (Reason.DOCUMENT, Reason.TOO_LONG)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"1", b'"x"', b"{", b"\xff", b"[" * 30000, b'{"a":' * 5000, b'{"a":NaN}', b'{"a":' + b"9" * 5000 + b"}", b"{}" + b" " * 65536],
)
def test_json_that_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        read_json(body)


def test_lone_surrogates_and_controls_disappear() -> None:
    assert read_json(b'{"a":"x\\ud800\\u0000y"}').text("a") == "xy"


@pytest.mark.parametrize("text", ["]]>", "a]]>b]]>c", "]]]]>>", "]]><Content>evil</Content><![CDATA[", "\x00\x0b]]\x01>", "会诊<a>&amp;"])
def test_no_text_leaves_its_cdata_section(text: str) -> None:
    read = read_xml(f"<xml><A>{cdata(text)}</A><B>end</B></xml>".encode())
    assert read.text("A") == "".join(letter for letter in text if letter not in "\x00\x0b\x01")
    assert read.text("B") == "end"
    assert "Content" not in read


PIECES = (
    "<xml>",
    "</xml>", "<A>", "</A>", "<B>", "</B>", "<A><![CDATA[", "]]></A>", "<B><![CDATA[", "]]></B>", "]", "]]>", "<", ">", "&", "&amp;", "&#65;",
    " ", "\n", "\t", "\r", "\r\n", "帮助", "0", "x", "\x0b", "\x85", "\ufffe", "\ufeff", "𝒳", "\u2028", "<!-- -->",
    "<?x?>", "<![CDATA[", "<A/>", "<A b='1'>",
    "<A><![CDATA[一]]></A>", "<B>12</B>", "<C><![CDATA[]]></C>", "<D></D>", "<E>\n</E>",
)  # fmt: skip
USUAL = "<A><![CDATA[一]]></A>", "<B>12</B>", "<C><![CDATA[ x\n ]]></C>", "<D></D>", "\n", " "


def test_the_usual_form_is_read_as_the_parser_reads_it() -> None:
    """Whatever the shorter way takes, the parser takes too and gives the same; what it does not take is the parser's."""
    rng, taken = random.Random(6), 0
    for number in range(20_000 if os.environ.get("HUIZHEN_TEST_SCALE") == "full" else 2_000):
        inner = "".join(rng.sample(USUAL, rng.randrange(1, 7)) if number % 2 else rng.choices(PIECES, k=rng.randrange(9)))
        body = (f"<xml>{inner}</xml>" if number % 3 else inner).encode("utf-8", "surrogatepass")
        if rng.random() < 0.1:
            body = body[: rng.randrange(len(body) + 1)] + bytes([rng.randrange(256)])
        flat = _flat(body)
        if flat is not None:
            taken += 1
            assert _XmlReader().read(body) == ("xml", flat), body
    assert taken > 200
