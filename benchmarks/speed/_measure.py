"""How the speed benchmarks measure: interleaved medians, thread scaling, facts of the machine, results as
JSON.

One thread is timed by its CPU time, which other load on the machine inflates little; threads are timed by
the wall clock, best of several interleaved windows. The contenders take turns (A B A B ...), so that a
slow spell of the machine hits all of them.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"

#: Makes Numba compile for a machine with AVX2 and without AVX-512. The name alone is not enough: Numba would
#: add the features of the machine it runs on.
AVX2 = {
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+64bit,+sse,+sse2,+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+avx,+avx2,+fma,+f16c,"
    "+bmi,+bmi2,+lzcnt,+movbe,+cx8,+cx16,+cmov,+fxsr,+sahf,+xsave,+xsaveopt,+invpcid,+fsgsbase",
}


def paired(
    contenders: Mapping[str, Callable[[], object]],
    seconds: float,
    rounds: int,
    clock: Callable[[], float] = time.process_time,
    summarise: Callable[[Iterable[float]], float] = statistics.median,
) -> dict[str, float]:
    """Seconds a call of each contender takes; the interleaved rounds last about `seconds` for each in all."""
    calls = {}
    for name, run in contenders.items():
        run()  # compile, fill caches
        start = clock()
        run()
        calls[name] = max(1, round(seconds / rounds / max(clock() - start, 1e-6)))
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            start = clock()
            for _ in range(calls[name]):
                run()
            taken[name].append((clock() - start) / calls[name])
    return {name: summarise(times) for name, times in taken.items()}


def machine() -> dict[str, Any]:
    """What the numbers depend on: processor, instruction set compiled for, versions, load at this moment."""
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    chosen = os.environ.get("NUMBA_CPU_FEATURES")
    return {
        "cpu": _processor(),
        "microarchitecture": binding.get_host_cpu_name(),
        "cores": os.cpu_count(),
        "compiled_for": os.environ.get("NUMBA_CPU_NAME", binding.get_host_cpu_name()),
        "avx512": bool(features.get("avx512f")) if chosen is None else "+avx512f" in chosen,
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in ("numpy", "numba", "llvmlite", "pyoperon")},
        "pyoperon_build": "wheel: AVX2, float32",
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def arguments(description: str, threads: int = 1) -> argparse.ArgumentParser:
    """Options that all speed benchmarks share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="less repetition, within 60 s; writes no file")
    parser.add_argument("--json", action="store_true", help="one line of JSON on standard output, no table")
    parser.add_argument(
        "--threads",
        type=int,
        default=threads,
        help="above 1: also our speed on so many threads over that on one (wall time)",
    )
    parser.add_argument("--avx2", action="store_true", help="compile our kernels without AVX-512")
    return parser


def respect_avx2(wanted: bool) -> None:
    """Start over with the kernels' target in the environment: Numba reads it when it is imported."""
    if wanted and os.environ.get("NUMBA_CPU_NAME") != AVX2["NUMBA_CPU_NAME"]:
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | AVX2)


def finish(
    name: str,
    options: argparse.Namespace,
    configurations: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    ratio: str = "ratio",
    **more: Any,
) -> None:
    """Report the worst ratio and every configuration; a full run is written to `results/<name>.json`."""
    report = {
        "benchmark": name,
        "quick": options.quick,
        ratio: min(c[ratio] for c in configurations),
        **more,
        "configurations": list(configurations),
        "machine": machine(),
    }
    if not options.quick:
        write(RESULTS / f"{name}.json", report)
    if options.json:
        print(json.dumps(report, allow_nan=False))
    else:
        print(table(configurations, columns))
        print(f"worst {ratio}: {report[ratio]:.3g}")


def write(path: Path, report: Mapping[str, Any]) -> None:
    """Write JSON whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".json", delete=False) as file:
        json.dump(report, file, indent=1, allow_nan=False)
        file.write("\n")
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """A Markdown table of the given columns, numbers to three digits."""

    def cell(value: Any) -> str:
        if not isinstance(value, float):
            return str(value)
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"

    lines = [columns, ["---"] * len(columns), *([cell(row[c]) for c in columns] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
