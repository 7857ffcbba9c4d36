"""The shape of a bundle under the R4B classes of fhir.resources (its R5 default classes refuse R4).

The classes take forty megabytes and two seconds to load, so they are imported on the first use, in a thread, and not with the room.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from core.fhir.checks import faults
from core.fhir.elements import Json
from core.foundation.errors import DomainError

logger = logging.getLogger("huizhen.fhir")


class BundleFaulty(DomainError):
    """We made a bundle that is not valid: a fault of ours, never of the caller's. ``places`` says where, without values; they go to the log."""

    code = "fhir.bundle_faulty"
    status = 422
    sentence = "这份病历现在转不成标准格式(系统已记录)。请联系管理员;病历本身没有问题。"

    def __init__(self, places: Sequence[str]) -> None:
        super().__init__()
        self.places = places
        logger.error("a bundle is not valid: %s", "; ".join(places))


def validate(bundle: Json) -> None:
    """Nothing, or :class:`BundleFaulty` with the places that are wrong. Blocks: call it in a thread."""
    from fhir.resources.R4B.bundle import Bundle
    from pydantic import ValidationError

    try:
        Bundle.model_validate(bundle)
    except ValidationError as error:
        places = [".".join(map(str, one["loc"])) + ": " + one["type"] for one in error.errors(include_input=False, include_url=False)]
        raise BundleFaulty(places) from None
    if found := faults(bundle):
        raise BundleFaulty(found)
