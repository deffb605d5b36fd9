"""The tables a demo ends with."""

import numpy as np
from rich.console import Console
from rich.table import Table

from loadtest.hotel.ledger import CONSTANT, POLICIES, TRAINED, Standing
from loadtest.hotel.population import CHANNELS

Standings = dict[tuple[int, str], Standing]
"""How each policy did, by channel and policy."""


def print_standings(console: Console, standings: Standings) -> None:
    """One run: every policy on every channel."""
    table = Table(title="What came of it", title_justify="left")
    table.add_column("channel")
    table.add_column("policy")
    for heading in ("decisions", "median ms", "p99 ms", "accepted", "accept rate", "€ per decision"):
        table.add_column(heading, justify="right")
    for (channel, policy), standing in standings.items():
        timed = not np.isnan(standing.median_ms)
        table.add_row(
            CHANNELS[channel],
            policy,
            f"{standing.decisions:,}",
            f"{standing.median_ms:.1f}" if timed else "–",
            f"{standing.p99_ms:.1f}" if timed and standing.p99_ms != standing.median_ms else "–",
            f"{standing.accepted:.1%}" if timed else "–",
            f"{standing.chance:.1%}",
            f"{standing.value:.2f} ± {standing.error:.2f}",
            style="bold" if policy == TRAINED else "",
            end_section=policy == POLICIES[-1],
        )
    console.print(table)
    console.print(
        "Latency is measured by the caller, who shares the machine, with a few visits under way at once; the "
        "campaign's is its whole time per line. 'accepted' is what happened; 'accept rate' and '€ per decision' "
        "(± standard error) are the world's own expectation for the slates that were shown, since luck hides small "
        "differences. The best constant is a slate chosen with full knowledge of the world on the very visits it is "
        "judged on, spared from fatigue and contact policy.",
        style="dim",
    )


def print_seeds(console: Console, runs: list[Standings]) -> bool:
    """Several runs: mean and spread (standard deviation over seeds); says whether the trained model won everywhere."""
    table = Table(title=f"€ per decision over {len(runs)} seeds: mean ± standard deviation", title_justify="left")
    table.add_column("channel")
    for policy in POLICIES:
        table.add_column(policy, justify="right", style="bold" if policy == TRAINED else "")
    table.add_column("seeds won by the trained model", justify="right")
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
            f"{won} of {len(runs)}",
        )
    console.print(table)
    gain = np.array([[run[c, TRAINED].value / run[c, CONSTANT].value for c in range(len(CHANNELS))] for run in runs])
    console.print(
        f"Against the best constant the trained model earns {gain.min():.2f} to {gain.max():.2f} times as much."
    )
    return everywhere
