"""SNIP's own table, of results that are not all there yet."""

from benchmarks.snip import table
from eqdisc.benchmark.record import Record, Status
from eqdisc.benchmark.results import ResultsFolder

LIMITS = {"seconds": 10.0, "threads": 2.0}


def record(suite, method, **facts):
    return Record(suite, "a", method, 0, 1, "plan", LIMITS, truth="x + y", **facts)


def test_part_of_the_results_makes_part_of_the_table(tmp_path, capsys):
    solved = {"answer": "x + y", "wall_seconds": 2.0, "score": {"r2": 1.0, "solved": True}}
    with ResultsFolder(tmp_path, {"fingerprint": "plan", "rows": 20}) as results:
        results.append(record("feynman", "eqdisc", **solved))
        results.append(record("feynman", "eqdisc-all+snip", status=Status.TIMEOUT))
        results.append(record("strogatz", "eqdisc", **solved))
    table.main([str(tmp_path)])
    assert capsys.readouterr().out.splitlines()[2:] == [
        "| feynman | 20 | eqdisc | 1 | 100.0 | 100.0 | 100.0 | 100.0 | 3.0 | 2.0 |",
        "| feynman | 20 | eqdisc-all+snip | 1 | 0.0 | 0.0 | 0.0 | 0.0 | - | 10.0 |",
        "| strogatz | 20 | eqdisc | 1 | 100.0 | 100.0 | 100.0 | 100.0 | 3.0 | 2.0 |",
    ]
