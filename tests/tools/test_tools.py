"""The tools that ./test itself relies on."""

import importlib.machinery
import importlib.util
import os
import pathlib
import subprocess

import pytest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture(scope="module")
def style():
    loader = importlib.machinery.SourceFileLoader("check_style", str(TOOLS / "check_style"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_style", loader))
    loader.exec_module(module)
    return module


def lines(breaches):
    return [line for line, _ in breaches]


def test_a_comment_may_not_begin_with_a_word_that_hides_the_subject(style):
    code = "int a; // What\n// That is\n// Which goes on\nint b = 1'000;  // Of x\n\"// What\"; /* Whether */\n// A\nf(); // Thatched\n"
    assert lines(style.openings(None, code)) == [1, 2, 4, 5]


def test_a_sentence_has_thirty_words_at_most(style):
    text = f"# {'h ' * 31}\n\n{'a ' * 31}. End.\n\n- {'b ' * 30}.\n- {'c ' * 31}\n\n| {'d ' * 40}|\n```\n{'e ' * 40}\n```\n`{'f ' * 40}`.\n"
    assert lines(style.sentences(None, text)) == [3, 6]


def test_the_library_names_no_option_of_the_command_line(style):
    code = 'f("use -m"); // -m\ng("--store FILE");\nh("a-b 5-x -1 - c");\nR"(x\n --y)"\n'
    assert lines(style.flags(None, code)) == [1, 2, 4]


def test_a_file_for_one_instruction_set_uses_types_of_std_alone(style):
    code = "std::size_t x = std::min(1, 2);\n// std::max\nstd::vector<int> v; std::numeric_limits<int>::max();\n"
    assert lines(style.std_functions(None, code)) == [1, 3]
    assert pathlib.Path("src/kernels/linear_avx2.cpp") in style.ISA_FILES
    assert pathlib.Path("src/kernels/linear.h") not in style.ISA_FILES


def test_a_model_that_cannot_be_had_is_said_in_one_line(tmp_path):
    environment = os.environ | {"MOBIEDIT_MODELS": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    done = subprocess.run([TOOLS / "models", "smollm2"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("tools/models: smollm2: unavailable: ") and done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    assert subprocess.run([TOOLS / "models", "gpt"], env=environment, capture_output=True).returncode == 2
