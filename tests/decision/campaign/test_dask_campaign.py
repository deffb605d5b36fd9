"""A Dask cluster that does not work is named; that one that does gives the same is for `test_agreement`."""

import pytest
from distributed import LocalCluster
from distributed.comm.core import CommClosedError

from decision.command.campaign_crew import dask_crew
from rules.errors import Unavailable


def test_a_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decision.command.campaign_crew.CONNECT_SECONDS", 0.2)
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"), dask_crew("tcp://127.0.0.1:1"):
        pass


def test_a_scheduler_that_goes_away_is_named() -> None:
    with LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster:  # type: ignore[no-untyped-call]
        address = cluster.scheduler_address
        with pytest.raises(Unavailable, match="run the same command again"), dask_crew(address):
            raise CommClosedError("in <TCP (closed)>")
