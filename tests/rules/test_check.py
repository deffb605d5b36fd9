import re
from pathlib import Path

import pytest

from rules.check import check_workspace
from tests.rules.small_workspace import OFFERS, TOML, check, replaced

BROKEN = Path(__file__).parents[1] / "workspaces" / "broken"


def test_twenty_planted_mistakes_are_twenty_findings_in_one_run() -> None:
    checked = check_workspace(
        (BROKEN / "concierge.toml").read_bytes(), (BROKEN / "offers.csv").read_bytes(), "offers.csv"
    )
    assert [(finding.file, finding.key) for finding in checked.findings] == [
        ("concierge.toml", "colour"),
        ("concierge.toml", "attributes.customer.age.type"),
        ("concierge.toml", "placements.home.slots"),
        ("concierge.toml", "placements.call.channel"),
        ("concierge.toml", "placements.mail.goal"),
        ("concierge.toml", "affinities.brand.half_life"),
        ("concierge.toml", "traits.preferred_theme.affinity"),
        ("concierge.toml", "counters.shown.per"),
        ("concierge.toml", "placements.home.exploration.epsilon"),
        ("concierge.toml", "placements.call.fallback"),
        ("concierge.toml", "rules[2].id"),
        ("concierge.toml", "levers.spring.until"),
        ("concierge.toml", "contact_policy.no-mail.channels"),
        ("concierge.toml", "placements.mail.candidates"),
        ("concierge.toml", "goals.accept.value"),
        ("concierge.toml", "rules.members-rates.holds"),
        ("concierge.toml", "rules.ski.offers"),
        ("offers.csv", "line 6, column id"),
        ("offers.csv", "line 7, column brand"),
        ("offers.csv", "line 3, column price"),
    ]
    assert checked.catalogue is None
    assert len({finding.message for finding in checked.findings}) == 20


def test_a_sound_workspace_has_no_finding_and_gives_a_catalogue() -> None:
    checked = check()
    assert checked.findings == ()
    assert checked.catalogue is not None
    assert set(checked.catalogue.placements) == {"home", "call", "mail"}


MISTAKES = [
    ('name = "small"', "name = 7", "name", "must be a string"),
    ('name = "small"\n', "", "name", "is missing; give a string"),
    ('[goals.accept]\noutcome = "accept"', "[goals.accept]\noutcome = ''", "goals.accept.outcome", "is empty"),
    ('window = "7d"', 'window = "7"', "goals.accept.window", "not a duration"),
    ('value = "offer.margin"', 'value = "offer.brand"', "goals.accept.value", "number|double"),
    ('value = "offer.margin"', 'value = "offer.margin"\nobjective = "value"', "goals.accept.value", "drop one"),
    ('value = "offer.margin"', 'value = "offer.margin"\nobjective = "increment"', "goals.accept.value", '"increment"'),
    ("party = { type =", "party = { tpye =", "attributes.context.party.tpye", "did you mean 'type'"),
    ("points = { type =", '"my points" = { type =', "attributes.customer.my points", "cannot be read"),
    ("member = { type =", "in = { type = 'int' }\nmember = { type =", "attributes.customer.in", "CEL's own words"),
    ("nights = {", "ends = { type = 'int' }\nnights = {", "attributes.offer.ends", "built in"),
    ("party = { type =", 'party = { values = ["1"], type =', "attributes.context.party.values", "not of type int"),
    ('values = ["phone", "desktop"]', 'values = ["phone", "phone"]', "attributes.context.device.values", "2 times"),
    ('values = ["phone", "desktop"]', "values = []", "attributes.context.device.values", "nothing would fit"),
    ('values = ["phone", "desktop"]', 'values = ["phone", 1]', "attributes.context.device.values[2]", "a string"),
    ('half_life = "14d"', 'half_life = "0d"', "affinities.destination.half_life", "out of range"),
    (
        "weights = { view = 1.0, search = 3.0, booking = 5.0 }",
        "weights = {}",
        "affinities.destination.weights",
        "empty",
    ),
    ("search = 3.0", "search = nan", "affinities.destination.weights.search", "finite"),
    ("search = 3.0", "search = -1e13", "affinities.destination.weights.search", "between -1e.12 and 1e.12"),
    ('event = "theme"', 'event = "themes"', "affinities.theme.event", "did you mean 'theme'"),
    ('offer = "theme"', 'offer = "price"', "affinities.theme.offer", "of type float, and string or list is needed"),
    ('declared = "favourite_brand"', 'declared = "age"', "traits.preferred_brand.declared", "is of type int"),
    ('searching = "destination"', 'searching = "where"', "traits.preferred_destination.searching", "not a declared"),
    ("blend = 0.5", "blend = 50", "traits.preferred_destination.blend", "between 0 and 1"),
    ('events = ["booking"]', "events = []", "activities.stays.events", "at least one"),
    ('per = "theme"\nwithin = "30d"', 'per = "theme"\nwithin = "x"', "counters.theme_shown.within", "not a duration"),
    ("slots = 3", "slots = 0", "placements.home.slots", "at least 1"),
    ('channel = "web"\nslots = 3', 'channel = "fax"\nslots = 3', "placements.home.channel", "one of app, call-center"),
    ("temperature = 0.3", "temperature = -1", "placements.home.exploration.temperature", "below 0"),
    ("temperature = 0.3", "optimism = -0.1", "placements.home.exploration.optimism", "below 0, not -0.1"),
    ("temperature = 0.3", "optimism = 1e308", "placements.home.exploration.optimism", "above 100, not 1e"),
    ("at_most = { theme = 1 }", "goals = { acept = 2 }", "placements.home.goals.acept", "did you mean 'accept'"),
    ("at_most = { theme = 1 }", "goals = { accept = 2 }", "placements.home.goals.accept", "own goal"),
    ("at_most = { theme = 1 }", "goals = { accept = 'x' }", "placements.home.goals.accept", "finite number"),
    ("at_most = { theme = 1 }", "at_most = { theme = 0 }", "placements.home.at_most.theme", "at least 1"),
    ("at_most = { theme = 1 }", "at_most = { price = 1 }", "placements.home.at_most.price", "is of type float"),
    ('fallback = ["alba-club"]', 'fallback = ["alba-clubs"]', "placements.home.fallback", "did you mean 'alba-club'"),
    ('exclude = ["brisa-spa"]', 'exclude = ["x"]', "placements.mail.exclude", "not a published offer"),
    ('exclude = ["brisa-spa"]', 'exclude = ["corte-romantic"]', "placements.mail.fallback", "exclude names too"),
    ('fallback = ["alba-club"]', 'fallback = ["alba-spa", "alba-spa"]', "placements.home.fallback", "2 times"),
    ('consent = "email"', 'mandatory = ["alba-spa"]', "placements.mail.mandatory", "candidates leaves out"),
    ("slots = 1", 'slots = 1\nmandatory = ["alba-club", "alba-family"]', "placements.mail.mandatory", "2 offers for 1"),
    ("offer.theme != 'spa'", "offer.theme == 'ski'", "placements.mail.candidates", "nothing is ever shown"),
    ("offer.theme != 'spa'", "offer.nights < 9", "placements.mail.candidates", "alba-club, brisa-club, and"),
    ('placements = ["call"]', 'placements = ["calls"]', "rules.known-brand.placements", "did you mean 'call'"),
    ('placements = ["call"]', "placements = []", "rules.known-brand.placements", "is empty"),
    ('holds = "customer.member"', 'holds = "customer.memer"', "rules.members-rates.holds", "memer"),
    ('holds = "customer.member"', 'holds = "customer.age"', "rules.members-rates.holds", "bool"),
    ('holds = "customer.member"', 'holds = "true"', "rules.members-rates.holds", "all 2 .* never matters"),
    ('holds = "customer.member"', 'holds = "!offer.members_only"', "rules.members-rates.holds", "can never be true"),
    (
        'offers = "offer.members_only"',
        'offers = "customer.member"',
        "rules.members-rates.offers",
        "only read the offer",
    ),
    (
        "offers = \"offer.theme == 'romantic'\"",
        "offers = \"offer.theme == 'ski'\"",
        "rules.known-brand.offers",
        "none of",
    ),
    ('kind = "suitability"', 'kind = "suitable"', "rules.known-brand.kind", "did you mean 'suitability'"),
    ('id = "known-brand"', 'id = "members-rates"', "rules[3].id", "taken"),
    ('id = "known-brand"', 'id = "known brand"', "rules.known brand.id", "not a usable id"),
    ("factor = 1.2", "factor = 0", "levers.house-brands.factor", "above 0"),
    ("factor = 1.2", "factor = 1e308", "levers.house-brands.factor", "between 0.001 and 1000"),
    ("factor = 1.2", "factor = 1e-308", "levers.house-brands.factor", "between 0.001 and 1000"),
    ("factor = 1.2", "factor = 1", "levers.house-brands.factor", "never matters"),
    (
        'scope = { brand = ["Alba", "Brisa"] }',
        'scope = { brand = ["Alpa"] }',
        "levers.house-brands.scope.brand",
        "'Alba'",
    ),
    ('scope = { brand = ["Alba", "Brisa"] }', "scope = { brand = [] }", "levers.house-brands.scope.brand", "nothing"),
    ('scope = { brand = ["Alba", "Brisa"] }', 'scope = { theme = ["x"] }', "levers.house-brands.scope.theme", "'x'"),
    ('scope = { brand = ["Corte"] }', "offers = \"offer.theme == 'x'\"", "levers.corte-spring.offers", "none of"),
    ('until = "2026-06-01T00:00:00Z"', "", "levers.corte-spring.until", "is missing"),
    ('until = "2026-06-01T00:00:00Z"', 'until = "June"', "levers.corte-spring.until", "is not a moment"),
    ('until = "2026-06-01T00:00:00Z"', "until = 2026-06-01", "levers.corte-spring.until", "put it in quotes"),
    ('until = "2026-06-01T00:00:00Z"', 'until = "2026-02-01"', "levers.corte-spring.until", "never in force"),
    ('kind = "permanent"', 'kind = "permanent"\nuntil = "2026-02-01"', "levers.house-brands.until", "permanent lever"),
    ("at_most = 3", "at_most = 0", "contact_policy.three-mails-a-week.at_most", "at least 1"),
    ('channels = ["email"]', 'channels = ["app"]', "contact_policy.three-mails-a-week.channels", "never matters"),
    ('channels = ["email"]', "channels = []", "contact_policy.three-mails-a-week.channels", "name a channel"),
    ('per = "id"', 'per = "price"', "contact_policy.same-offer-twice-a-day.per", "is of type float"),
    (
        "[placements.home]",
        '[goals.idle]\noutcome = "x"\nwindow = "1d"\n[placements.home]',
        "goals.idle",
        "never matters",
    ),
    ("at_most = 3", 'at_most = 3\nrest = "soon"', "contact_policy.three-mails-a-week.rest", "not a duration"),
    ("at_most = 3", 'at_most = 3\nrest = "0d"', "contact_policy.three-mails-a-week.rest", "more than nothing"),
    ("at_most = 3", "at_most = 3\nrest = 60", "contact_policy.three-mails-a-week.rest", "must be a string"),
    ("at_most = 3", 'at_most = 3\ntogether = "no"', "contact_policy.three-mails-a-week.together", "true or false"),
    ("at_most = 3", "at_most = 3\ntogether = false", "contact_policy.three-mails-a-week.together", "one channel only"),
    ("at_most = 3", "at_most = 2049", "contact_policy.three-mails-a-week.at_most", "2,048"),
    ("at_most = 3", "at_most = 3\npending = '1h'", "contact_policy.three-mails-a-week.pending", "'decision'"),
    (
        'count = "decision"\nper = "id"',
        'count = "impression"\npending = "soon"\nper = "id"',
        "contact_policy.same-offer-twice-a-day.pending",
        "'soon'",
    ),
    ("at_most = 3", "at_most = 3\nunless = ['']", "contact_policy.three-mails-a-week.unless", "kinds of outcome"),
    ("at_most = 2", "at_most = 2\nunless = ['decision']", "contact_policy.same-offer-twice-a-day.unless", "drop it"),
    ("at_most = 2", "at_most = 2\nunless = ['bokking']", "contact_policy.same-offer-twice-a-day.unless", "'booking'"),
    ("at_most = 2", "at_most = 2\nunless = ['x', 'x']", "contact_policy.same-offer-twice-a-day.unless", "2 times"),
    (
        'count = "decision"\nat_most = 3',
        'count = "click"\nunless = ["decision"]\nat_most = 3',
        "contact_policy.three-mails-a-week.unless",
        "no response of a customer",
    ),
    (
        "[placements.home]",
        '[[features]]\nname = "position"\nvalue = "1"\n[placements.home]',
        "features.position.name",
        "",
    ),
    ("[placements.home]", '[[features]]\nname = "f"\nvalue = "now"\n[placements.home]', "features.f.value", "needed"),
]


@pytest.mark.parametrize(("old", "new", "key", "sentence"), MISTAKES)
def test_one_mistake_is_one_finding(old: str, new: str, key: str, sentence: str) -> None:
    findings = check(replaced(TOML, old, new)).findings
    assert [finding.key for finding in findings] == [key]
    assert re.search(sentence, findings[0].message)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('member = { type = "bool" }', 'member = { type = "yes" }', "attributes.customer.member.type"),
        ('member = { type = "bool" }', 'member = "bool"', "attributes.customer.member"),
        ('margin = { type = "float" }', 'margin = { type = "euro" }', "attributes.offer.margin.type"),
        ('destination = { type = "string" }\nprice', "destination = {}\nprice", "attributes.offer.destination.type"),
    ],
)
def test_a_wrong_declaration_does_not_make_its_readers_wrong(old: str, new: str, key: str) -> None:
    assert [finding.key for finding in check(replaced(TOML, old, new)).findings] == [key]


def test_what_takes_offers_but_no_candidate_of_its_placements_never_matters() -> None:
    spa = "offers = \"offer.theme == 'spa'\"\nplacements = ['mail']"
    rules = TOML.replace("[[levers]]", f"[[rules]]\nid = 'r'\nholds = 'customer.member'\n{spa}\n[[levers]]", 1)
    levers = replaced(rules, 'scope = { brand = ["Alba", "Brisa"] }', spa)
    found = {finding.key: finding.message for finding in check(levers).findings}
    assert set(found) == {"rules.r.offers", "levers.house-brands"}
    assert all("no candidate of" in message for message in found.values())


def test_a_byte_order_mark_is_no_part_of_the_workspace() -> None:
    assert check("\ufeff" + TOML).findings == ()


def test_a_bad_cell_is_no_reason_to_doubt_the_selectors_that_read_it() -> None:
    findings = check(offers=replaced(OFFERS, "Lisbon,180.0,50.0,1,true", "Lisbon,180.0,50.0,1,yes")).findings
    assert [finding.key for finding in findings] == ["line 4, column members_only"]


def test_toml_that_does_not_parse_says_where() -> None:
    checked = check(TOML + "\n[placements.home]\n")
    assert len(checked.findings) == 1
    assert "line" in checked.findings[0].message
    assert check_workspace(b"\xff", b"", "offers.csv").findings[0].message.startswith("is not UTF-8")


def test_warnings_do_not_keep_a_workspace_from_being_published() -> None:
    checked = check(replaced(TOML, "factor = 1.2", "factor = 1"))
    assert checked.errors == ()
    assert checked.catalogue is not None


def test_an_empty_workspace_names_what_it_needs() -> None:
    assert [finding.key for finding in check("").errors][:4] == ["name", "attributes", "placements", "goals"]


def test_toml_nested_beyond_reason_is_a_finding() -> None:
    checked = check_workspace(b"a=" + b"[" * 3_000, b"id\n", "offers.csv")
    assert ["nested too deeply" in finding.message for finding in checked.findings] == [True]


@pytest.mark.parametrize(("weight", "message"), [("0.5", None), ("-2", None), ("0", "not be 0"), ("1e13", "1e+12")])
def test_a_further_goal_has_a_weight_and_counts_as_worked_towards(weight: str, message: str | None) -> None:
    goal = '[goals.click]\noutcome = "click"\nwindow = "1d"\n[placements.home]'
    toml = replaced(TOML, "[placements.home]", goal)
    findings = check(replaced(toml, "at_most = { theme = 1 }", f"goals = {{ click = {weight} }}")).findings
    assert [finding.key for finding in findings] == ([] if message is None else ["placements.home.goals.click"])
    assert all(message is not None and message in finding.message for finding in findings)


HOLDOUT = '[holdout]\nshare = 0.1\nplacements = ["call"]\n\n[goals.accept]'


@pytest.mark.parametrize(
    ("epsilon", "goal", "heard"),
    [("0.1", "[goals.accept]", False), ("0.0", "[goals.accept]", True), ("0.0", HOLDOUT, False)],
)
def test_an_increment_needs_somebody_who_is_shown_nothing_by_chance(epsilon: str, goal: str, heard: bool) -> None:
    toml = replaced(TOML, 'value = "offer.margin"', 'objective = "increment"')
    toml = replaced(toml, "epsilon = 0.1", f"epsilon = {epsilon}")
    toml = replaced(toml, "[placements.mail]", "[placements.mail]\nexploration = { epsilon = 0.0 }")
    checked = check(replaced(toml, "[goals.accept]", goal))
    assert checked.catalogue is not None
    found = [(finding.key, finding.severity) for finding in checked.findings]
    assert found == ([("goals.accept.objective", "warning")] if heard else [])
