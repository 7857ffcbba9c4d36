"""取药码: what the patient shows so that his drugs are handed out to him, once.

It is kept nowhere: it is worked out anew from the practice's secret and the signature that is in force, so that nobody reads it from the
database, another signature makes another code, and with the state 已发药 it is worth nothing.
"""

from __future__ import annotations

import hmac

from core.foundation.ids import ALPHABET
from core.foundation.work import Work
from core.prescriptions.models import Prescription

LENGTH = 8
"""Forty bits: nobody guesses it within the three days that it is good for."""
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def dispense_code(work: Work, row: Prescription) -> str:
    """Of a released prescription: two groups of four characters as they are read aloud, ``7K2M-90QX``."""
    value = int(work.blind("dispense_code", f"{row.id}:{row.step}"), 16)
    characters = [ALPHABET[value >> 5 * place & 31] for place in range(LENGTH)]
    return f"{''.join(characters[:4])}-{''.join(characters[4:])}"


def fits(work: Work, row: Prescription, given: str) -> bool:
    """Whether ``given`` is the code, however it was typed."""
    return hmac.compare_digest(plain(given).encode(), plain(dispense_code(work, row)).encode())


def plain(code: str) -> str:
    """Capitals without dashes; what looks like another character is taken for the one that occurs."""
    return code.upper().translate(_READ_AS)
