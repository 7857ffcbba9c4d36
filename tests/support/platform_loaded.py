"""Everything that a simulated platform imports and reads before it takes requests: for the process that others are forked from."""

import httpcore

from bot.simulator import __main__, deliveries

deliveries.authorities()

__all__ = ["__main__", "httpcore"]
