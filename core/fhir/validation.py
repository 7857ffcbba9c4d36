"""The shape of a bundle under the R4B classes of fhir.resources (its R5 default classes refuse R4).

The classes take forty megabytes and two seconds to load, so they are imported on the first use, in a thread, and not with the room.
"""

from __future__ import annotations

from core.fhir.checks import faults
from core.fhir.elements import Json


class BundleFaulty(Exception):
    """We made a bundle that is not valid: a fault of ours, never of the caller's. Says where, without values."""


def validate(bundle: Json) -> None:
    """Nothing, or :class:`BundleFaulty` with the places that are wrong. Blocks: call it in a thread."""
    from fhir.resources.R4B.bundle import Bundle
    from pydantic import ValidationError

    try:
        Bundle.model_validate(bundle)
    except ValidationError as error:
        places = [".".join(map(str, one["loc"])) + ": " + one["type"] for one in error.errors(include_input=False, include_url=False)]
        raise BundleFaulty("; ".join(places)) from None
    if found := faults(bundle):
        raise BundleFaulty("; ".join(found))
