"""Word boundaries: the compact dictionary cuts as jieba with its whole one, from memory or from the kept file."""

import random
from pathlib import Path

import jieba
import pytest

from nlp.language.words import Dictionary, WordBoundaries

OWN = frozenset(["烧心", "头晕目眩", "心口窝痛", "烧得慌", "icu"])


@pytest.fixture(scope="module")
def whole() -> jieba.Tokenizer:
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    for word in sorted(OWN):
        tokenizer.add_word(word)
    return tokenizer


def _contexts() -> list[str]:
    chance = random.Random(5)
    words = ["烧", "发烧", "烧饭", "晕", "晕车", "头晕目眩", "痛", "心口窝痛", "今天", "昨天晚上", "有点", "icu", "38.5", ",", "烧得慌", "做", "了"]
    return ["".join(chance.choices(words, k=5))[: chance.randint(1, 9)] for _ in range(300)]


def test_every_word_has_the_frequency_that_jieba_gives_it(whole: jieba.Tokenizer) -> None:
    boundaries = WordBoundaries(OWN)
    assert boundaries.tokenizer.total == whole.total
    assert boundaries.tokenizer.FREQ == whole.FREQ


def test_a_context_is_cut_as_jieba_cuts_it(whole: jieba.Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlp.language.words._MOST_WORDS", 5_000)  # begun anew now and then
    boundaries = WordBoundaries(OWN)
    for context in _contexts():
        assert boundaries._cut(context) == list(whole.cut(context, HMM=False)), context
    assert 0 < len(boundaries._cutting.FREQ) < len(whole.FREQ) // 4


def test_the_kept_file_gives_the_same_words(tmp_path: Path) -> None:
    first = WordBoundaries(OWN, tmp_path)
    first.warm()
    [kept] = tmp_path.iterdir()
    assert Dictionary.from_bytes(kept.read_bytes()).to_bytes() == kept.read_bytes()
    later = WordBoundaries(OWN, tmp_path)
    for context in _contexts():
        for position in range(len(context)):
            assert first.stands_alone(context, position) == later.stands_alone(context, position)


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes]:
    """Name and content of the file that is kept."""
    folder = tmp_path_factory.mktemp("words")
    WordBoundaries(OWN, folder).warm()
    [kept] = folder.iterdir()
    return kept.name, kept.read_bytes()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"12\n\xff\xff", b"{}"])
def test_a_kept_file_that_is_none_is_written_anew(right: tuple[str, bytes], tmp_path: Path, content: bytes) -> None:
    kept = tmp_path / right[0]
    kept.write_bytes(content)
    assert WordBoundaries(OWN, tmp_path).stands_alone("发烧", 1) is False
    assert kept.read_bytes() == right[1]
