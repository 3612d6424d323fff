"""What a report tells: to people, to programs, to a notebook."""

from __future__ import annotations

import pickle

import pytest

from aiodockerhub.bulk.report import Report, Result
from aiodockerhub.errors import (
    BulkFailed,
    Closed,
    DockerError,
    Forbidden,
    NotFound,
)


def names(count):
    return [f"image:{number}" for number in range(count)]


def result(reference, error=None, size=0):
    return Result(reference, None if error else reference.upper(), error, 1, 0.25, size)


def mixed(count=5):
    results = [result(name, size=1024 * 1024) for name in names(count)]
    results += [result(f"gone:{n}", NotFound(f"manifest for gone:{n} not found")) for n in range(4)]
    return Report(
        [*results, result("c", Closed("c: cancelled")), result("f", Forbidden("denied"))], seconds=2, total=20
    )


def test_a_summary_tells_counts_and_like_failures_together():
    assert mixed().summary().splitlines() == [
        "5 ok, 6 failed, 9 not begun in 2.0 s, 5.0 MiB transferred",
        "4 x NotFound: manifest for gone:0 not found [gone:0, gone:1, gone:2 and 1 more]",
        "1 x Forbidden: denied [f]",
        "1 x Closed: c: cancelled [c]",
    ]


def test_a_summary_of_many_kinds_stays_short():
    report = Report([result(f"r{n}", DockerError("x" * 1_000 + str(n * n))) for n in range(100)], seconds=1, total=100)
    lines = report.summary().splitlines()
    assert len(lines) == 7
    assert lines[-1] == "and 95 more failures of 95 other kinds"
    assert max(map(len, lines)) < 400


def test_raising_for_failures_carries_the_report_and_names_the_first():
    report = mixed()
    with pytest.raises(BulkFailed, match=r"^6 of 11 failed\n4 x NotFound: manifest for gone:0") as raised:
        report.raise_for_failures()
    assert raised.value.report is report
    assert raised.value.__cause__ is report.failed[0].error


def test_a_report_without_failures_raises_nothing():
    report = Report([result("a")], seconds=1, total=1)
    report.raise_for_failures()
    assert report.summary() == "1 ok, 0 failed in 1.0 s, 0 B transferred"


def test_a_report_is_true_whatever_it_holds_and_short_in_a_shell():
    assert Report([], seconds=0, total=0)
    assert mixed()
    assert repr(mixed(50_000)) == "<Report 50,000 ok, 6 failed in 2.0 s, 48.8 GiB transferred>"
    assert len(mixed()) == 11
    assert [one.reference for one in mixed()][:2] == ["image:0", "image:1"]


def test_a_report_in_a_notebook_is_a_short_table_with_failures_first_and_nothing_unescaped():
    results = [*map(result, names(60)), result("<b>", DockerError("<script>alert(1)</script>\n& more"))]
    page = Report(results, seconds=1, total=61)._repr_html_()
    assert page.count("<tr>") == 51
    assert page.index("&lt;b&gt;") < page.index("image:0")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "<script>" not in page
    assert "and 11 more, 0 of them failed" in page


def test_a_report_with_more_failures_than_rows_says_so():
    page = Report([result(name, NotFound("no")) for name in names(80)], seconds=1, total=80)._repr_html_()
    assert "and 30 more, 30 of them failed" in page


def test_a_report_and_its_error_can_be_sent_to_another_process():
    with pytest.raises(BulkFailed) as raised:
        mixed().raise_for_failures()
    again = pickle.loads(pickle.dumps(raised.value))
    assert again.report.summary() == mixed().summary()
