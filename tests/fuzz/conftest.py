"""How long the fuzz tests run. The environment variable SKRNN_FUZZ names the profile.

- "short", the default: a few examples of each law, the same ones in each run;
- "long": ten thousand cases, new ones in each run. A fault does not end a test, so that the counts are complete. The
  counts are printed at the end. A number does the same with this number of examples for each test.

A test of this folder has no settings of its own: it runs as many examples as the profile says. The other folders keep
their own profile.
"""

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.fuzz.tally import IS_LONG, PROFILE, TALLY

_COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("fuzz-short", max_examples=15, derandomize=True, **_COMMON)
_N_EXAMPLES = 590 if PROFILE == "long" else int(PROFILE) if PROFILE.isdigit() else 15
settings.register_profile("fuzz-long", max_examples=_N_EXAMPLES, database=None, phases=[Phase.generate], **_COMMON)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    # hypothesis reads the profile where a test is defined, that is when its module is imported
    settings.load_profile("fuzz-long" if IS_LONG else "fuzz-short")
    try:
        return (yield)
    finally:
        settings.load_profile("skrnn")


@pytest.fixture(autouse=True, scope="session")
def _room_for_networks():
    """Keep all traced networks of the fuzz tests, which share their structures."""
    from skrnn.network.pool import networks

    before, networks.max_idle = networks.max_idle, 300
    yield
    networks.max_idle = before
    networks.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    known = len(TALLY.faults)
    result = yield
    if len(TALLY.faults) > known:
        pytest.fail("\n\n".join(fault for _, fault in [*TALLY.faults.values()][known:]), pytrace=False)
    return result


def pytest_terminal_summary(terminalreporter):
    if IS_LONG:
        terminalreporter.section("fuzz")
        terminalreporter.write(TALLY.table())
