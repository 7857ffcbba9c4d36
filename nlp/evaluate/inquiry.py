"""Inquiry: the engine asks recorded patients, up to a limit of turns, and names a disease.

Protocol: start from what was said unprompted; each turn ask for one finding; the patient answers with the value on record, or with "not on record";
at the end a disease is named. Knowledge is counted from the training file alone, and every choice is made inside it.

accuracy        the disease named is the one on record
recall          findings found by asking / all that came out on asking
recall, new     the same without those that the patient had also said unprompted, which the engine never asks for
known at the end  findings on record that were found by asking or had been said unprompted / all that came out on asking
all shown       the same classifier after every finding on record was shown
everything      the same classifier after every finding was asked for, whether on record or not
ratio           accuracy / the better of these two
by chance       the calibration error of somebody as sure who is perfectly calibrated, on as many cases
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from nlp.clinical.belief.cases import Case, read
from nlp.clinical.belief.knowledge import Bools
from nlp.clinical.belief.network import Schooling
from nlp.clinical.belief.recorded import Inquirer, learn, parted

from .figures import Figure, calibration_error, error_by_chance, markdown, mean, ratio

SUMMARY = "ask recorded patients for up to --turns findings and name a disease"

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measured:
    """One number a case."""

    right: Numbers
    right_listed: Numbers
    right_everything: Numbers
    sure: Numbers
    found: Numbers
    implicit: Numbers
    new: Numbers
    turns: Numbers

    @classmethod
    def together(cls, parts: list[Measured]) -> Measured:
        """Several folds as one."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


def measure(inquirer: Inquirer, cases: list[Case]) -> Measured:
    """Ask every patient of ``cases``."""
    patients = inquirer.table(cases)
    asked = inquirer.ask(patients)

    def named(known: Bools) -> tuple[Numbers, Numbers]:
        believed = inquirer.believe(patients, known).diseases
        return (believed.argmax(1) == patients.disease).astype(np.float64), believed.max(1).astype(np.float64)

    right, sure = named(asked)
    return Measured(
        right=right,
        right_listed=named(patients.on_record)[0],
        right_everything=named(patients.may_be_asked)[0],
        sure=sure,
        found=(asked & patients.listed).sum(1).astype(np.float64),
        implicit=patients.implicit.astype(np.float64),
        new=(patients.implicit - patients.again).astype(np.float64),
        turns=asked.sum(1).astype(np.float64),
    )


def cross_validated(
    cases: list[Case], turns: int, folds: int, seed: int, not_sure_is_silence: bool = False, how: Schooling | None = None
) -> Measured:
    """Every case asked once, by knowledge from the folds that it is not in. ValueError for fewer than two folds."""
    if not 2 <= folds <= len(cases):
        raise ValueError("--folds must be 2 at least, and no more than there are cases")
    label = {disease: at for at, disease in enumerate(sorted({case.disease for case in cases}))}
    fold = parted(np.array([label[case.disease] for case in cases]), folds, seed)
    parts = []
    for number in tqdm(range(folds), desc="folds", unit="fold"):
        train = [case for case, own in zip(cases, fold, strict=True) if own != number]
        test = [case for case, own in zip(cases, fold, strict=True) if own == number]
        parts.append(measure(learn(train, turns, seed, how, not_sure_is_silence), test))
    return Measured.together(parts)


def lines(measured: Measured) -> list[tuple[str, Figure | str]]:
    """The table, a line a measure."""
    listed, everything = measured.right_listed, measured.right_everything
    best = listed if listed.mean() >= everything.mean() else everything
    return [
        ("cases", str(len(measured.right))),
        ("accuracy", mean(measured.right)),
        ("recall", ratio(measured.found, measured.implicit)),
        ("recall, new", ratio(measured.found, measured.new)),
        ("known at the end", ratio(measured.found + measured.implicit - measured.new, measured.implicit)),
        ("mean turns", f"{measured.turns.mean():.2f}"),
        ("all shown", mean(listed)),
        ("everything", mean(everything)),
        ("ratio", ratio(measured.right, best)),
        ("calibration error", f"{calibration_error(measured.sure, measured.right):.3f}"),
        ("the same by chance", f"{error_by_chance(measured.sure):.3f}"),
    ]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the table can be told."""
    parser.add_argument("--train", nargs="+", type=Path, required=True, metavar="FILE")
    parser.add_argument("--test", nargs="+", type=Path, required=True, metavar="FILE")
    parser.add_argument("--turns", type=int, default=10, help="questions at most (10)")
    parser.add_argument("--folds", type=int, default=0, help="cut --train and --test together into so many folds, test each by the others")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--not-sure-is-silence", action="store_true", help="value 2 cannot be told from a finding that is not on record")


def run(arguments: argparse.Namespace) -> str:
    """The table for ``arguments``. OSError, CaseError, ValueError where the data do not fit."""
    if arguments.turns < 0:
        raise ValueError("--turns must not be negative")
    train, test = ([case for path in paths for case in read(path)] for paths in (arguments.train, arguments.test))
    if arguments.folds:
        measured = cross_validated(train + test, arguments.turns, arguments.folds, arguments.seed, arguments.not_sure_is_silence)
    else:
        learned = learn(train, arguments.turns, arguments.seed, not_sure_is_silence=arguments.not_sure_is_silence)
        measured = measure(learned, test)
    return markdown(("measure", "value (95 % interval)"), lines(measured))
