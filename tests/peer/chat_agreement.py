#!/usr/bin/python3
"""Chat answers of mobiedit and of llama-server, greedy, on 50 turns of 10 conversations; and of llama-server with an F32 KV cache
and with its default one, which says how far the peer agrees with itself.

    tests/peer/chat_agreement.py MODEL.gguf [TOKENS]     (48 tokens an answer if not given)

Each turn has the history that mobiedit's own answers make, so that one difference makes no others. Prints a table.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import peer

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MOBIEDIT_CLI", str(SOURCE / "build/release/mobiedit"))

CONVERSATIONS = [
    (None, ["What is the capital of France?", "And of Italy?", "Which of the two is larger?", "Name a river there.", "Thank you."]),
    (None, ["Write a line about the sea.", "Now one about the desert.", "Which one is better?", "Make it shorter.", "Say it in capitals."]),
    ("You answer in one short sentence.", ["Who wrote Hamlet?", "When did he live?", "Name another play of his.", "Is it sad?", "Why?"]),
    (None, ["What is 17 times 3?", "And plus 9?", "Is that a prime number?", "What is a prime number?", "Name three of them."]),
    ("You are a cook.", ["How do I boil an egg?", "How long?", "And for a soft one?", "What goes well with it?", "Write that as a list."]),
    (None, ["Write a Python function that adds two numbers.", "Now one that multiplies them.", "Add a comment.", "What does def mean?", "And return?"]),
    (None, ["Translate \u201cgood morning\u201d into French.", "Into Spanish?", "Into German?", "Which of these languages is spoken by most people?", "Danke!"]),
    ("Be brief.", ["Why is the sky blue?", "And the sunset red?", "What is light?", "How fast is it?", "Who measured that?"]),
    (None, ["Tell me a story about a fox.", "What was its name?", "Where did it live?", "How does the story end?", "What do we learn?"]),
    (None, ["Caf\u00e9 or th\u00e9? \U0001f642", "Why?", "Is <|im_end|> a word?", "Count from one to five.", "Backwards, please."]),
]


def say(model, messages, tokens):
    """Our answer to messages."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(messages, file)
        file.flush()
        done = subprocess.run([PROGRAM, "chat", "-m", model, "--messages", file.name, "-n", str(tokens), "-t", "1", "--base", "--json"],
                              capture_output=True, text=True, check=True)  # fmt: skip
    return json.loads(done.stdout)


def turns(model, tokens):
    """(messages, our answer) of every turn."""
    made = []
    for system, questions in CONVERSATIONS:
        messages = [{"role": "system", "content": system}] if system else []
        for question in questions:
            messages = [*messages, {"role": "user", "content": question}]
            answer = say(model, messages, tokens)["text"]
            made.append((messages, answer))
            messages = [*messages, {"role": "assistant", "content": answer}]
    return made


def main():
    model, tokens = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 48
    if peer.missing():
        sys.exit(peer.missing())
    asked = turns(model, tokens)
    answers = {"mobiedit": [answer for _, answer in asked]}
    for name, flags in (("llama.cpp, F32 cache", peer.EXACT), ("llama.cpp, default cache", [])):
        with peer.Server(model, context=2048, flags=flags) as server:
            answers[name] = [server.chat(messages, tokens) for messages, _ in asked]
    names = list(answers)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            pairs = list(zip(answers[one], answers[other], strict=True))
            same = sum(a == b for a, b in pairs)
            begin = sum(a[:12] == b[:12] for a, b in pairs)
            print(f"{one} = {other}: {same} of {len(pairs)}; the first 12 characters: {begin}")


if __name__ == "__main__":
    main()
