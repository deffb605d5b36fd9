"""The race itself, for a few seconds: `concierge race --rounds 10000` runs it for longer."""

from io import StringIO

from rich.console import Console

from loadtest.race.run import Race


async def test_no_cap_is_exceeded_however_many_decide_at_once_and_whoever_is_killed() -> None:
    findings = await Race(Console(file=StringIO()), rounds=50, workers=2, kill_every=40, seed=3).run()
    print("\n".join(findings.lines()))
    assert (findings.over, findings.uncounted, findings.rounds) == (0, 0, 50)
    assert (findings.oversold, findings.torn) == (0, 0)
    # It was a race: there was more to show than the caps allow, in every round, and somebody was killed.
    assert findings.kills > 0
    assert findings.moved > 0
    # What the killed one held comes back too late for this race.
    assert findings.units > 0.5 * findings.limited
    assert findings.full > 0.3 * findings.caps
    assert findings.answers > 20 * findings.rounds
