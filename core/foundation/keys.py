"""What the rooms use of encryption: the key ring with its sealers, and the error of a value that does not open.

The parts stand in ``core.foundation.encryption``: suites, sealed values, master keys, the ring, and how keys are renewed or destroyed.
"""

from __future__ import annotations

from core.foundation.encryption.master_keys import MasterKeys
from core.foundation.encryption.ring import KeyRing, SubjectErased, SubjectLocked
from core.foundation.encryption.sealer import SealBroken, Sealer

__all__ = ["KeyRing", "MasterKeys", "SealBroken", "Sealer", "SubjectErased", "SubjectLocked"]
