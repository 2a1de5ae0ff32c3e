"""A real llama.cpp, in the root that tools/peer-setup makes. Files are copied in and out; nothing is mounted."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid

SOURCE = pathlib.Path(__file__).resolve().parents[2]
ROOT = pathlib.Path(os.environ.get("MOBIEDIT_PEER", SOURCE / "build" / "peer"))
# Everything in F32 but the weights, so that what is left is the weights' own arithmetic.
EXACT = ["-ctk", "f32", "-ctv", "f32", "-fa", "off"]


def missing():
    """Why the peer cannot be used, or None."""
    if not (ROOT / "usr/bin/llama-server").exists():
        return f"no llama.cpp in {ROOT}: tools/peer-setup makes it"
    if os.geteuid() != 0:
        return "entering the peer's root needs root"
    return None


@contextlib.contextmanager
def inside(*files):
    """Copies files into the peer's root for a while; gives their paths as seen from there."""
    folder = ROOT / "m" / uuid.uuid4().hex
    folder.mkdir(parents=True)
    try:
        paths = []
        for number, file in enumerate(files):
            copy = folder / f"{number}-{pathlib.Path(file).name}"
            try:
                os.link(file, copy)
            except OSError:
                shutil.copyfile(file, copy)
            paths.append("/" + str(copy.relative_to(ROOT)))
        yield paths
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(*command, timeout=300):
    """Runs a program of the peer; gives the finished process with text output."""
    # It cuts long values where it likes, through the middle of a character too.
    return subprocess.run(["chroot", str(ROOT), *map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", timeout=timeout)  # fmt: skip


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """llama-server with one model, and perhaps adapters, on the loopback address until the block ends.

    adapters: paths, or (path, scale) pairs.
    """

    def __init__(self, model, adapters=(), context=512, flags=EXACT):
        self._model = model
        self._adapters = [a if isinstance(a, tuple) else (a, 1.0) for a in adapters]
        self._context = context
        self._flags = flags

    def __enter__(self):
        self._stack = contextlib.ExitStack()
        try:
            model, *adapters = self._stack.enter_context(inside(self._model, *(path for path, _ in self._adapters)))
            port = _free_port()
            self._url = f"http://127.0.0.1:{port}"
            command = ["llama-server", "-m", model, "--host", "127.0.0.1", "--port", port, "-c", self._context]
            # More than one thread waits for the others by spinning, which a busy machine makes very slow.
            command += ["-t", 1, "-np", 1, "--no-warmup", *self._flags]
            for path, (_, scale) in zip(adapters, self._adapters):
                command += ["--lora-scaled", f"{path}:{scale}"]
            self._log = self._stack.enter_context(open(ROOT / "m" / f"server-{port}.log", "w+"))
            self._stack.callback(os.unlink, self._log.name)
            self._process = subprocess.Popen(
                ["chroot", str(ROOT), *map(str, command)], stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
            )
            self._stack.callback(self._stop)
            self._wait()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _stop(self):
        self._process.kill()
        self._process.wait()

    def _wait(self):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                if urllib.request.urlopen(self._url + "/health", timeout=5).status == 200:
                    return
            time.sleep(0.05)
        self._log.seek(0)
        raise RuntimeError("llama-server did not come up:\n" + "".join(self._log.readlines()[-20:]))

    def _post(self, path, body):
        request = urllib.request.Request(self._url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request, timeout=300))

    def tokenize(self, text, add_special=True, parse_special=True):
        body = {"content": text, "add_special": add_special, "parse_special": parse_special}
        return self._post("/tokenize", body)["tokens"]

    def apply_template(self, messages):
        """The prompt that the peer makes of messages, by the model's own chat template."""
        return self._post("/apply-template", {"messages": messages})["prompt"]

    def chat(self, messages, tokens=48):
        """The greedy answer to messages."""
        body = {"messages": messages, "max_tokens": tokens, "temperature": 0, "cache_prompt": False}
        return self._post("/v1/chat/completions", body)["choices"][0]["message"]["content"]

    def complete(self, prompt, tokens=8):
        """The greedy continuation; prompt is text or token ids."""
        return self.answer(prompt, tokens, 0)[0]

    def log_probabilities(self, prompt, top=10):
        """{token id: log-probability} of the most likely next tokens, best first."""
        return self.answer(prompt, 1, top)[1]

    def answer(self, prompt, tokens, top, adapters=None):
        """The greedy continuation, and log_probabilities. adapters: [(number, scale)], in place of the server's."""
        # A cached prompt would hide that an adapter was changed; the cache is also computed in another batch shape.
        body = {"prompt": prompt, "n_predict": tokens, "temperature": 0, "n_probs": top, "cache_prompt": False}
        if adapters is not None:
            body["lora"] = [{"id": number, "scale": scale} for number, scale in adapters]
        said = self._post("/completion", body)
        likely = said["completion_probabilities"][0]["top_logprobs"] if top else []
        return said["content"], {entry["id"]: entry["logprob"] for entry in likely}


def metadata(file):
    """Keys and tensors of a GGUF file as the peer's own Python reader sees them: {"keys": {...}, "tensors": {...}}."""
    program = (
        "import json, sys, gguf\n"
        "r = gguf.GGUFReader(sys.argv[1])\n"
        "keys = {k: f.contents() for k, f in r.fields.items() if not k.startswith(('GGUF.', 'tokenizer.'))}\n"
        "tensors = {t.name: [t.tensor_type.name, [int(n) for n in t.shape]] for t in r.tensors}\n"
        "print(json.dumps({'keys': keys, 'tensors': tensors}))\n"
    )
    with inside(file) as [path]:
        done = run("/usr/bin/python3", "-c", program, path)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)
