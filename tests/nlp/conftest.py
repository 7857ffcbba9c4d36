import pytest
from hypothesis import settings

from nlp.engine import Engine

settings.register_profile("meaning", deadline=None)  # what holds is tested, not how fast on a busy machine
settings.load_profile("meaning")


@pytest.fixture(scope="session")
def engine() -> Engine:
    built = Engine()
    built.warm()
    return built
