"""Makes the folders and `expected.json` beside it: small tokenisers, hard texts, and what transformers' fast
tokenisers give for them (ids, and offsets in code points).

    python tokenizers.py        (transformers 5.24.0, tokenizers 0.23.3)

The training text is made here; vocabularies are therefore ours.
"""

import json
import pathlib
import random
import shutil
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != here]  # this file is named as the library

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import BertTokenizerFast, RobertaTokenizerFast

HARD = """
|Hello world|hello, world!|The quick brown fox jumps over the lazy dog.|don't won't I'm you're we've they'll he'd it's
DON'T I'M YOU'RE|'s 't 're|it''s|rock'n'roll| leading| two  spaces|trailing |  |   a   b   |\\t\\ttabs\\there|line\\nbreak
\\n\\n\\nparagraph\\n\\n  indented|\\r\\nwindows\\r\\n|a\\u00a0b no-break|a\\u2003b em space|a\\u200bb zero width|a\\u200db joiner
\\ufeffbyte order mark|a\\u00adb soft hyphen|\\u0000null|a\\u0007bell|\\u0085next line|\\u2028line\\u2029paragraph
café|cafe\\u0301|naïve façade|ÀÉÎÕÜ|A\\u030angstrom Å \\u212b|ﬁne ﬂour|ß STRASSE straße|İstanbul ıi|ΑΣ Σίσυφος|ǅ ǆ Ǆ
o\\u0302\\u0323 ộ|e\\u0301\\u0302\\u0303\\u0304 stack|\\u0301alone|क्षत्रिय नमस्ते|สวัสดีครับ|العَرَبِيَّة|עִבְרִית|한국어 조선말|\\u1112\\u1161\\u11ab
日本語のテキスト|東京tower|你好，世界！|カタカナ|がぎぐ か\\u3099|豈 更|𠀀𪜀𫝀|〱〲|々仝|ｆｕｌｌ ｗｉｄｔｈ|①②③|½ ⅓ ²³|Ⅳ ⅻ|٣٤٥ १२३
😀|👍🏽|👨‍👩‍👧‍👦 family|🇩🇪🇫🇷|❤️ ❤|☃☂|🏴󠁧󠁢󠁥󠁮󠁧󠁿|a😀b|😀😀😀|5️⃣
1234567890|3.14159|1,000,000|-273.15|1e-10|0x1F|12:34:56|2024-02-29|$99.99|50%|#1|C3PO|x2y3
foo_bar|snake_case_name|a-b–c—d|e.g. i.e.|...|…|“quoted” ‘single’|«guillemets»|(a)[b]{c}<d>|a/b\\\\c|a|b~c^d`e|@user #tag|a+b=c|©®™|€£¥|§¶|°C
http://example.com/a?b=c&d=e#f|user@example.com|C:\\\\Windows\\\\x|/usr/bin/env|<html>&amp;</html>|{"key": [1, 2]}
[MASK]|a [MASK] b|[CLS] x [SEP]|[mask]|[ MASK ]|[MASK][MASK]|x[UNK]y|[PAD]|<s>|</s>|a <mask> b|  <mask>  x|<mask>|<mask><mask>|<pad>a|<unk>
ooooooooooooooooooooooo|antidisestablishmentarianism|pneumonoultramicroscopicsilicovolcanoconiosis|unaffable|xyzzy qwrtp|QQQ
!|!!!!|?!?!|a.|.a|'|''|"|-|--|a'|'a|a's'b|\\u0378 unassigned|\\ue000 private|\\ufffd|\\U000e0001tag|a\\u0300\\u0300|\\u1fb3 ᾳ|\\u0345
the cat sat on the mat and the dog ran in the fog|She sells sea shells.|Testing tested tester tests untested|re-re-reading
"""

TEXT = """
the cat sat on the mat and the dog ran in the fog. she sells sea shells by the sea shore, and he tells her so.
testing the tested tests of a tester is tiresome; reading, rereading and unreading are not the same thing!
Hello world, hello there: what's your name? It's a name I don't know. We've seen 12 of 345 things in 1999 and 2024.
cafe naive facade straße über ñandú été élève café naïve 東京 日本語 你好 世界 привет мир γειά σου नमस्ते 한국어 😀 👍 ❤️
The Quick Brown Fox Jumps Over The Lazy Dog. HELLO WORLD. e.g. i.e. foo_bar http://example.com user@example.com
""" * 3


def texts():
    hard = [part.encode("ascii", "backslashreplace").decode("unicode_escape") for line in HARD.strip("\n").split("\n")
            for part in line.split("|")]
    hard += ["a" * 100, "a" * 101, "é" * 100 + " x", "word" * 200, "東" * 120, " " * 50, "x|y", ""]
    generator = random.Random(7)
    pools = [
        "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJ", "0123456789", "    \t\n\u00a0\u3000", ".,;:!?'\"-_()[]<>@#",
        "éàüñçøåÆŒßİſ", "\u0301\u0308\u0323\u0327\u0345\u200d\ufe0f", "αβγΣςжщЪ", "日本語東京世", "한국어가각",
        "नमस्तेक्ष", "שלוםعرب", "😀👍🏽❤🇩🇪", "½²Ⅳ٣", "\u200b\u00ad\u2028\u0000\ufffd\ue000",
    ]
    for _ in range(260):
        words = []
        for _ in range(generator.randint(1, 6)):
            if generator.random() < 0.4:
                words.append(generator.choice(TEXT.split()))
            else:
                chosen = generator.sample(pools, generator.randint(1, 3))
                words.append("".join(generator.choice(generator.choice(chosen)) for _ in range(generator.randint(1, 8))))
        hard.append(generator.choice([" ", " ", "", "  "]).join(words))
    return list(dict.fromkeys(hard))


def word_piece(folder, lowercases, size, **settings):
    trained = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    trained.normalizer = normalizers.BertNormalizer(lowercase=lowercases)
    trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trained.train_from_iterator(
        [TEXT], trainers.WordPieceTrainer(
            vocab_size=size, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    vocabulary = sorted(trained.get_vocab().items(), key=lambda item: item[1])
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word, _ in vocabulary), encoding="utf-8")
    if settings:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return BertTokenizerFast(vocab=dict(vocabulary), do_lower_case=lowercases, **{
        key: value for key, value in settings.items() if key != "do_lower_case"})


def byte_level(folder, size, adds_space):
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.train_from_iterator(
        [TEXT], trainers.BpeTrainer(
            vocab_size=size, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    folder.mkdir(parents=True)
    trained.model.save(str(folder))
    if adds_space:
        (folder / "tokenizer_config.json").write_text(json.dumps({"add_prefix_space": True}))
    return RobertaTokenizerFast(
        vocab=json.loads((folder / "vocab.json").read_text()),
        merges=[tuple(line.split(" ")) for line in (folder / "merges.txt").read_text().splitlines()[1:]],
        add_prefix_space=adds_space)


made = here.glob("*/")
for folder in made:
    shutil.rmtree(folder)
tokenizers = {
    "uncased": word_piece(here / "uncased", True, 420),
    "cased": word_piece(here / "cased", False, 420, do_lower_case=False),
    "accents": word_piece(here / "accents", True, 300, strip_accents=False, tokenize_chinese_chars=False),
    "roberta": byte_level(here / "roberta", 520, False),
    "spaced": byte_level(here / "spaced", 400, True),
}
for name in ["uncased_json", "accents_json", "roberta_json", "spaced_json"]:
    source = tokenizers[name.removesuffix("_json")]
    (here / name).mkdir()
    source.backend_tokenizer.save(str(here / name / "tokenizer.json"), pretty=False)

all_texts = texts()
expected = {"texts": all_texts, "tokenizers": {}}
for name, tokenizer in tokenizers.items():
    rows = []
    for text in all_texts:
        encoded = tokenizer(text, return_offsets_mapping=True)
        rows.append([encoded["input_ids"], [number for pair in encoded["offset_mapping"] for number in pair]])
    expected["tokenizers"][name] = rows
(here / "expected.json").write_text(json.dumps(expected, ensure_ascii=True, separators=(",", ":")))
print(len(all_texts), "texts")
