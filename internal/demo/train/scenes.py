"""Street scenes with one shop sign: a vector description, drawn whole or through any window of it.

A scene is made from a seed. Lengths are pixels of the whole picture. `cap` is the height of the sign's capitals, which
decides whether a crop shows the sign legibly: a crop of side c seen at S pixels shows capitals of cap*S/c pixels.
"""
import glob
import math
import os
import random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFont

SHOPS = [
    "bakery", "pharmacy", "florist", "butcher", "barber", "bookshop", "cafe", "bank", "hotel", "cinema", "gallery",
    "optician", "dentist", "clinic", "laundry", "tailor", "jeweller", "grocer", "museum", "library", "theatre", "gym",
    "yoga studio", "pizzeria", "sushi bar", "burger bar", "toy shop", "pet shop", "shoe shop", "music shop", "garage",
    "school",
]
COLOURS = {
    "red": (196, 40, 38), "orange": (232, 128, 30), "yellow": (236, 206, 52), "green": (40, 132, 62),
    "blue": (36, 82, 176), "purple": (118, 52, 148), "white": (238, 238, 234), "black": (26, 26, 28),
}
WALLS = [
    (186, 150, 120), (160, 92, 74), (206, 196, 178), (140, 140, 146), (120, 104, 92), (214, 178, 140), (98, 112, 120),
    (172, 172, 160),
]
SIDES = ["left", "middle", "right"]
SIZES = [
    (800, 600), (1024, 768), (1600, 1200), (1920, 1080), (2400, 1600), (2400, 1600), (3000, 2000), (1600, 2400),
    (4000, 3000),
]
FONTS = [
    "DejaVuSans-Bold", "LiberationSans-Bold", "FreeSansBold", "OpenSans-Bold", "Roboto-Bold", "Lato-Bold",
    "NotoSans-Bold", "Go-Bold",
]


def fonts(*folders):
    """Paths of the sign fonts found below the folders, in a fixed order."""
    have = {}
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, "**", "*.ttf"), recursive=True)):
            have.setdefault(os.path.splitext(os.path.basename(path))[0], path)
    missing = [name for name in FONTS if name not in have]
    if missing:
        raise SystemExit("fonts not found: " + ", ".join(missing))
    return [have[name] for name in FONTS]


_fonts = {}


def font(path, size):
    key = (path, size)
    if key not in _fonts:
        if len(_fonts) > 4000:
            _fonts.clear()
        _fonts[key] = ImageFont.truetype(path, size)
    return _fonts[key]


_ratios = {}


def cap_ratio(path):
    """Height of a capital over the font size."""
    if path not in _ratios:
        box = font(path, 200).getbbox("H", anchor="ls")
        _ratios[path] = -box[1] / 200
    return _ratios[path]


_tiles = {}


def noise_tile(sigma):
    """512 x 512 grey noise around 128."""
    if sigma not in _tiles:
        grey = np.random.default_rng(sigma).normal(128, sigma, (512, 512, 1))
        _tiles[sigma] = np.repeat(np.clip(grey, 0, 255).round().astype(np.uint8), 3, axis=2)
    return _tiles[sigma]


def jitter(r, colour, k=14):
    return tuple(max(0, min(255, v + r.randint(-k, k))) for v in colour)


def luma(colour):
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


class Scene:
    """What is drawn (ops, in order) and what is true of it (day, shop, awning, car, board)."""

    def __init__(self, seed, font_paths, width, height, cap, sign=True):
        r = random.Random(seed)
        self.width, self.height = width, height
        self.unit = height / 100
        self.day = r.random() >= 0.35
        self.ground = r.uniform(0.72, 0.86) * height
        self.ops = []
        self._sky(r)
        front = self._houses(r)
        self._shop_front(r, *front)
        self._car(r)
        self._lamps(r)
        self.shop = r.choice(SHOPS)
        self.cap, self.board, self.letters = 0, None, []   # letters: (middle x, middle y, letter, line)
        if sign:
            self._sign(r, font_paths, cap)
        self.noise = r.choice([0, 0, 2, 4, 7])
        self.noise_shift = r.randrange(512)

    def _sky(self, r):
        W, H, u = self.width, self.height, self.unit
        top = jitter(r, (120, 170, 226) if self.day else (18, 22, 48), 18)
        low = jitter(r, (206, 222, 238) if self.day else (52, 52, 84), 18)
        self.ops.append(("sky", 0, 0, W, self.ground, top, low))
        if not self.day:
            for _ in range(40):
                x, y = r.uniform(0, W), r.uniform(0, 0.3 * H)
                self.ops.append(("rect", x, y, x + u * 0.25, y + u * 0.25, (230, 230, 210)))
        self.ops.append(("rect", 0, self.ground, W, H, jitter(r, (122, 120, 116) if self.day else (62, 62, 68))))

    def _houses(self, r):
        """Two to five house fronts with windows. Returns left and right edge of the one with the shop."""
        W, H, u, ground = self.width, self.height, self.unit, self.ground
        n = r.randint(2, 5)
        cuts = sorted([0, W] + [int(W * (i + r.uniform(-0.25, 0.25)) / n) for i in range(1, n)])
        shop = r.randrange(n)
        for left, right in zip(cuts, cuts[1:]):
            roof = r.uniform(0.05, 0.35) * H
            wall = tuple(int(v * (1.0 if self.day else 0.55)) for v in jitter(r, r.choice(WALLS), 20))
            self.ops.append(("rect", left, roof, right, ground, wall))
            if r.random() < 0.4:
                dark = tuple(max(0, v - 18) for v in wall)
                self.ops.append(("bricks", left, roof, right, ground, dark, r.uniform(1.6, 3) * u))
            self._windows(r, left, right, roof)
        return cuts[shop], cuts[shop + 1]

    def _windows(self, r, left, right, roof):
        u, bottom = self.unit, self.ground - 34 * self.unit
        columns, rows = max(1, int((right - left) / (r.uniform(14, 22) * u))), r.randint(1, 3)
        panes = [(88, 108, 128), (120, 144, 168)] if self.day else [(244, 222, 140), (40, 46, 60)]
        frame = (226, 224, 218) if self.day else (90, 90, 92)
        for column in range(columns):
            for row in range(rows):
                x = left + (column + 0.5) * (right - left) / columns
                y = roof + (row + 0.5) * (bottom - roof) / rows
                w = r.uniform(2.5, 4) * u
                h = w * r.uniform(1, 1.6)
                if y + h < bottom:
                    self.ops.append(("rect", x - w, y - h, x + w, y + h, frame))
                    self.ops.append(("rect", x - w * 0.88, y - h * 0.9, x + w * 0.88, y + h * 0.9, r.choice(panes)))

    def _shop_front(self, r, left, right):
        """Display window, door and awning."""
        u, ground = self.unit, self.ground
        mid, half = (left + right) / 2, min((right - left) * 0.46, r.uniform(16, 26) * u)
        self.awning = r.choice(list(COLOURS))
        cloth = jitter(r, COLOURS[self.awning], 10)
        top, depth = ground - r.uniform(26, 30) * u, r.uniform(6, 9) * u
        low = top + depth
        glass = jitter(r, (150, 176, 190) if self.day else (250, 232, 170))
        self.ops += [
            ("rect", mid - half, low, mid + half * 0.35, ground - 3 * u, (70, 60, 54)),
            ("rect", mid - half * 0.96, low, mid + half * 0.31, ground - 4 * u, glass),
            ("rect", mid + half * 0.45, low, mid + half * 0.95, ground, jitter(r, (92, 60, 40), 25)),
            ("poly", [(mid - half, top), (mid + half, top), (mid + half * 1.12, low), (mid - half * 1.12, low)], cloth),
        ]
        if r.random() < 0.5:
            pale = (210, 210, 206) if self.awning == "white" else tuple((v + 255) // 2 for v in cloth)
            for k in range(0, 10, 2):
                x = mid - half + half * k / 5
                self.ops.append(("rect", x, top + depth * 0.75, x + half / 5, low, pale))

    def _car(self, r):
        W, u = self.width, self.unit
        self.car = r.choice(list(COLOURS))
        paint = jitter(r, COLOURS[self.car], 10)
        w = r.uniform(24, 34) * u
        h = w * 0.2
        x, y = r.uniform(0.02 * W, max(0.03 * W, 0.98 * W - w)), self.height - r.uniform(3, 6) * u

        def at(points):
            return [(x + w * a, y - h * b) for a, b in points]
        self.ops += [
            ("poly", at([(0.22, 1), (0.34, 1.9), (0.68, 1.9), (0.82, 1)]), paint),
            ("poly", at([(0.29, 1), (0.37, 1.7), (0.65, 1.7), (0.74, 1)]), (170, 190, 204)),
            ("rect", x, y - h, x + w, y, paint),
            ("ellipse", x + w * 0.12, y - h * 0.45, x + w * 0.28, y + h * 0.35, (20, 20, 20)),
            ("ellipse", x + w * 0.7, y - h * 0.45, x + w * 0.86, y + h * 0.35, (20, 20, 20)),
        ]

    def _lamps(self, r):
        u, ground = self.unit, self.ground
        for _ in range(r.randint(0, 3)):
            x = r.uniform(0, self.width)
            self.ops.append(("rect", x, ground - 45 * u, x + 0.7 * u, ground + 2 * u, (40, 42, 44)))
            self.ops.append(("ellipse", x - 1.2 * u, ground - 48 * u, x + 1.9 * u, ground - 45 * u, (250, 240, 200)))

    def _sign(self, r, font_paths, cap):
        W, H = self.width, self.height
        path = r.choice(font_paths)
        text = self.shop.upper()
        lines = text.split(" ") if " " in text and r.random() < 0.4 else [text]
        size = max(4, round(cap / cap_ratio(path)))
        length = font(path, size).getlength
        gap = cap * r.uniform(1.5, 1.8)
        px, py = cap * r.uniform(0.4, 1.2), cap * r.uniform(0.35, 0.9)
        w = min(W * 0.98, max(length(line) for line in lines) + 2 * px)
        h = cap + gap * (len(lines) - 1) + 2 * py
        x = r.uniform(0.01 * W, max(0.011 * W, 0.99 * W - w))
        y = r.uniform(0.12 * H, max(0.13 * H, 0.74 * H - h))
        while True:
            back = jitter(r, r.choice(list(COLOURS.values()) + WALLS), 24)
            ink = jitter(r, r.choice(list(COLOURS.values())), 24)
            if abs(luma(back) - luma(ink)) > 85:
                break
        self.ops.append(("rect", x, y, x + w, y + h, back))
        if r.random() < 0.5:
            m = cap * 0.12
            self.ops.append(("frame", x + m, y + m, x + w - m, y + h - m, ink, max(1.0, cap * 0.06)))
        for i, line in enumerate(lines):
            base = y + py + cap + gap * i
            self.ops.append(("text", x + w / 2, base, path, size, line, ink))
            left = x + w / 2 - length(line) / 2
            for k, letter in enumerate(line):
                if letter != " ":
                    middle = left + length(line[:k]) + length(letter) / 2
                    self.letters.append((middle, base - cap / 2, letter.lower(), i))
        self.cap, self.board = cap, (x, y, x + w, y + h)

    def side(self):
        """Which third of the picture holds the board's middle."""
        x = (self.board[0] + self.board[2]) / 2 / self.width
        return SIDES[min(2, int(x * 3))]

    def render(self, box=None, scale=1.0):
        """Window box (x0, y0, x1, y1) of the picture, at scale: an RGB image."""
        X0, Y0, X1, Y1 = box or (0, 0, self.width, self.height)
        w, h = max(1, round((X1 - X0) * scale)), max(1, round((Y1 - Y0) * scale))
        image = Image.new("RGB", (w, h))
        draw = ImageDraw.Draw(image)
        for op in self.ops:
            kind = op[0]
            if kind == "poly":
                draw.polygon([((x - X0) * scale, (y - Y0) * scale) for x, y in op[1]], fill=op[2])
                continue
            if kind == "text":
                _, x, y, path, size, text, ink = op
                size = round(size * scale)
                if size >= 3:
                    at = ((x - X0) * scale, (y - Y0) * scale)
                    draw.text(at, text, font=font(path, size), fill=ink, anchor="ms")
                continue
            a, b = (op[1] - X0) * scale, (op[2] - Y0) * scale
            c, e = (op[3] - X0) * scale, (op[4] - Y0) * scale
            if c < 0 or e < 0 or a > w or b > h:
                continue
            if kind == "rect":
                draw.rectangle([a, b, max(a, c - 1), max(b, e - 1)], fill=op[5])
            elif kind == "ellipse":
                draw.ellipse([a, b, c, e], fill=op[5])
            elif kind == "frame":
                draw.rectangle([a, b, c, e], outline=op[5], width=max(1, round(op[6] * scale)))
            elif kind == "sky":
                top, low = np.array(op[5], np.float32), np.array(op[6], np.float32)
                t = (np.arange(min(h, int(e) + 1), dtype=np.float32)[:, None] - b) / max(1, e - b)
                column = (top + (low - top) * t).astype(np.uint8)
                image.paste(Image.fromarray(column[:, None]).resize((w, len(column)), Image.NEAREST), (0, 0))
            elif kind == "bricks":
                step = op[6] * scale
                if step >= 2.5:
                    y = b + max(0, math.ceil(-b / step)) * step
                    while y < min(e, h):
                        draw.line([(max(0, a), y), (min(w, c), y)], fill=op[5])
                        y += step
        return self._noisy(image) if self.noise else image

    def _noisy(self, image):
        w, h = image.size
        tile = np.roll(noise_tile(self.noise), self.noise_shift, axis=(0, 1))
        grain = np.tile(tile, (-(-h // 512), -(-w // 512), 1))[:h, :w]
        return ImageChops.add(image, Image.fromarray(np.ascontiguousarray(grain)), 1, -128)


def grid(width, height, max_crops, base):
    """Crop boxes after the overview and their side: square crops, half overlapping, side grown by 10 until they fit."""
    side = base
    step = side // 2
    if max_crops == 0 or (width <= side + step and height <= side + step):
        return [], base
    while True:
        nx, ny = max(1, (width - side) // step + 1), max(1, (height - side) // step + 1)
        if nx * ny <= max_crops:
            break
        side += 10
        step = side // 2
    if nx == 1 and ny == 1:
        return [], side
    boxes = []
    for i in range(nx):
        for j in range(ny):
            right = i * step + side if i < nx - 1 else width
            low = j * step + side if j < ny - 1 else height
            boxes.append((i * step, j * step, right, low))
    return boxes, side
