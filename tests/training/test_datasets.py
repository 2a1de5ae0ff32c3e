"""The bundled model and edit sets are what their READMEs say. Needs Python's standard library only."""
import hashlib
import json
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZES = {"facts": 500, "facts-hard": 200, "dev": 150, "dev-hard": 60, "personal": 100, "dev-personal": 58}


def read(name):
    with open(ROOT / "datasets" / f"{name}.jsonl", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


class Datasets(unittest.TestCase):
    def test_sizes_and_fields(self):
        for name, size in SIZES.items():
            records = read(name)
            self.assertEqual(len(records), size, name)
            for n, r in enumerate(records):
                w = r["requested_rewrite"]
                self.assertEqual(r["case_id"], n)
                self.assertEqual(w["prompt"].count("{}"), 1)
                self.assertGreaterEqual(len(r["paraphrase_prompts"]), 2)
                self.assertTrue(w["target_true"]["str"])
                self.assertNotEqual(w["target_new"]["str"], w["target_true"]["str"])
                for text in (w["subject"], w["target_new"]["str"], w["target_true"]["str"], *r["paraphrase_prompts"]):
                    self.assertEqual(text, text.strip())

    def test_facts(self):
        for name in ("facts", "facts-hard", "dev", "dev-hard"):
            for r in read(name):
                w = r["requested_rewrite"]
                self.assertEqual(len(set(r["neighborhood_prompts"])), 10)
                self.assertEqual(r["neighborhood_target"], w["target_true"]["str"])
                self.assertFalse(any(w["subject"] in p for p in r["neighborhood_prompts"]))
                self.assertTrue(all(w["subject"] in p for p in r["paraphrase_prompts"]))
                for other in r["same_subject_prompts"]:
                    self.assertIn(w["subject"], other["prompt"])
                    self.assertNotIn(other["answer"], (w["target_true"]["str"], w["target_new"]["str"]))

    def test_no_subject_is_in_two_sets(self):
        seen = {}
        for name in SIZES:
            for r in read(name):
                subject = r["requested_rewrite"]["subject"]
                if not name.endswith("personal"):
                    self.assertNotIn(subject, seen, name)
                seen[subject] = name

    def test_personal(self):
        for name, kept in (("personal", 3), ("dev-personal", 2)):
            for r in read(name):
                self.assertEqual(r["answer_before"], r["requested_rewrite"]["target_true"]["str"])
                self.assertGreaterEqual(len(r["keep_prompts"]), kept)

    def test_the_personal_sets_share_no_subject(self):
        subjects = [{r["requested_rewrite"]["subject"] for r in read(name)} for name in ("personal", "dev-personal")]
        self.assertFalse(subjects[0] & subjects[1])


class Model(unittest.TestCase):
    def test_it_is_the_file_of_the_readme(self):
        data = (ROOT / "models" / "facts-40m-q8_0.gguf").read_bytes()
        text = (ROOT / "models" / "README.md").read_text(encoding="utf-8")
        sha = hashlib.sha256(data).hexdigest()
        self.assertIn(sha, text)
        self.assertIn(f"{len(data):,} bytes", text)
        self.assertLessEqual(len(data), 48_000_000)
        self.assertEqual(sha, json.loads((ROOT / "models" / "figures.json").read_text())["sha256"])
        self.assertEqual(sha, json.loads((ROOT / "tests" / "golden" / "facts-40m.json").read_text())["sha256"])

    def test_figures_of_the_readme(self):
        figures = json.loads((ROOT / "models" / "figures.json").read_text())
        text = (ROOT / "models" / "README.md").read_text(encoding="utf-8")
        for value in (figures["pararel"]["recalled"], figures["pararel"]["all_wordings_right"],
                      figures["counterfact"]["own_prompt"], figures["made_up"]["read_from_context"]):
            self.assertTrue(re.search(rf"\b{value:.2f}\b", text), value)


if __name__ == "__main__":
    unittest.main()
