"""How many experts each department has, and what they know (ICD-10 categories and ranges)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Specialty:
    """``emergency``: needed at any hour of any day. ``fields``: the first one every expert of the department has."""

    code: str
    experts: int
    emergency: bool
    fields: tuple[str, ...]


SPECIALTIES: tuple[Specialty, ...] = (
    Specialty("03.04", 15, True, ("I20-I25", "I50", "I10-I15", "I47-I49", "I26", "I71")),
    Specialty("03.03", 14, True, ("I60-I69", "G40-G41", "G43-G44", "G45", "G20", "R55")),
    Specialty("03.01", 14, True, ("J12-J18", "J44", "J45-J46", "I26", "J90", "J96")),
    Specialty("20", 13, True, ("R57", "T36-T65", "T78", "I46", "S00-S09", "T07")),
    Specialty("07", 12, True, ("J00-J06", "A09", "J12-J18", "R56", "P59", "A87")),
    Specialty("05.02", 11, True, ("O20-O29", "O10-O16", "O60-O75", "O44-O45", "O72")),
    Specialty("28", 9, True, ("J96", "R57", "A41", "I46", "N17")),
    Specialty("04.02", 8, True, ("S06", "I60-I62", "G91", "C71")),
    Specialty("03.02", 9, True, ("K25-K28", "K92", "K85-K86", "K70-K74", "K51")),
    Specialty("04.01", 9, True, ("K35-K38", "K40-K46", "K56", "K80-K83", "S36")),
    Specialty("04.03", 8, True, ("S72", "S32", "M51", "M16-M17", "S42")),
    Specialty("03.07", 6, False, ("E10-E14", "E03-E07", "E16", "M10")),
    Specialty("03.06", 6, False, ("N17-N19", "N00-N08", "N04")),
    Specialty("05.01", 6, False, ("N80-N98", "D25", "O00")),
    Specialty("04.05", 5, False, ("J93", "C34", "S22")),
    Specialty("04.04", 5, False, ("N20-N23", "N40", "N44")),
    Specialty("16", 5, False, ("B15-B19", "A90-A99", "B50-B54", "A39")),
    Specialty("02", 6, False, ("I10", "E11", "J06", "R50")),
    Specialty("03.05", 3, False, ("D50-D64", "C91-C95")),
    Specialty("03.08", 3, False, ("M05-M06", "M32", "M45")),
    Specialty("03.10", 3, False, ("F00-F03", "I10-I15", "M80-M81")),
    Specialty("10", 4, False, ("H25-H28", "H40", "H16")),
    Specialty("11", 4, False, ("H65-H66", "J32", "R04", "H81")),
    Specialty("13", 3, False, ("L20-L30", "B02", "L50")),
    Specialty("15", 4, False, ("F32-F33", "F40-F41", "F20", "G47")),
    Specialty("19", 4, False, ("C15-C26", "C34", "C50")),
    Specialty("27", 2, False, ("M54", "B02", "G50")),
    Specialty("21", 2, False, ("I69", "G81", "M24")),
    Specialty("32", 3, False, ("R90-R93", "J18", "I63")),
    Specialty("08", 2, False, ("Q39-Q45", "K40-K46", "K35-K38")),
    Specialty("50", 2, False, ("M54", "G43-G44", "I69")),
)
"""200 experts in 31 departments."""
