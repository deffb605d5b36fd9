"""The tables a demo ends with."""

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from loadtest.hotel.ledger import CONSTANT, POLICIES, TRAINED, Standing
from loadtest.hotel.population import CHANNELS

Standings = dict[tuple[int, str], Standing]
"""How each policy did, by channel and policy."""


def print_standings(console: Console, standings: Standings) -> None:
    """One run: every policy on every channel."""
    table = Table(
        title="What came of it", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False
    )
    table.add_column("channel", no_wrap=True)
    table.add_column("policy", no_wrap=True)
    for heading in ("decisions", "median ms", "p99 ms", "accept rate", "€ a decision"):
        table.add_column("\n".join(heading.rsplit(" ", 1)), justify="right", no_wrap=True)
    for (channel, policy), standing in standings.items():
        table.add_row(
            CHANNELS[channel] if policy == POLICIES[0] else "",
            policy,
            f"{standing.decisions:,}",
            _milliseconds(standing.median_ms),
            _milliseconds(standing.p99_ms),
            f"{standing.chance:.1%}",
            f"{standing.value:.2f} ± {standing.error:.2f}",
            style="bold" if policy == TRAINED else "",
            end_section=policy == POLICIES[-1],
        )
    console.print(table)
    served = [standing for (_, policy), standing in standings.items() if policy != CONSTANT]
    happened = sum(standing.accepted * standing.decisions for standing in served)
    expected = sum(standing.chance * standing.decisions for standing in served)
    console.print(
        "Latency is the caller's, who shares the machine and has a few visits under way at once; the campaign's is the "
        "time from one answer of its stream to the next, which come in bursts. Accept rate and € a decision "
        "(± standard error) are what the world itself expects of the slates that were shown, for luck hides small "
        "differences: it expected "
        f"{expected:,.0f} acceptances, and {happened:,.0f} happened. The best constant is one slate for everyone, "
        "chosen with full knowledge of the world on the very visits it is judged on, and spared from fatigue and "
        "contact policy.",
        style="dim",
        highlight=False,
    )


def _milliseconds(time: float) -> str:
    if np.isnan(time):
        return "–"
    return f"{time:.1f}" if time >= 1 else f"{time:.2g}"


def print_seeds(console: Console, runs: list[Standings]) -> bool:
    """Several runs: mean and spread (standard deviation over seeds); says whether the trained model won everywhere."""
    table = Table(
        title=f"€ per decision over {len(runs)} seeds: mean ± standard deviation",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("channel", no_wrap=True)
    for policy in POLICIES:
        table.add_column(
            policy.replace(" ", "\n"), justify="right", no_wrap=True, style="bold" if policy == TRAINED else ""
        )
    table.add_column("trained\nwins", justify="right")
    everywhere = True
    for channel, name in enumerate(CHANNELS):
        values = {policy: np.array([run[channel, policy].value for run in runs]) for policy in POLICIES}
        rivals = np.max([values[policy] for policy in POLICIES if policy != TRAINED], axis=0)
        won = int((values[TRAINED] > rivals).sum())
        everywhere = everywhere and won == len(runs)
        table.add_row(
            name,
            *(
                f"{values[policy].mean():.2f} ± {values[policy].std(ddof=min(1, len(runs) - 1)):.2f}"
                for policy in POLICIES
            ),
            f"{won}/{len(runs)}",
        )
    console.print(table)
    gain = np.array([[run[c, TRAINED].value / run[c, CONSTANT].value for c in range(len(CHANNELS))] for run in runs])
    console.print(
        f"Against the best constant the trained model earns {gain.min():.2f} to {gain.max():.2f} times as much."
    )
    return everywhere
