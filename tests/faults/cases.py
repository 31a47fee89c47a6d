"""How many cases the fuzzers try: few in the tests, `EGMSQL_FUZZ` times as many on demand (`make fuzz`)."""

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("EGMSQL_FUZZ", "1"))


def cases(few):
    """Return hypothesis' settings for a fuzzer that tries `few` cases in the tests."""
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    return settings(max_examples=few * TIMES, deadline=None, database=None, suppress_health_check=quiet)
