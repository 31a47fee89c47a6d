"""A generic fuzzer against the OpenAPI file: no 500, no status and no type that it does not promise."""

import hypothesis
import pytest
import schemathesis
from egmsql.web.plugin import ROUTES, served_of
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from egmsql.serve import datasette_for

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]


@pytest.fixture(scope="module")
def schema(real_lake):
    datasette = datasette_for(real_lake)
    yield schemathesis.openapi.from_asgi("/-/egms/openapi.json", datasette.app())
    served_of(datasette).close()
    datasette.executor.shutdown()


REQUESTS = [(route.path, "positive") for route in ROUTES]
REQUESTS += [(route.path, "negative") for route in ROUTES if route.parameters]  # something to spoil


@pytest.mark.parametrize(("path", "mode"), REQUESTS)
def test_no_request_that_the_fuzzer_makes_ends_in_a_500(schema, path, mode):
    operation = schema[path]["GET"]
    strategy = operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode))

    @hypothesis.given(case=strategy)
    @hypothesis.settings(
        max_examples=30, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    def fuzz(case):
        case.validate_response(case.call(), checks=CHECKS)

    fuzz()
