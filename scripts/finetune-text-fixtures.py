"""Makes Tests/FineTuningTests/Resources/texts.json: BLEU and chrF of small corpora as sacrebleu gives them.

`python3 scripts/finetune-text-fixtures.py` (sacrebleu; its version and signatures are written into texts.json). All text here
is ours.
"""

import json
import random
from importlib.metadata import version
from pathlib import Path

import sacrebleu
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

here = Path(__file__).parent.parent / "Tests" / "FineTuningTests" / "Resources"
random.seed(5)
words = "the cat sat on a mat, and 3.5 dogs (or 1,200) saw it - 12-year old Émile's owl; what? yes! & so on.".split()
cases = []
for number in range(24):
    pairs = []
    for _ in range(random.randint(1, 6)):
        reference = [random.choice(words) for _ in range(random.randint(1, 14))]
        found = [w for w in reference if random.random() > 0.15]
        for _ in range(random.randint(0, 2)):
            found.insert(random.randint(0, len(found)), random.choice(words))
        if number % 6 == 5:
            found = [random.choice(words) for _ in reference]
        pairs.append((" ".join(found), " ".join(reference)))
    if number == 3:
        pairs = [("", "something"), ("a", "b")]
    if number == 4:
        pairs = [(r, r) for _, r in pairs]
    found, references = [p[0] for p in pairs], [[p[1] for p in pairs]]
    bleu, chrf = sacrebleu.metrics.BLEU(), sacrebleu.metrics.CHRF()
    cases.append({"found": found, "references": references[0], "bleu": bleu.corpus_score(found, references).score,
                  "chrf": chrf.corpus_score(found, references).score})
texts = ["Hello, world.", "3.5 and 1,200; a 12-year-old's \"x\" &amp; y", "end.", "a.b 5.c c.5 ...", "(in) [here] {there} a/b~c", "1-2 -3 a-b"]
(here / "texts.json").write_text(json.dumps({
    "cases": cases, "tokens": [{"text": t, "tokens": Tokenizer13a()(t).split()} for t in texts],
    "signatures": [str(bleu.get_signature()), str(chrf.get_signature())], "sacrebleu": version("sacrebleu")}, indent=1) + "\n")
print(cases[0], str(bleu.get_signature()), str(chrf.get_signature()))
