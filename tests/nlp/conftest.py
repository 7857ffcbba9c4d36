import pytest

from nlp.engine import Engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    built = Engine()
    built.warm()
    return built
