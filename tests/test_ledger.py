"""The chain of decisions: what was written stays, or is seen to have been changed."""

import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv.registry import ledger


def entry(event, version, at, before=None):
    said = {"at": at, "event": event, "by": "Ann", "why": "tést", "from": before, "to": version}
    return said | {"versions": [f"clv/{version}"], "entered_by": "ann"}


STORY = [
    entry("bootstrap", "1", "2026-04-01T08:00:00+00:00"),
    entry("rejection", "2", "2026-04-15T08:00:00+00:00", "1"),
    entry("promotion", "3", "2026-05-01T12:00:00+00:00", "1"),
    entry("promoted outside the ledger", "4", "2026-06-01T09:30:00+00:00", "3"),
    entry("rollback", "3", "2026-06-02T09:30:00+00:00", "4"),
]


def written(contents=STORY):
    stored = {}
    for content in contents:
        name, text = ledger.following(stored, content)
        stored[name] = text
    return stored | {f"{name}.sealed": ledger.digest(text) for name, text in stored.items()}


STORED = written()
HEAD = (5, ledger.digest(STORED["000005"]))


def test_an_untouched_chain_has_no_problem_and_reads_in_order():
    assert ledger.problems(STORED, HEAD) == [] and ledger.problems({}, None) == []
    assert [found["number"] for found in ledger.entries(STORED)] == [1, 2, 3, 4, 5]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_one_byte_changed_removed_or_added_anywhere_is_found(data):
    name = data.draw(st.sampled_from(sorted(STORED)))
    raw = STORED[name].encode()
    place, byte = data.draw(st.integers(0, len(raw) - 1)), bytes([data.draw(st.integers(32, 126))])
    spoilt = data.draw(
        st.sampled_from(
            [raw[:place] + byte + raw[place + 1 :], raw[:place] + raw[place + 1 :], raw[:place] + byte + raw[place:]]
        )
    )
    if spoilt != raw:
        assert ledger.problems(STORED | {name: spoilt.decode(errors="replace")}, HEAD)


@pytest.mark.parametrize("gone", sorted(STORED))
def test_an_entry_or_a_seal_that_was_removed_is_found(gone):
    rest = {name: text for name, text in STORED.items() if name != gone}
    waits = [entry["number"] for entry in ledger.unsealed(rest)]
    assert ledger.problems(rest, HEAD) or (gone, waits) == (
        "000005.sealed",
        [5],
    )  # the newest waits to be sealed, and is told of


def test_the_newest_entries_cannot_be_cut_off_with_their_seals_and_none_can_be_added_or_swapped():
    cut = {name: text for name, text in STORED.items() if name < "000004"}
    assert ledger.problems(cut, HEAD) == [
        f"the newest entry was 5 with digest {HEAD[1][:12]}; it was removed or changed"
    ]
    again = STORED["000005"].replace('"number": 5', '"number": 6')
    assert ledger.problems(STORED | {"000006": again}, HEAD) == [
        "entry 6 does not follow entry 5: one of the two was changed, or it was added"
    ]
    assert ledger.problems(STORED | {"note": "mine"}, HEAD) == [
        "note was added: it is neither an entry nor the seal of one"
    ]
    swapped = STORED | {"000002": STORED["000003"], "000003": STORED["000002"]}
    assert len(ledger.problems(swapped, HEAD)) >= 2


@pytest.mark.parametrize(
    "change",
    [
        ("number", "5"),
        ("number", 9),
        ("versions", None),
        ("event", "coup"),
        ("at", "yesterday"),
        ("at", "2026-06-02"),
        ("versions", [2]),
        ("by", None),
    ],
)
def test_an_entry_that_is_none_is_a_problem_and_never_a_crash(change):
    spoilt = json.loads(STORED["000005"]) | dict([change])
    stored = STORED | {"000005": ledger.text_of(spoilt)}
    assert ledger.problems(stored, HEAD) and [entry["number"] for entry in ledger.entries(stored)] == [1, 2, 3, 4]
    del spoilt["previous"]
    assert ledger.problems(STORED | {"000005": ledger.text_of(spoilt), "²": "x"}, None)


def test_an_alias_that_was_taken_away_leaves_nothing_in_production_and_is_remembered():
    known = ledger.entries(
        written([*STORY, entry("promoted outside the ledger", None, "2026-07-01T00:00:00+00:00", "3")])
    )
    assert ledger.current(known) is None and ledger.last_in_production(known) == "3"
    assert ledger.at(known, ledger.moment_of("2026-07-02"))["to"] is None


def test_what_was_decided_last_about_a_version_is_told():
    known = ledger.entries(STORED)
    assert ledger.last_word(known, "clv/2") == "rejection by Ann on 2026-04-15 (tést)"
    assert ledger.last_word(known, "clv/4") == "nobody decided about it before"
    assert ledger.approved(known, "3")["number"] == 3 and ledger.approved(known, "1") is None


def test_a_chain_made_anew_with_other_content_does_not_hold_the_head_that_was_kept():
    forged = written([STORY[0] | {"by": "Bob"}, *STORY[1:]])
    assert ledger.problems(forged, None) == [] and ledger.problems(forged, HEAD)


@pytest.mark.parametrize(
    "asked, version",
    [
        ("2026-03-31", None),
        ("2026-04-01", "1"),
        ("2026-04-20", "1"),
        ("2026-05-01T11:59:59", "1"),
        ("2026-05-01T14:00:01+02:00", "3"),
        ("2026-06-01", "4"),
        ("2026-11-23", "3"),
    ],
)
def test_the_version_in_production_at_a_day_is_that_of_its_end(asked, version):
    found = ledger.at(ledger.entries(STORED), ledger.moment_of(asked))
    assert (found and found["to"]) == version


def test_rollbacks_lead_back_along_promotions_and_never_forward():
    known = ledger.entries(STORED)
    assert ledger.current(known) == "3" and ledger.before(known, "4") == "3"
    assert ledger.before(known, "3") == "1"  # not 4, which was left by a rollback
    assert ledger.before(known, "1") is None


KEY = b"a secret of the test"


def coded(stored, *numbers):
    return stored | {ledger.code_key(n): ledger.code(stored[ledger.key(n)], KEY) for n in numbers}


def numbers(found):
    return [entry["number"] for entry in found]


def test_without_a_key_what_counts_ends_with_the_newest_seal():
    waiting = {name: text for name, text in STORED.items() if name not in ("000004.sealed", "000005.sealed")}
    assert numbers(ledger.unsealed(STORED)) == [] and numbers(ledger.unsealed(waiting)) == [4, 5]


def test_with_a_key_what_counts_ends_with_the_newest_code_which_vouches_for_all_before_it():
    assert numbers(ledger.unsealed(STORED, KEY)) == [
        1,
        2,
        3,
        4,
        5,
    ]  # somebody without the key could have written all of it
    assert numbers(ledger.unsealed(coded(STORED, 4), KEY)) == [5] and ledger.vouched(coded(STORED, 4), KEY) == 4
    assert ledger.unsealed(coded(STORED, 5), KEY) == [] and ledger.problems(coded(STORED, 5), HEAD, KEY) == []
    assert ledger.problems(coded(STORED, 5), HEAD) == []  # who has no key checks the rest


def test_a_chain_made_anew_by_somebody_without_the_key_does_not_have_its_codes():
    forged = written([STORY[0] | {"by": "Bob"}, *STORY[1:]])
    theirs = {name: text for name, text in coded(STORED, 5).items() if name.endswith(".mac")}
    assert ledger.problems(forged, (5, ledger.digest(forged["000005"]))) == []
    assert ledger.problems(forged | theirs, None, KEY) == [
        "entry 5 has a code of another key, or somebody without the key made it"
    ]


def test_only_what_nobody_decides_is_finished_without_a_person():
    outside, promotion = STORY[3] | {"number": 4}, STORY[2] | {"number": 5}
    assert numbers(ledger.noticed([outside, promotion, outside])) == [4] and ledger.noticed([promotion]) == []
    assert ledger.noticed([STORY[0] | {"number": 1}]) and ledger.noticed([STORY[0] | {"number": 6}]) == []


def test_a_day_is_read_as_utc_and_nonsense_is_refused():
    assert ledger.moment_of("2026-05-01") == dt.datetime(2026, 5, 2, tzinfo=dt.UTC)
    with pytest.raises(ValueError, match="Invalid isoformat string"):
        ledger.moment_of("yesterday")
