"""The benchmark of the classification: `make bench-science`."""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from bench.science import calibration, evaluate, generator, metrics, plots, report, sets
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[3]


def main():
    """Run the methods over a family of sets, print the tables, and write them where the test set is complete."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=generator.SEEDS, default="test", help="test is for reporting only")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the series, for short runs")
    parser.add_argument("--only", nargs="*", choices=sets.set_names(), help="these sets alone")
    parser.add_argument("--methods", nargs="*", choices=evaluate.METHODS, help="these methods alone")
    parser.add_argument(
        "--calibrate", metavar="METHOD", help="fit a map of probabilities on the calibration set"
    )
    parser.add_argument("--out", type=Path, help="where to write; docs/benchmark for a complete test run")
    parser.add_argument("--data", type=Path, default=os.environ.get("EGMSQL_DATA", "../shared/data"))
    options = parser.parse_args()
    if options.calibrate:
        calibrate(options)
        return
    methods, missing = evaluate.available(options.methods)
    for name in missing:
        print(f"{name}: no such model yet, left out", file=sys.stderr)
    started = time.perf_counter()
    run = evaluate.evaluate(
        sets.make_sets(options.set, options.data, options.scale, options.only), methods, _tell
    )
    for name in options.only or sets.set_names():
        if name not in run.sets:
            print(f"{name}: no files in {options.data}/ustica, left out", file=sys.stderr)
    text = report.full(run, _about(options, run))
    print(text)
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
    whole = options.set == "test" and options.scale == 1 and not options.only and not options.methods
    folder = options.out or (ROOT / "docs" / "benchmark" if whole else None)
    if folder:
        plots.all_pictures(run, folder)
        (folder / "results.md").write_text(text, encoding="utf-8")


def _tell(text):
    print(text, file=sys.stderr)


def _about(options, run):
    arguments = f" ARGS='{' '.join(sys.argv[1:])}'" if sys.argv[1:] else ""
    return {
        "command": f"`make bench-science{arguments}`",
        "commit": _commit(),
        "set": f"{options.set}, seeds from {generator.SEEDS[options.set]}",
        "series": ", ".join(f"{name} {len(dataset):,}" for name, dataset in run.sets.items()),
        "what it all means": "[README.md](README.md)",
    }


def _commit():
    """Return the commit of the tree, with a remark where the tree is not exactly that."""

    def git(*words):
        return subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.strip()

    changed = git("status", "--porcelain", "--", "sql", "udfs", "egmsql", "tests")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + (" with changes" if changed else "")


def calibrate(options):
    """Fit maps on the calibration set; print them, and the errors before and after on the set that was asked for."""
    methods, missing = evaluate.available([options.calibrate])
    if missing or not methods:
        sys.exit(f"{options.calibrate}: no such method or model; one of {', '.join(evaluate.METHODS)}")
    names = options.only or ["inside", "outside"]
    found = {}
    for family in ("calibration", options.set):
        run = evaluate.evaluate(sets.make_sets(family, options.data, options.scale, names), methods, _tell)
        found[family] = _pooled(run, options.calibrate)
    stated, right, classes, given = found["calibration"]
    maps = calibration.fit_maps(stated, right, given, calibration.both_mixes(classes))
    print(calibration.as_values(maps) + "\n")
    rows = []
    for family, (stated, right, classes, given) in found.items():
        mapped = calibration.apply_maps(maps, stated, given)
        for mix in metrics.MIXES:
            share = metrics.weights_of(classes, mix)
            errors = [metrics.calibration_error(values, right, share) for values in (stated, mapped)]
            rows.append((f"{family}, {mix} mix", *(f"{error:.4f}" for error in errors)))
    print(report.table(("expected calibration error", "before", "by the rows"), rows))
    _reliability(found[options.set], maps)


def _pooled(run, method):
    """Return over all sets of a run: stated, right, class by definition, class given."""
    parts = []
    for name in run.sets:
        columns, prediction = run.of(method, name)
        given = metrics.labels(columns, prediction, "strict")[1]
        parts.append((*metrics.certainty(columns, prediction), columns["truth"], given))
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True))


def _reliability(found, maps):
    stated, right, classes, given = found
    mapped = calibration.apply_maps(maps, stated, given)
    for mix in metrics.MIXES:
        weights = metrics.weights_of(classes, mix)
        before = zip(*metrics.reliability(stated, right, weights), strict=True)
        after = zip(*metrics.reliability(mapped, right, weights), strict=True)
        rows = [tuple(f"{x:.3f}" for x in (*a[:2], *b[:2])) for a, b in zip(before, after, strict=False)]
        print(f"\n{mix} mix:\n" + report.table(("stated before", "right", "stated after", "right"), rows))


if __name__ == "__main__":
    with threadpool_limits(1):  # the matrices are small
        main()
