"""The mini program's package as its developer tools would take it: nothing missing, nothing loose, and only what the simulated platform plays."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "miniprogram_api" / "miniprogram"
PLATFORM = (ROOT / "bot" / "simulator" / "page" / "wx.js").read_text()
MINI_PAGES = (ROOT / "miniprogram_api" / "pages" / "mini" / "app.js").read_text()
PAGES: list[str] = json.loads((PACKAGE / "app.json").read_text())["pages"]
SCRIPTS = sorted(PACKAGE.rglob("*.js"))
MOST_BYTES = 2 << 20
"""Of a main package: more cannot be uploaded."""
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def code(path: Path) -> str:
    """The script without its comments."""
    return re.sub(r"/\*.*?\*/|^\s*//[^\n]*", "", path.read_text(), flags=re.S | re.M)


def markup(page: str) -> ElementTree.Element:
    return ElementTree.fromstring(f'<root xmlns:wx="wx">{(PACKAGE / f"{page}.wxml").read_text()}</root>')  # noqa: S314 - our own file


def test_every_page_has_its_four_files_and_every_file_its_place():
    wanted = {"app.js", "app.json", "app.wxss", "project.config.json", "sitemap.json", "README.md"}
    wanted |= {f"{page}.{kind}" for page in PAGES for kind in ("js", "json", "wxml", "wxss")}
    seen: set[Path] = set()

    def follow(script: Path) -> None:
        if script in seen:
            return
        seen.add(script)
        for name in re.findall(r'require\("([^"]+)"\)', code(script)):
            follow((script.parent / name).resolve(strict=True))

    for start in ("app.js", *(f"{page}.js" for page in PAGES)):
        follow(PACKAGE / start)
    present = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*") if path.is_file()}
    assert present == wanted | {str(path.relative_to(PACKAGE)) for path in seen}


def test_every_json_can_be_read_and_the_project_names_nobody():
    for path in PACKAGE.rglob("*.json"):
        assert isinstance(json.loads(path.read_text()), dict), path
    app = json.loads((PACKAGE / "app.json").read_text())
    assert app["__usePrivacyCheck__"] is True
    assert (PACKAGE / app["sitemapLocation"]).is_file()
    assert json.loads((PACKAGE / "project.config.json").read_text())["appid"] == "touristappid"
    addresses = {found for path in (*SCRIPTS, *PACKAGE.rglob("*.json")) for found in re.findall(r"[a-z]+://[^\s\"'`$]+", path.read_text())}
    assert addresses == {"https://huizhen.example"}


def test_it_can_be_uploaded():
    assert sum(path.stat().st_size for path in PACKAGE.rglob("*") if path.is_file()) < MOST_BYTES


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_binds_and_shows_is_there(page: str):
    script = code(PACKAGE / f"{page}.js")
    known = set(re.findall(r"(\w+)(?=:|,| \})", re.search(r"^  data: \{(.*?)\},$", script, re.S | re.M)[1]))  # type: ignore[index]

    def walk(element: ElementTree.Element, names: set[str]) -> None:
        for_each = element.get("{wx}for")
        inner = names | ({element.get("{wx}for-item", "item")} if for_each else set())
        for name, value in element.attrib.items():
            if name.startswith("bind"):
                assert re.search(rf"^  (async )?{value}\(", script, re.M), f"{page} binds {value}"
            for used in re.findall(r"\{\{(\w+)[\w.]*\}\}", value):
                assert used in (names if name == "{wx}for" else inner), f"{page} shows {used}"
            assert value.count("{{") == len(re.findall(r"\{\{[a-zA-Z][\w.]*\}\}", value)), f"{page}: {value} is more than a name"
        for used in re.findall(r"\{\{(\w+)[\w.]*\}\}", element.text or ""):
            assert used in inner, f"{page} shows {used}"
        for child in element:
            walk(child, inner)

    walk(markup(page), known)


def test_what_is_asked_of_wechat_is_what_the_simulated_platform_plays():
    used = {name for path in SCRIPTS for name in re.findall(r"\bwx\.(\w+)", code(path))}
    block = re.search(r"^  const wx = \{\n(.*?)^  \};", PLATFORM, re.S | re.M)
    assert block is not None
    assert used == set(re.findall(r"^    (\w+)[:(]", block[1], re.M))
    asked = {name for path in SCRIPTS for name in re.findall(r'canIUse\("(\w+)"\)', code(path))}
    assert asked <= used
    buttons = {element.get("open-type") for page in PAGES for element in markup(page).iter("button")} - {None}
    assert buttons == set(json.loads(re.search(r"BUTTONS = (\[.*?\]);", PLATFORM)[1]))  # type: ignore[index]


def test_the_platform_plays_its_codes_at_addresses_that_the_simulator_has():
    addresses = (ROOT / "bot" / "simulator" / "people_api.py").read_text()
    for kind in re.findall(r'codeOf\("(\w+)"\)', PLATFORM):
        assert f'"/people/<key:str>/mini-program/{kind}"' in addresses
        # The H5 pages ask for the same ones.
        assert f'code("{kind}")' in (ROOT / "miniprogram_api" / "pages" / "mini" / "wx.js").read_text()


def test_chinese_words_come_from_one_place():
    for path in SCRIPTS:
        if path.name != "words.js":
            assert not CHINESE.search(code(path)), path
    for path in PACKAGE.rglob("*.wxml"):
        assert not CHINESE.search(path.read_text()), path


def test_letters_are_large_enough():
    sizes = [int(size) for path in PACKAGE.rglob("*.wxss") for size in re.findall(r"font-size: (\d+)px", path.read_text())]
    assert min(sizes) >= 17
    assert not [path for path in PACKAGE.rglob("*.wxss") if "rpx" in path.read_text()]


def routes() -> set[str]:
    """Names of the H5 pages."""
    block = re.search(r"^const ROUTES = \{(.*?)^\};", MINI_PAGES, re.S | re.M)
    assert block is not None
    return set(re.findall(r"^  \"?([\w-]*)\"?:", block[1], re.M))


def test_every_page_that_messages_open_is_there():
    links = {link for path in (ROOT / "bot").rglob("*.py") for link in re.findall(r"\"mini:(pages/[^\"]*)\"", path.read_text())}
    assert links
    for link in links:
        page, _, query = link.partition("?")
        assert page in PAGES, link
        if query:
            assert re.split(r"[/?]", parse_qs(query)["to"][0])[0] in routes(), link


def test_every_page_that_it_leads_to_is_there():
    known = routes()
    named = {to for path in SCRIPTS for to in re.findall(r"\bto: [\"`]([\w-]+)", code(path))}
    assert named
    assert named <= known
