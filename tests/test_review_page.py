"""The page that a reviewer reads: whatever stands in the data stays text."""

from clv import reports

SCRIPT = "<script>alert(1)</script>"


def content(**changed):
    row = {"metric": SCRIPT, "candidate": 1.5, "production": None, "difference": 12345.678, "candidate_is": "worse"}
    return {
        "at": "2026-11-23T12:00:00+00:00",
        "model": SCRIPT,
        "version": "3",
        "against": "2",
        "is_in_production": False,
        "totals": [{"recipe": SCRIPT, "predicted": 100.0, "actual": 123456.0}],
        "recommendation": f"Promote {SCRIPT}",
        "gates": [{"name": SCRIPT, "passed": True, "reason": SCRIPT, "figures": {}}],
        "evaluation": {"cutoff": "2026-01-01", "horizon_days": 90, "customers": 1000, "confidence": 0.9},
        "metrics": [row],
        "baselines": [row],
        "deciles": {},
        "by_stage": [row],
        "by_orders": [row],
        "coverage": {"candidate": [row]},
        "ranking": {
            "customers": 9,
            "as_of": "2026-01-01",
            "predicted": {SCRIPT: {"total": 5.0, "tied": 0.6}, "production": {"total": 6.0, "tied": 0.01}},
            "top_decile_overlap": 0.5,
            "rank_correlation": 0.9,
            "movers": [{"customer_id": SCRIPT, "rank_change": -1000}],
        },
        "differences": {
            "data": {SCRIPT: [SCRIPT, None]},
            "libraries": {},
            "features_added": [SCRIPT],
            "features_removed": [],
            "configuration": {SCRIPT: [SCRIPT, "1"]},
        },
        "monitor": {"verdict": "alarm", "as_of": SCRIPT, "run": SCRIPT, "verdict_reasons": SCRIPT},
        "data_sha256": "0" * 64,
    } | changed


def test_every_value_is_escaped_and_numbers_are_readable():
    page = reports.review_page(content(), {})
    assert "<script" not in page and page.count("&lt;script&gt;") > 12
    assert "gates passed" in page and ">12,346<" in page and ">1.5<" in page and ">–<" in page and ">-1,000<" in page


def test_a_failed_gate_shows_the_command_with_override_and_nothing_in_production_shows_no_comparison():
    failed = [{"name": "bias within limits", "passed": False, "reason": "2.000", "figures": {}}]
    page = reports.review_page(content(gates=failed, against=None, differences={}, ranking={}, monitor=None), {})
    assert "gates failed" in page and "-P override=true" in page and "against nothing in production" in page
    assert "60% of the customers have one and the same prediction" in reports.review_page(content(), {})
    assert "How the ranking would change" not in page and "What the monitor last said" not in page
