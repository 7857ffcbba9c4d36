"""Which tables are the house's own: in a schema that holds nothing but these, without a row, a restore takes nothing from anybody."""

from __future__ import annotations

import importlib

from tortoise.models import Model

from core.foundation.database.connection import KEYRING, MODEL_MODULES
from miniprogram_api.backups.sqlite import STEPS


def own_tables() -> set[str]:
    """The tables of both databases as this version makes them, and the note of the steps that made them."""
    found = {STEPS}
    for name in (*MODEL_MODULES, f"core.foundation.{KEYRING}.models"):
        for one in vars(importlib.import_module(name)).values():
            if isinstance(one, type) and issubclass(one, Model) and (table := one._meta.db_table):
                found.add(table)
    return found
