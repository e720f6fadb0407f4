"""Single crops with labels, for training the tower: what a window of a scene shows."""
import math
import random

import numpy as np
from PIL import Image

import scenes

S = 96         # side of a crop as the tower sees it
PATCHES = 8    # patches a side
LIMITS = [0, 4, 9, 16, 25, 36, 50, 64, 100, 100, 100, 150, 200]
NO_SIGN, TOO_SMALL, SKIP = len(scenes.SHOPS), len(scenes.SHOPS) + 1, -1
LEGIBLE, HOPELESS = 6.0, 4.0   # height of capitals in pixels of a crop as the tower sees it


def setting(r):
    """A picture's size, a crop limit, the grid's boxes and a height of capitals. Half are as in the measurement."""
    if r.random() < 0.5:
        width, height, limit = 2400, 1600, 100
    else:
        width, height = r.choice(scenes.SIZES)
        limit = r.choice(LIMITS)
    boxes, side = scenes.grid(width, height, limit, S)
    if not boxes:
        side = math.sqrt(width * height)
    if r.random() < 0.12:
        seen = r.uniform(1.5, HOPELESS)
    else:
        seen = math.exp(r.uniform(math.log(6.2), math.log(14)))
    cap = max(5, min(seen * side / S, height / 6))
    return width, height, limit, boxes, cap


def look(scene, box):
    """What the tower gets of a window: S x S RGB, Pillow's bicubic."""
    scale = min(1.0, 4 * S / max(box[2] - box[0], box[3] - box[1]))
    return np.asarray(scene.render(box, scale).resize((S, S), Image.BICUBIC))


def inside(board, box):
    """Part of the board that the window shows, 0 to 1."""
    w = min(board[2], box[2]) - max(board[0], box[0])
    h = min(board[3], box[3]) - max(board[1], box[1])
    return max(0, w) * max(0, h) / ((board[2] - board[0]) * (board[3] - board[1]))


def seen_cap(scene, box):
    """Height of the sign's capitals in the crop as the tower sees it."""
    return scene.cap * S / math.sqrt((box[2] - box[0]) * (box[3] - box[1]))


def names_left(scene, box):
    """The shops that the letters in the window leave possible."""
    margin = 0.35 * scene.cap
    parts = {}
    for x, y, letter, line in scene.letters:
        if box[0] + margin <= x <= box[2] - margin and box[1] + margin <= y <= box[3] - margin:
            parts[line] = parts.get(line, "") + letter
    if sum(map(len, parts.values())) < 3:
        return []
    return [name for name in scenes.SHOPS if all(part in name.replace(" ", "") for part in parts.values())]


def word(scene, box):
    """What the window says: a shop's index, NO_SIGN, TOO_SMALL, or SKIP where none of these is clearly right."""
    part = inside(scene.board, box) if scene.board else 0
    if part < 0.02:
        return NO_SIGN
    cap = seen_cap(scene, box)
    if cap <= HOPELESS:
        return TOO_SMALL
    if cap >= LEGIBLE and (part > 0.93 or names_left(scene, box) == [scene.shop]):
        return scenes.SHOPS.index(scene.shop)
    return SKIP


def letters(scene, box):
    """bool [patches, 26]: the letters whose middle lies in each patch, where they are large enough to be read."""
    out = np.zeros((PATCHES * PATCHES, 26), bool)
    if scene.board and seen_cap(scene, box) >= LEGIBLE:
        for x, y, letter, _ in scene.letters:
            u = (x - box[0]) / (box[2] - box[0]) * PATCHES
            v = (y - box[1]) / (box[3] - box[1]) * PATCHES
            if 0 <= u < PATCHES and 0 <= v < PATCHES:
                out[int(v) * PATCHES + int(u), ord(letter) - ord("a")] = True
    return out


def picks(seed, font_paths):
    """A scene, some of its windows, and labels: word, awning, car, day; the last three for the whole picture only."""
    r = random.Random(seed * 7919 + 1)
    width, height, _, boxes, cap = setting(r)
    scene = scenes.Scene(seed, font_paths, width, height, cap, sign=r.random() < 0.95)
    overview = (0, 0, width, height)
    chosen = []
    if boxes and scene.board:
        parts = [(inside(scene.board, b), b) for b in boxes]
        full = [b for p, b in parts if p > 0.93]
        cut = [b for p, b in parts if 0.05 < p <= 0.93]
        chosen += r.sample(full, min(2, len(full)))
        chosen += r.sample(cut, min(2 if not full else 1, len(cut)))
    if boxes and r.random() < 0.4:
        chosen.append(r.choice(boxes))
    if not boxes or r.random() < 0.25:
        chosen.append(overview)
    colour = list(scenes.COLOURS).index
    for box in chosen:
        facts = (colour(scene.awning), colour(scene.car), int(scene.day)) if box == overview else (SKIP,) * 3
        yield scene, box, (word(scene, box),) + facts


def stream(seed, font_paths):
    """Endless (pixels, labels, letters) from consecutive seeds."""
    while True:
        for scene, box, labels in picks(seed, font_paths):
            yield look(scene, box), labels, letters(scene, box)
        seed += 1
