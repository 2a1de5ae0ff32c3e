#!/usr/bin/python3
"""Writes chat-templates.json beside this file: renderings of chat_templates/*.jinja and of chat_snippets.txt by Python's
Jinja2, set up as Transformers sets it up. Needs Debian's python3-jinja2.

    tests/golden/make_chat_templates.py            writes the file
    tests/golden/make_chat_templates.py --check    says whether it would change; exit status 1 if so, 77 without Jinja2
"""

import datetime
import functools
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
FILE = HERE / "chat-templates.json"
NOW = datetime.datetime(2025, 3, 7, 14, 5, 9)

try:
    import jinja2
    from jinja2.ext import Extension
    from jinja2.sandbox import ImmutableSandboxedEnvironment
except ImportError:
    print("no Jinja2 for Python: Debian's package is python3-jinja2", file=sys.stderr)
    sys.exit(77)


class Refused(Exception):
    pass


class Generation(Extension):
    """{% generation %} marks what a model is trained on; the text inside stays."""

    tags = {"generation"}

    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def refuse(message):
    raise Refused(message)


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


@functools.cache
def environment():
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", Generation])
    made.filters["tojson"] = to_json
    made.globals["raise_exception"] = refuse
    made.globals["strftime_now"] = NOW.strftime
    return made


TOOLS = [
    {"type": "function", "function": {
        "name": "weather", "description": "Tells the weather.\nOf a city.", "parameters": {
            "type": "object", "required": ["city"], "properties": {
                "city": {"type": "string", "description": "Its name, \"quoted\" é"},
                "units": {"type": "string", "enum": ["C", "F"]},
                "days": {"type": "integer", "default": 3},
                "tags": {"type": "array", "items": {"type": "string"}},
                "place": {"type": "object", "properties": {"lat": {"type": "number"}, "lon": {"type": ["number", "null"]}}},
            }}}},
    {"type": "function", "function": {"name": "clock", "description": "Tells the time.", "parameters": {"type": "object", "properties": {}}}},
]  # fmt: skip


def message(role, content, **more):
    return {"role": role, "content": content, **more}


def call(name, arguments, identity="abcdefghi"):
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


USER = message("user", "  What is <|im_start|> the answer? é😀 \n")
SYSTEM = message("system", "Be kind.\nAnd brief.")
ANSWER = message("assistant", "<think>\nHm.\n</think>\n\nIt is 42.")
CASES = {
    "plain": {"messages": [USER]},
    "system": {"messages": [SYSTEM, USER]},
    "turns": {"messages": [SYSTEM, USER, ANSWER, message("user", "Why?")]},
    "turns without system": {"messages": [USER, message("assistant", "Yes. "), message("user", "Why?")]},
    "no generation prompt": {"messages": [USER, ANSWER], "add_generation_prompt": False},
    "tools": {"messages": [SYSTEM, USER], "tools": TOOLS},
    "call": {"messages": [USER, message("assistant", None, tool_calls=[call("weather", {"city": "Rome", "days": 2})]),
                          message("tool", "{\"sky\": \"blue\"}", tool_call_id="abcdefghi"), message("assistant", "Blue."),
                          message("user", "Thanks")], "tools": TOOLS},
    "two calls": {"messages": [USER, message("assistant", "", tool_calls=[call("weather", {"city": "Oslo"}), call("clock", {}, "ihgfedcba")]),
                               message("tool", "cold", tool_call_id="abcdefghi"), message("tool", "noon")], "tools": TOOLS},
    "thinking": {"messages": [USER, message("assistant", "42", reasoning_content="\nSix times seven.\n", thinking="Six times seven.")],
                 "add_generation_prompt": False},
    "switches": {"messages": [USER], "enable_thinking": False, "reasoning_effort": "low", "custom_tools": TOOLS[1:],
                 "controls": {"length": "short"}, "use_standard_prompt": True},
    "documents": {"messages": [USER], "documents": [{"title": "One", "text": "First."}, {"text": "Second."}], "controls": {"citations": True}},
    "parts": {"messages": [message("user", [{"type": "image"}, {"type": "text", "text": " Look! "}])]},
    "wrong order": {"messages": [USER, USER]},
    "odd role": {"messages": [message("critic", "Hm."), USER]},
    "empty": {"messages": []},
}  # fmt: skip


def outcome(source, inputs):
    """{"text"}, {"refuses"} or {"fails"}."""
    try:
        return {"text": environment().from_string(source).render(**inputs)}
    except Refused as refusal:
        return {"refuses": str(refusal)}
    except Exception:  # noqa: BLE001  whatever Jinja2 says: here only that it fails counts
        return {"fails": True}


def snippets():
    """Parted by lines of four dashes."""
    return (HERE / "chat_snippets.txt").read_text().split("\n----\n")


def document():
    standard = {"tools": None, "documents": None, "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>"}
    templates = {}
    for path in sorted((HERE / "chat_templates").glob("*.jinja")):
        templates[path.stem] = {name: outcome(path.read_text(), standard | case) for name, case in CASES.items()}
    return {
        "now": NOW.timetuple()[:6],
        "cases": CASES,
        "templates": templates,
        "snippets": [{"template": text, **outcome(text, standard)} for text in snippets()],
    }


def main():
    text = json.dumps(document(), ensure_ascii=False, indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        same = FILE.read_text() == text
        print("chat-templates.json is as Jinja2", jinja2.__version__, "has it" if same else "does not have it")
        return 0 if same else 1
    FILE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
