"""The faults of the platforms' API, struck before a call has any effect."""

from .calls import PlatformError
from .world import World

ASKED_FOR = "as the conditions ask"
BAD_GATEWAY = 502
# A fault asked for strikes the calls; getting a token fails only for what is the platform's or the network's own trouble.
TOKEN_FAULTS = {-1, 40164, 45009, 60020}


class HttpFault(Exception):
    """The call gets an HTTP error instead of the platform's answer."""

    def __init__(self, status: int = BAD_GATEWAY) -> None:
        super().__init__(status)
        self.status = status


def strike(world: World, path: str, *, gives_token: bool) -> None:
    """PlatformError or HttpFault where the conditions ask for one."""
    conditions = world.conditions
    if conditions.platform_down:
        raise HttpFault
    # Half of the random failures look like the platform's own trouble, half like the network's in front of it.
    if conditions.api_error_rate and conditions.api_chance.random() < conditions.api_error_rate:
        if conditions.api_chance.random() < 0.5:
            raise HttpFault
        raise PlatformError(-1, ASKED_FOR)
    if conditions.exhausted(path):
        raise PlatformError(45009, ASKED_FOR)
    error = conditions.api_error
    if error and (not gives_token or error in TOKEN_FAULTS):
        raise PlatformError(error, ASKED_FOR)


def lose_token(world: World, host: str) -> None:
    """PlatformError where every token is to be refused. WeCom has a number of its own for a token that is not the latest."""
    lost = world.conditions.lost_tokens
    if lost:
        raise PlatformError(40014 if host == "wecom" and lost == 40001 else lost, ASKED_FOR)
