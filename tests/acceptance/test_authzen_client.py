"""AuthZEN asked by a client that shares no code with the server: `apparitor`, which reads answers strictly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import pytest

pytest.importorskip("apparitor", reason="needs the extra `test`")
pytest.importorskip("starlette", reason="needs the extra `serve`")

from apparitor.client import AuthZENClient
from apparitor.config import ScannerConfig
from apparitor.errors import AuthZENClientError
from apparitor.models import BatchEvaluationRequest, EvaluationRequest

from tests.server.test_authzen import HOSTING_DATA, OPEN, SHOP_DATA, SUBJECT, product, question
from tests.support.api_server import Start, start

__all__ = ["start"]
T = TypeVar("T")


def asked(base: str, ask: Callable[[Any], Awaitable[T]]) -> T:
    """What the client answers."""

    async def run() -> T:
        limits = {"request_budget_s": 60, "read_timeout_s": 60, "connect_timeout_s": 60}
        settings = ScannerConfig.model_validate({"pdp_url": base, "allow_insecure_pdp": True, **limits})
        async with AuthZENClient(settings) as client:
            return await ask(client)

    return asyncio.run(run())


def test_a_foreign_client_reads_decisions_batches_and_refusals(start: Start) -> None:
    base = start().base
    expected = {"allow": SHOP_DATA, "needs-license": HOSTING_DATA, "incomplete": OPEN}
    for verdict, profile in expected.items():
        request = EvaluationRequest.model_validate(question(profile))
        answer = asked(base, partial(AuthZENClient.evaluate, request=request))
        assert answer.context is not None
        assert (answer.decision, answer.context["verdict"]) == (verdict == "allow", verdict)
    body = {
        "subject": SUBJECT,
        "action": {"name": "launch"},
        "evaluations": [{"resource": product(SHOP_DATA)}, {"resource": product(HOSTING_DATA)}, {}],
        "options": {"evaluations_semantic": "execute_all"},
    }
    several = BatchEvaluationRequest.model_validate(body)
    answers = asked(base, lambda client: client.evaluate_batch(several))
    assert [one.decision for one in answers.evaluations] == [True, False, False]
    wrong = EvaluationRequest.model_validate(question({**SHOP_DATA, "services": "none"}))
    with pytest.raises(AuthZENClientError, match="400"):
        asked(base, lambda client: client.evaluate(wrong))
