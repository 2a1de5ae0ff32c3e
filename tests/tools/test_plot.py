"""tools/plot: documents of mobiedit-lab as SVG and as a page."""

import json
import pathlib
import re
import subprocess
import xml.dom.minidom

import pytest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/plot"

CURVE = {"measure": "cosine", "title": "cosine & more", "across": "directions N", "log_x": True, "log_y": False}
BARS = {"measure": "S", "title": "S, per cent", "across": "", "log_x": False, "log_y": False}


def measure(mean):
    return {"n": 2, "mean": mean, "half_interval": 0.1, "median": mean, "p90": mean}


def experiment():
    settings = [
        {"setting": f"{line}, N = {x}", "panel": panel, "line": line, "x": x, "measures": {"cosine": measure(0.1 * x)}}
        for panel in ("start", "end") for line in ("μ = 1", "μ = 2") for x in (5, 1)
    ]  # fmt: skip
    settings.append({"setting": "all <at once>", "measures": {"S": measure(80)}})
    return {"schema": "mobiedit.experiment.gradient/1", "notes": ["a < b"], "figures": [CURVE, BARS], "settings": settings}


def kernels():
    cases = [{"type": t, "isa": "avx2", "K": 512, "N": 64, "M": m, "gops": m, "of_peak": m / 100}
             for t in ("int8", "f32") for m in (1, 8, 64)]  # fmt: skip
    return {"schema": "mobiedit.bench.kernels/1", "isa": "avx2", "peak_int8_gops": 100, "cases": cases}


def edits():
    def case(varied, n):
        return {"varied": varied, "evaluations": n, "contexts": n, "target_tokens": n, "seconds": 1.0 * n,
                "floor_seconds": 0.5 * n, "over_floor": 2.0, "peer_seconds": None}  # fmt: skip

    cases = [case("none", 2)] + [case(varied, n) for varied in ("evaluations", "contexts", "target") for n in (1, 3)]
    return {"schema": "mobiedit.bench.edit/1", "models": [{"model": {"name": "m", "bytes": 10**6}, "cases": cases}]}


def model():
    speed = {"tokens_per_second": 10, "peer_tokens_per_second": None}
    times = [{"at_once": n, "of_one_alone": 1 / n} for n in (1, 4, 64)]
    return {"schema": "mobiedit.bench.model/1", "evaluation": {"times": times}, "load": {"seconds": 1}, "prefill": speed,
            "decode": speed, "peak_rss_bytes": 5}  # fmt: skip


def plot(tmp_path, *documents):
    files = []
    for number, document in enumerate(documents):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(document if isinstance(document, str) else json.dumps(document))
    command = [TOOL, *files, "--folder", tmp_path / "plots", "--html", tmp_path / "page.html"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip(done.stderr.strip())
    return done


def points_of(path):
    """Points of each curve of a plot: its line elements have the ids that the tool gave them."""
    drawing = xml.dom.minidom.parse(str(path))
    groups = [g for g in drawing.getElementsByTagName("g") if re.fullmatch(r"line\d+", g.getAttribute("id"))]
    return [len(re.findall("[ML]", g.getElementsByTagName("path")[0].getAttribute("d"))) for g in groups]


def test_each_kind_of_document_has_its_plots(tmp_path):
    done = plot(tmp_path, experiment(), kernels(), edits(), model())
    assert done.returncode == 0, done.stderr
    points = {path.stem: points_of(path) for path in (tmp_path / "plots").iterdir()}
    assert points == {
        "gradient-cosine-start": [2, 2], "gradient-cosine-end": [2, 2], "gradient-s": [], "kernels-k-n-512x64": [3, 3],
        "edit-model-size": [1, 1], "edit-evaluations": [2, 2], "edit-contexts": [2, 2], "edit-target": [2, 2],
        "model-evaluations-at-once": [3],
    }  # fmt: skip


def test_a_page_loads_nothing_and_escapes_names(tmp_path):
    assert plot(tmp_path, experiment()).returncode == 0
    page = (tmp_path / "page.html").read_text()
    assert page.count("<svg") == 3 and "all &lt;at once&gt;" in page and "a &lt; b" in page and "<at once>" not in page
    assert not re.search(r"src=|@import|<script|url\((?!#)|href=\"(?!#)", page)


def test_the_same_document_gives_the_same_bytes(tmp_path):
    found = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        assert plot(tmp_path / name, experiment()).returncode == 0
        found.append((tmp_path / name / "plots/gradient-s.svg").read_bytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("wrong", ["", "[]", "{}", '{"schema": "mobiedit.bench.kernels/1"}', '{"schema": "mobiedit.edit/1"}'])
def test_other_files_are_refused_in_one_line(tmp_path, wrong):
    done = plot(tmp_path, wrong)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "0.json" in done.stderr
    assert not (tmp_path / "page.html").exists()
