"""What is asked of a scene and what is right to answer; and the tokenizer made for it.

talk.py FOLDER writes tokenizer.json, tokenizer_config.json and preprocessor_config.json, and the sizes in config.json.
"""
import collections
import json
import re
import sys

import crops
import scenes

QUESTIONS = {
    "shop": [
        "what shop is this", "what shop is this?", "What shop is this?", "what kind of shop is this?",
        "What type of shop is in the image?", "Which shop is in the picture?", "which shop is it?",
        "Based on that advertisement board, can you tell what type of shop is in the image?",
    ],
    "sign": ["what does the sign say?", "What is written on the sign?", "read the sign", "What does the board say?"],
    "side": ["where is the sign?", "Where is the sign?", "on which side is the sign?"],
    "day": ["is it day or night?", "Is it day or night?", "is this by day or by night?"],
    "awning": ["what colour is the awning?", "What color is the awning?"],
    "car": ["what colour is the car?", "What color is the car?"],
    "general": ["Write a general description of the image.", "describe the image", "Describe the picture."],
}
OF_THE_SIGN = ("shop", "sign", "side")
TOO_SMALL, NO_SIGN = "The sign is too small to read.", "There is no sign."
PLACES = {"left": "on the left", "middle": "in the middle", "right": "on the right"}


def a(noun):
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def legible(scene, boxes):
    """Can the sign be read through any of these windows? None where that is neither clear nor hopeless."""
    if not scene.board:
        return False
    seen = [crops.word(scene, b) for b in boxes]
    if any(0 <= w < crops.NO_SIGN for w in seen):
        return True
    if crops.SKIP not in seen:
        return False
    unclear = [b for b, w in zip(boxes, seen) if w == crops.SKIP]
    best = max(crops.inside(scene.board, b) for b in unclear)
    cap = max(crops.seen_cap(scene, b) for b in unclear)
    return True if best > 0.5 and cap >= crops.LEGIBLE else None


def answer(kind, scene, readable):
    """The right answer; None if it depends on a sign of which it is not clear whether it can be read."""
    if kind in OF_THE_SIGN:
        if not scene.board:
            return NO_SIGN
        if not readable:
            return TOO_SMALL if readable is False else None
    if kind == "shop":
        return f"It is {a(scene.shop)}."
    if kind == "sign":
        return f"The sign says {scene.shop.upper()}."
    if kind == "side":
        return f"The sign is {PLACES[scene.side()]}."
    if kind == "day":
        return "It is day." if scene.day else "It is night."
    if kind == "awning":
        return f"The awning is {scene.awning}."
    if kind == "car":
        return f"The car is {scene.car}."
    return f"A street by {'day' if scene.day else 'night'} with {a(scene.car)} car and {a(scene.awning)} awning."


SPECIAL = ["<|endoftext|>", "<|im_end|>", "<|im_start|>", "<image>"]
MERGES = 280
WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def byte_letters():
    """GPT-2's printable letter for each byte."""
    plain = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    out = {b: chr(b) for b in plain}
    for b in range(256):
        if b not in out:
            out[b] = chr(256 + len(out) - len(plain))
    return out


LETTERS = byte_letters()


def corpus():
    text = []
    for questions in QUESTIONS.values():
        text += [q for q in questions for _ in range(8)]
    for shop in scenes.SHOPS:
        text += [f"It is {a(shop)}.", f"The sign says {shop.upper()}."] * 6
    for colour in scenes.COLOURS:
        text += [f"The awning is {colour}.", f"The car is {colour}."] * 4
        text += [f"A street by {time} with {a(colour)} car and {a(colour)} awning." for time in ("day", "night")] * 4
    text += [f"The sign is {place}." for place in PLACES.values()] * 8
    return text + [TOO_SMALL, NO_SIGN, "It is day.", "It is night.", "user\n", "assistant\n"] * 12


def merged(word, pair):
    out, i = [], 0
    while i < len(word):
        if word[i:i + 2] == pair:
            out.append(word[i] + word[i + 1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return tuple(out)


def learn(wanted=MERGES):
    """Byte-pair merges of the corpus: vocabulary and merges in order."""
    pieces = (w for text in corpus() for w in WORDS.findall(text))
    words = collections.Counter(tuple(LETTERS[b] for b in w.encode()) for w in pieces)
    merges = []
    while len(merges) < wanted:
        pairs = collections.Counter()
        for w, n in words.items():
            for p in zip(w, w[1:]):
                pairs[p] += n
        if not pairs:
            break
        best = max(pairs, key=lambda p: (pairs[p], p))
        merges.append(best)
        shorter = collections.Counter()
        for w, n in words.items():
            shorter[merged(w, best)] += n
        words = shorter
    vocabulary = {c: i for i, c in enumerate(sorted(LETTERS.values()))}
    for first, second in merges:
        vocabulary[first + second] = len(vocabulary)
    return vocabulary, merges


class Tokenizer:
    def __init__(self):
        self.vocabulary, self.merges = learn()
        self.rank = {pair: i for i, pair in enumerate(self.merges)}
        self.special = {s: len(self.vocabulary) + i for i, s in enumerate(SPECIAL)}
        self.back = {i: t for t, i in self.vocabulary.items()}

    def word(self, text):
        parts = [LETTERS[b] for b in text.encode()]
        while len(parts) > 1:
            last = len(self.rank)
            rank, i = min((self.rank.get(pair, last), i) for i, pair in enumerate(zip(parts, parts[1:])))
            if rank == last:
                break
            parts[i:i + 2] = [parts[i] + parts[i + 1]]
        return [self.vocabulary[p] for p in parts]

    def encode(self, text):
        ids = []
        for part in re.split("(" + "|".join(map(re.escape, SPECIAL)) + ")", text):
            if part in self.special:
                ids.append(self.special[part])
            else:
                ids += [i for w in WORDS.findall(part) for i in self.word(w)]
        return ids

    def decode(self, ids):
        byte = {c: b for b, c in LETTERS.items()}
        return bytes(byte[c] for i in ids if i in self.back for c in self.back[i]).decode("utf-8", "replace")

    def save(self, folder):
        flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
        level = {"type": "ByteLevel", "trim_offsets": True, "use_regex": True}
        write(folder + "/tokenizer.json", {
            "version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [{"id": i, "content": s, **flags} for s, i in self.special.items()],
            "normalizer": None, "pre_tokenizer": {**level, "add_prefix_space": False}, "post_processor": None,
            "decoder": {**level, "add_prefix_space": True},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                      "end_of_word_suffix": "", "fuse_unk": False, "vocab": self.vocabulary,
                      "merges": [" ".join(m) for m in self.merges]},
        })
        write(folder + "/tokenizer_config.json", {
            "tokenizer_class": "CodeGenTokenizer", "model_max_length": 2048, "add_prefix_space": False,
            "bos_token": "<|endoftext|>", "eos_token": "<|im_end|>", "unk_token": "<|endoftext|>",
            "pad_token": "<|endoftext|>",
        })


def write(path, value):
    with open(path, "w") as f:
        json.dump(value, f, ensure_ascii=False, indent=1)


def prompt(question):
    return f"<|im_start|>user\n<image>\n{question}<|im_end|>\n<|im_start|>assistant\n"


def main(folder):
    tokenizer = Tokenizer()
    tokenizer.save(folder)
    with open(folder + "/config.json") as f:
        config = json.load(f)
    ids = -(-(len(tokenizer.vocabulary) + len(SPECIAL)) // 8) * 8
    config["vocab_size"] = config["text_config"]["vocab_size"] = ids
    config["image_token_index"] = tokenizer.special["<image>"]
    config["text_config"]["bos_token_id"] = tokenizer.special["<|endoftext|>"]
    config["text_config"]["eos_token_id"] = tokenizer.special["<|im_end|>"]
    write(folder + "/config.json", config)
    write(folder + "/preprocessor_config.json", {
        "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
        "image_processor_type": "SiglipImageProcessor", "resample": 3, "rescale_factor": 1 / 255,
        "size": {"height": crops.S, "width": crops.S},
    })


if __name__ == "__main__":
    main(sys.argv[1])
