"""Pictures as the model gets them: crops with coordinates, and what may be said of them."""
import random

import numpy as np
from PIL import Image

import crops
import scenes
import talk

FEW = 12   # at most so many windows where only some of a grid are drawn


class Views:
    """x: uint8 [M, S, S, 3], overview first; coords: middles [M, 2]; answers by kind of question, None if unclear."""

    def __init__(self, scene, boxes, x):
        self.scene, self.boxes, self.x = scene, boxes, x
        self.coords = middles(boxes, scene.width, scene.height)
        legible = talk.legible(scene, boxes)
        self.answers = {kind: talk.answer(kind, scene, legible) for kind in talk.QUESTIONS}


def middles(boxes, width, height):
    return [((b[0] + b[2]) / 2 / width, (b[1] + b[3]) / 2 / height) for b in boxes]


def cut(picture, boxes):
    """Windows of a picture as the program makes them."""
    return np.stack([np.asarray(picture.crop(b).resize((crops.S, crops.S), Image.BICUBIC)) for b in boxes])


def boxes_of(width, height, max_crops):
    return [(0, 0, width, height)] + scenes.grid(width, height, max_crops, crops.S)[0]


def whole(seed, font_paths):
    """A scene's whole grid, or one time in four the overview alone."""
    r = random.Random(seed * 7919 + 2)
    width, height, _, boxes, cap = crops.setting(r)
    scene = scenes.Scene(seed, font_paths, width, height, cap, sign=r.random() < 0.95)
    boxes = [(0, 0, width, height)] + (boxes if r.random() < 0.75 else [])
    return Views(scene, boxes, cut(scene.render(), boxes))


def few(seed, font_paths):
    """The overview, windows that show some of the sign, and a few others, in the grid's order."""
    r = random.Random(seed * 7919 + 3)
    width, height, _, boxes, cap = crops.setting(r)
    scene = scenes.Scene(seed, font_paths, width, height, cap, sign=r.random() < 0.95)
    near = [b for b in boxes if scene.board and crops.inside(scene.board, b) > 0.02]
    far = [b for b in boxes if b not in near]
    near = r.sample(near, min(r.choice([0, 4, 7, 7]), len(near)))
    far = r.sample(far, min(r.randint(0, FEW - 1 - len(near)), len(far)))
    boxes = [(0, 0, width, height)] + [b for b in boxes if b in near or b in far]
    return Views(scene, boxes, np.stack([crops.look(scene, b) for b in boxes]))
