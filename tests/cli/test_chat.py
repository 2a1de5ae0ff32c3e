"""mobiedit chat, and ask where it knows of chat models."""

import json
import subprocess

import made_model as made_models
import pytest

FORMAT = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" + FORMAT


@pytest.fixture(scope="module")
def chat_model(model, tmp_path_factory):
    """A model that knows nothing, with a chat template."""
    path = tmp_path_factory.mktemp("chat") / "chat.gguf"
    made_models.make(path, model, chat_template=FORMAT)
    return path


def with_template(path, model, template):
    made_models.make(path, model, chat_template=template)
    return path


@pytest.fixture
def converse(program, tmp_path):
    """Runs a conversation from standard input: what is said on stdout, and on stderr."""

    def call(*arguments, lines):
        done = subprocess.run(
            [program, "chat", *map(str, arguments)], input="".join(line + "\n" for line in lines), capture_output=True, text=True,
            timeout=300, env={"MOBIEDIT_STORE": str(tmp_path / "none.db"), "MOBIEDIT_CACHE": str(tmp_path), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    return call


def turn(mobiedit, *arguments):
    done = mobiedit("chat", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_one_turn(mobiedit, chat_model):
    document = turn(mobiedit, "-m", chat_model, "-p", "Who are you?", "--system", "Be kind.", "-n", 5)
    assert document["schema"] == "mobiedit.chat/1"
    assert document["rendered"] == (
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n"
    )
    usage = document["usage"]
    assert usage["completion_tokens"] == 5
    assert usage["total_tokens"] == usage["prompt_tokens"] + 5
    assert (document["ended"], document["stopped"], document["edits_in_force"]) == (False, False, 0)
    plain = mobiedit("chat", "-m", chat_model, "-p", "Who are you?", "--system", "Be kind.", "-n", 5)
    assert plain.stdout == document["text"].lstrip(" \n") + "\n"


def test_a_message_has_no_control_tokens(mobiedit, chat_model):
    plain = turn(mobiedit, "-m", chat_model, "-p", "a", "-n", 1)["usage"]["prompt_tokens"]
    spelt = turn(mobiedit, "-m", chat_model, "-p", "a<|im_end|>", "-n", 1)["usage"]["prompt_tokens"]
    assert spelt > plain + 1  # the name is spelt out, in several tokens


def test_stop_strings(mobiedit, chat_model):
    whole = turn(mobiedit, "-m", chat_model, "-p", "Go on.", "-n", 8)["text"]
    word = whole.split()[2]
    cut = turn(mobiedit, "-m", chat_model, "-p", "Go on.", "-n", 8, "--stop", "no such text", "--stop", word)
    assert cut["stopped"]
    assert cut["text"] == whole[: whole.index(word)]


def test_messages_of_a_file(mobiedit, chat_model, tmp_path):
    messages = [{"role": "user", "content": "One"}, {"role": "assistant", "content": "Two"}]
    (tmp_path / "m.json").write_text(json.dumps(messages))
    document = turn(mobiedit, "-m", chat_model, "--messages", tmp_path / "m.json", "-p", "Three", "-n", 2)
    assert document["rendered"].count("<|im_end|>") == 3
    (tmp_path / "bad.json").write_text('{"role": "user"}')
    done = mobiedit("chat", "-m", chat_model, "--messages", tmp_path / "bad.json")
    assert (done.returncode, "expected a JSON list of messages" in done.stderr) == (2, True)


def test_a_conversation(converse, mobiedit, chat_model):
    said, _ = converse("-m", chat_model, "-n", 4, lines=["One", "Two", "", "/quit"])
    first, second = said.splitlines()
    assert first == turn(mobiedit, "-m", chat_model, "-p", "One", "-n", 4)["text"].lstrip(" \n")
    # Taken back, a question is as if it had never been asked.
    again, notes = converse("-m", chat_model, "-n", 4, lines=["One", "Else", "/undo", "Two", "/undo", "/undo", "/undo"])
    assert [again.splitlines()[0], again.splitlines()[2]] == [first, second]
    assert notes.count("nothing to take back") == 1


def test_commands(converse, chat_model):
    said, notes = converse("-m", chat_model, "-n", 1, lines=["/help", "/nonsense", "/base", "/system Be kind."])
    assert "/undo" in said
    assert "unknown command /nonsense" in notes
    assert "no edits of this model are kept" in notes


def test_a_system_message_that_the_template_refuses(mobiedit, converse, model, tmp_path):
    path = with_template(tmp_path / "m.gguf", model, NO_SYSTEM)
    done = mobiedit("chat", "-m", path, "-p", "Hi", "--system", "Be kind.")
    assert done.returncode == 2
    assert "takes no system message" in done.stderr and "System role not supported" in done.stderr
    _, notes = converse("-m", path, "-n", 1, lines=["/system Be kind.", "Hi"])
    assert "takes no system message" in notes


def test_templates(mobiedit, model, made_model, tmp_path):
    done = mobiedit("chat", "-m", made_model, "-p", "Hi")
    assert done.returncode == 4
    assert "the model has no chat template" in done.stderr and "--chat-template" in done.stderr
    (tmp_path / "own.jinja").write_text("{% for m in messages %}[{{ m.content }}]{% endfor %}")
    assert turn(mobiedit, "-m", made_model, "-p", "Hi", "-n", 1, "--chat-template", tmp_path / "own.jinja")["rendered"] == "[Hi]"
    assert turn(mobiedit, "-m", made_model, "-p", "Hi", "-n", 1, "--chat-template", "none")["rendered"] == "Hi"
    path = with_template(tmp_path / "m.gguf", model, "a\n{% call f() %}{% endcall %}")
    done = mobiedit("chat", "-m", path, "-p", "Hi")
    assert done.returncode == 4
    assert "chat template, line 2: the statement 'call' is not supported" in done.stderr
    assert mobiedit("ask", "-m", path, "-p", "Hi", "-n", 1).returncode == 0  # continuing a text needs no template
    done = mobiedit("chat", "-m", made_model, "-p", "Hi", "--chat-template", tmp_path / "none.jinja")
    assert (done.returncode, "none.jinja" in done.stderr) == (5, True)


def test_json_is_for_one_turn(mobiedit, chat_model):
    done = mobiedit("chat", "-m", chat_model, "--json")
    assert (done.returncode, "--json is for one turn" in done.stderr) == (2, True)


def test_kept_edits_are_in_force(mobiedit, converse, program, model, eiffel, tmp_path):
    store = tmp_path / "edits.db"
    done = mobiedit("edit", "-m", model, *eiffel, "--store", store)
    assert done.returncode == 0, done.stderr
    common = ["-m", model, "--store", store, "-n", 1]
    prompt = "Eiffel Tower is located in"
    assert mobiedit("ask", *common, "-p", prompt).stdout == "Rome\n"
    assert mobiedit("ask", *common, "-p", prompt, "--edits").stdout == "Rome\n"
    assert mobiedit("ask", *common, "-p", prompt, "--base").stdout == "Paris\n"
    plain = [*common, "--chat-template", "none"]
    document = turn(mobiedit, *plain, "-p", prompt)
    assert (document["text"].strip(), document["edits_in_force"]) == ("Rome", 1)
    assert turn(mobiedit, *plain, "-p", prompt, "--base")["text"].strip() == "Paris"
    said, notes = converse(*plain, lines=[prompt, "/undo", "/base", prompt, "/undo", "/base", prompt])
    assert said.split() == ["Rome", "Paris", "Rome"]
    assert "1 kept edit not in force" in notes


def test_ask_reads_control_tokens_and_notes_bare_questions(mobiedit, chat_model):
    done = mobiedit("ask", "-m", chat_model, "-p", "Who are you?", "-n", 1)
    assert "`mobiedit chat`" in done.stderr
    done = mobiedit("ask", "-m", chat_model, "-p", "<|im_start|>user\nWho are you?", "-n", 1)
    assert done.stderr == ""


def test_ask_reads_standard_input(program, chat_model, mobiedit):
    done = subprocess.run([program, "ask", "-m", chat_model, "-p", "-", "-n", "3", "--json", "--base"], input="It was\n",
                          capture_output=True, text=True, timeout=300)  # fmt: skip
    assert json.loads(done.stdout)["prompt"] == "It was"
    assert json.loads(done.stdout)["text"] == json.loads(mobiedit("ask", "-m", chat_model, "-p", "It was", "-n", 3, "--json").stdout)["text"]


def test_ask_stops(mobiedit, chat_model):
    whole = json.loads(mobiedit("ask", "-m", chat_model, "-p", "It was", "-n", 8, "--json").stdout)["text"]
    word = whole.split()[3]
    document = json.loads(mobiedit("ask", "-m", chat_model, "-p", "It was", "-n", 8, "--json", "--stop", word).stdout)
    assert (document["stopped"], document["text"]) == (True, whole[: whole.index(word)])


def test_smollm2_answers_in_its_format(mobiedit, smollm2):
    document = turn(mobiedit, "-m", smollm2, "-p", "What is the capital of France?", "-n", 24)
    assert document["rendered"].startswith("<|im_start|>system\nYou are a helpful AI assistant named SmolLM")
    assert "Paris" in document["text"]
    assert document["ended"]


def test_smollm2_asked_a_bare_question_says_so(mobiedit, smollm2):
    done = mobiedit("ask", "-m", smollm2, "-p", "Where is the Eiffel Tower?")
    assert (done.returncode, done.stdout) == (0, "\n")
    assert "the answer is empty" in done.stderr and "`mobiedit chat`" in done.stderr
