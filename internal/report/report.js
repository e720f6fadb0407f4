"use strict";
document.documentElement.classList.remove("loading"); // the rows are laid out once, and not while they come
(() => {
const $ = id => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const { items, series, pictures, grids, numbers } = data;
const body = $("rows"), several = series.length > 1;

// A text with visible escapes for the characters that would steer what stands around it.
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\u{e0000}-\u{e007f}]/gu;
const plain = text => String(text).replace(steering, c => "\\u{" + c.codePointAt(0).toString(16) + "}");
const make = (name, text, attributes) => {
	const e = document.createElement(name);
	if (text !== undefined) e.textContent = plain(text);
	for (const [k, v] of Object.entries(attributes || {})) e.setAttribute(k, v);
	return e;
};
const percent = v => (100 * v).toFixed(1) + "\u00a0%";
const points = v => (v < 0 ? "−" : "+") + Math.abs(100 * v).toFixed(1);
const seconds = v => v === 0 ? "–" : v < 0.0995 ? v.toFixed(3) : v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v.toFixed(2);

// The record of an entry: the fields that all of the run have stand once, with the run.
const record = (e, s) => {
	if (e.t) return null;
	const all = {}, own = e.r || {}, common = e.st === "failed" ? {} : series[s].common;
	for (const k of series[s].keys) if (k in own) all[k] = own[k]; else if (k in common) all[k] = common[k];
	return all;
};
const field = (e, s, k) => e.t ? JSON.parse(e.t)[k] : record(e, s)[k];

// The state, as it stands in the fragment.
const state = { f: "all", c: "", q: "", o: "", a: 0, b: several ? 1 : -1, i: -1 };
const read = () => {
	const p = new URLSearchParams(location.hash.slice(1));
	const number = (k, otherwise, most) => { const n = parseInt(p.get(k), 10); return n >= 0 && n < most ? n : otherwise; };
	state.f = Object.hasOwn(filters, p.get("f")) ? p.get("f") : "all";
	state.c = p.get("c") || "";
	state.q = p.get("q") || "";
	state.o = Object.hasOwn(orders, p.get("o")) ? p.get("o") : "";
	state.a = number("a", 0, series.length);
	state.b = several ? number("b", state.a === 1 ? 0 : 1, series.length) : -1;
	state.i = number("i", -1, items.length);
};
const keep = () => {
	const p = new URLSearchParams();
	if (state.f !== "all") p.set("f", state.f);
	for (const k of ["c", "q", "o"]) if (state[k]) p.set(k, state[k]);
	if (several && (state.a !== 0 || state.b !== 1)) { p.set("a", state.a); p.set("b", state.b); }
	if (state.i >= 0) p.set("i", state.i);
	history.replaceState(null, "", "#" + p);
};

const first = i => i.e[state.a] || i.e[state.b] || i.e.find(e => e);
const some = (i, is) => [state.a, state.b].some(s => i.e[s] && is(i.e[s]));
const flipped = i => {
	const [x, y] = [i.e[state.a], i.e[state.b]];
	if (!x || !y || [x, y].some(e => e.st === "failed" || e.st === "unasked")) return false;
	if (x.sc === undefined && y.sc === undefined) return x.a !== y.a;
	return x.sc !== undefined && y.sc !== undefined && x.st !== y.st;
};
const filters = {
	all: () => true,
	wrong: i => some(i, e => e.st === "wrong"),
	right: i => some(i, e => e.st === "right"),
	flipped,
	unsure: i => some(i, e => e.u),
	failed: i => some(i, e => e.st === "failed"),
};
const group = { wrong: 0, failed: 1 };
const orders = {
	"": (x, y) => {
		const [a, b] = [first(x), first(y)], [g, h] = [group[a.st] ?? 2, group[b.st] ?? 2];
		return g - h || (g === 0 ? (b.s ?? 0) - (a.s ?? 0) : 0) || x.n - y.n;
	},
	input: (x, y) => x.n - y.n,
	unsure: (x, y) => (first(x).s ?? 2) - (first(y).s ?? 2) || x.n - y.n,
	slow: (x, y) => (first(y).d ?? -1) - (first(x).d ?? -1) || x.n - y.n,
};
const byPlace = [];
for (const i of items) byPlace[i.n] = i;
const texts = i => i.text ??= [pictures[i.p].n, i.q, ...i.e.filter(e => e).flatMap(e => [e.a, e.x, e.k])].join("\n").toLowerCase();

// What is shown, in its order, and where among it the keys are.
let shown = [], visible = new Set(items), here = -1, order = "", sides = "0 1";
const buttons = [...document.querySelectorAll("[data-filter]")];
// The items in the order asked for, which at first is that of the page.
let inOrder = items, orderOf = "\n0 " + (several ? 1 : -1);
const sorted = () => {
	const asked = state.o + "\n" + state.a + " " + state.b;
	if (asked !== orderOf) [inOrder, orderOf] = [items.slice().sort(orders[state.o]), asked];
	return inOrder;
};
const apply = () => {
	if (several && sides !== state.a + " " + state.b) compare();
	if (order !== state.o + "\n" + sides) {
		if (order || state.o || sides !== "0 1") {
			addRows(items.length);
			body.append(...sorted().map(i => i.row));
		}
		order = state.o + "\n" + sides;
	}
	const q = state.q.toLowerCase().trim();
	const among = sorted().filter(i => (!state.c || i.e.some(e => e && e.k === state.c)) && (!q || texts(i).includes(q)));
	const kept = shown[here];
	shown = among.filter(filters[state.f]);
	visible = new Set(shown);
	for (const i of items) if (i.row && i.row.hidden === visible.has(i)) i.row.hidden = !visible.has(i);
	for (const b of buttons) {
		b.setAttribute("aria-pressed", b.dataset.filter === state.f);
		if (!b.hidden) b.firstElementChild.textContent = among.reduce((n, i) => n + filters[b.dataset.filter](i), 0);
	}
	here = kept ? shown.indexOf(kept) : -1;
	$("count").textContent = `${shown.length} of ${items.length} items`;
};
const go = at => {
	if (at < 0 || at >= shown.length) return;
	if (here >= 0 && shown[here]) rowOf(shown[here]).classList.remove("here");
	here = at;
	const row = rowOf(shown[here]);
	row.classList.add("here");
	row.querySelector("a").focus({ preventScroll: true });
	row.scrollIntoView({ block: "nearest" });
};

// Rows and numbers of two other runs than those that the page has from the start.
const compare = () => {
	addRows(items.length);
	sides = state.a + " " + state.b;
	$("a").value = state.a;
	$("b").value = state.b;
	for (const i of items) {
		const cells = i.row.cells, at = cells.length - 4, some = [["A", i.e[state.a]], ["B", i.e[state.b]]];
		const fill = (cell, one) => cell.replaceChildren(...some.map(([label, e]) => one(e, label)));
		fill(cells[2], (e, label) => {
			const d = make("div");
			d.append(make("i", label), " ", make("bdi", e ? e.a : "–", e && e.st === "failed" ? { class: "s-failed" } : {}));
			return d;
		});
		fill(cells[at], e => status(e));
		fill(cells[at + 1], e => make("div", e && e.s !== undefined ? percent(e.s) : "–"));
		fill(cells[at + 2], e => make("div", e && e.cr ? e.cr : "–"));
		fill(cells[at + 3], e => make("div", e && e.d !== undefined ? seconds(e.d) : "–"));
	}
	let [a, b, sign] = [state.a, state.b, 1];
	if (a > b) [a, b, sign] = [b, a, -1];
	const p = (numbers.pairs || []).find(p => p.a === a && p.b === b);
	const set = (name, text) => { document.querySelector(`#pair [data-of=${name}]`).textContent = text; };
	const d = p && p.difference;
	set("difference", d ? points(sign * d.mean) : "–");
	set("interval", d ? `points from A to B, 95\u00a0% (${d.interval}) between ${points(Math.min(sign * d.low, sign * d.high))} and ${points(Math.max(sign * d.low, sign * d.high))}` : p ? "no item has a score in both" : "these two are not compared");
	set("gained", p ? (sign > 0 ? p.gained : p.lost) : "–");
	set("lost", p ? (sign > 0 ? p.lost : p.gained) : "–");
	set("changed", p ? p.changed : "–");
	set("both", p ? p.both : "–");
};
const status = e => {
	if (!e) return make("div", "–");
	const d = make("div", undefined, { class: "s-" + e.st });
	d.append(e.st);
	if (e.sc > 0 && e.sc < 1) d.append(" " + percent(e.sc));
	if (e.u) d.append(" ", make("span", "unsure", { class: "s-unsure" }));
	return d;
};

// Pictures.
const source = p => {
	if (pictures[p].k) return pictures[p].k;
	const large = $("p" + p);
	return large ? "data:image/jpeg;base64," + JSON.parse(large.textContent) : small(p);
};
const firstImages = {};
const small = p => firstImages[p] && firstImages[p].getAttribute("src");
// A picture of several rows stands in the first of them; the others get it when they come near.
const fill = row => {
	const image = row.querySelector("img:not([src])"), address = image && small(items[row.dataset.i].p);
	if (address) image.src = address;
};
const near = new IntersectionObserver(all => {
	for (const one of all) if (one.isIntersecting) {
		near.unobserve(one.target);
		fill(one.target);
	}
}, { rootMargin: "1000px" });
const take = row => {
	const item = items[row.dataset.i], image = row.querySelector("img");
	item.row = row;
	if (row.hidden === visible.has(item)) row.hidden = !visible.has(item);
	if (image?.hasAttribute("src")) firstImages[item.p] = image;
	else if (image) near.observe(row);
};
for (const row of body.children) take(row);
const inWindow = 40; // rows, at the most
for (const row of [...body.children].slice(0, inWindow)) fill(row);

// The rows that the page does not begin with are texts, and added when there is time, or when they are asked for: in their order, so that a
// picture's first row is there before its others.
let more;
let added = body.children.length;
const began = added;
const addRows = until => {
	if (added >= until) return;
	more ??= $("more").textContent.match(/<tr [^]*?<\/tr>/g);
	const holder = document.createElement("template");
	holder.innerHTML = more.slice(added - began, until - began).join("");
	const some = [...holder.content.children];
	some.forEach(take);
	body.append(...some);
	added = until;
	if (added === items.length) document.documentElement.dataset.rows = "all";
};
const rowOf = item => {
	if (!item.row) addRows(1 + items.indexOf(item));
	return item.row;
};
const whenIdle = window.requestIdleCallback ?? (f => setTimeout(f, 20));
const addMore = () => {
	addRows(Math.min(items.length, added + 100));
	if (added < items.length) whenIdle(addMore);
};
addEventListener("beforeprint", () => {
	addRows(items.length);
	for (const i of items) fill(i.row);
});

// Layers of the open item.
const names = ["crops", "attention", "peak", "search steps", "true box"];
const on = [false, true, true, true, true];
let side = 0;
const svg = (name, attributes, text) => {
	const e = document.createElementNS("http://www.w3.org/2000/svg", name);
	for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
	if (text !== undefined) e.textContent = text;
	return e;
};
const isBox = b => Array.isArray(b) && b.length === 4 && b.every(v => typeof v === "number" && isFinite(v)) && b[2] > b[0] && b[3] > b[1];
const isPoint = p => Array.isArray(p) && p.length === 2 && p.every(v => typeof v === "number" && isFinite(v));
const boxes = v => isBox(v) ? [v] : Array.isArray(v) ? v.filter(isBox) : [];
const rect = (b, attributes) => svg("rect", { x: b[0], y: b[1], width: b[2] - b[0], height: b[3] - b[1], fill: "none", ...attributes });
const outlined = (b, colour, width, attributes) => [rect(b, { stroke: "#000", "stroke-width": width + 2, "stroke-opacity": .6, ...attributes }), rect(b, { stroke: colour, "stroke-width": width, ...attributes })];
const cross = (p, size, colour) => [["#000", 5], [colour, 2.5]].map(([stroke, width]) => svg("path", { d: `M${p[0] - size} ${p[1]}h${2 * size}M${p[0]} ${p[1] - size}v${2 * size}`, stroke, "stroke-width": width, fill: "none" }));
const layers = (e, s, p) => {
	const size = Math.max(p.w, p.h) / 50, label = (at, text) => svg("text", { x: at[0], y: at[1], "font-size": size * 1.3, fill: "#fff", stroke: "#000", "stroke-width": 3, "paint-order": "stroke", "font-family": "sans-serif" }, text);
	const look = field(e, s, "attention") || {}, search = field(e, s, "search") || {}, truth = boxes(field(e, s, "true_box") ?? field(e, s, "expected_box"));
	const all = [[], [], [], [], []];
	if (e.g !== undefined) for (const [x0, x1] of grids[e.g].x) for (const [y0, y1] of grids[e.g].y) all[0].push(rect([x0, y0, x1, y1], { stroke: "#000", "stroke-width": 2.5, "stroke-opacity": .5 }), rect([x0, y0, x1, y1], { stroke: "#fff", "stroke-width": 1, "stroke-opacity": .85 }));
	const seen = (Array.isArray(look.crops) ? look.crops : []).filter(c => c && isBox(c.box) && c.weight > 0), most = Math.max(...seen.map(c => c.weight));
	for (const c of seen) all[1].push(rect(c.box, { fill: "#ff8c1a", "fill-opacity": .5 * c.weight / most }));
	if (isBox(look.box)) all[1].push(...outlined(look.box, "#ff8c1a", 3));
	if (isPoint(look.peak)) all[2].push(...cross(look.peak, size, "#ffd21f"));
	const steps = Array.isArray(search.steps) ? search.steps : [], crops = Array.isArray(look.crops) ? look.crops : [];
	// The step that the answer is of stands out; without attention that is the last.
	const answers = (step, n) => crops.length ? boxes(step.boxes).join() === crops.slice(1).map(c => c && c.box).join() : n === steps.length - 1;
	steps.forEach((step, n) => {
		if (!step) return;
		const faint = !answers(step, n);
		for (const b of boxes(step.boxes)) {
			if (faint) all[3].push(rect(b, { stroke: "#4db8ff", "stroke-width": 1, "stroke-opacity": .6, class: "faint" }));
			else all[3].push(...outlined(b, "#4db8ff", 2), label([b[0] + size * .4, b[1] + size * 1.5], n + 1));
		}
		if (isPoint(step.peak)) all[3].push(...cross(step.peak, size * .7, "#4db8ff"));
	});
	for (const b of truth) all[4].push(...outlined(b, "#4be37d", 3, { "stroke-dasharray": "10 5" }));
	return all;
};
const draw = () => {
	const i = byPlace[state.i], p = pictures[i.p], holder = $("d-picture"), bar = $("d-layers");
	const sides = (several ? [state.a, state.b] : [state.a]).filter(s => i.e[s]);
	const s = sides[Math.min(side, sides.length - 1)], e = s === undefined ? undefined : i.e[s];
	const address = p.w ? source(i.p) : "";
	bar.replaceChildren();
	if (!address) {
		holder.replaceChildren(make("p", p.w ? "The picture had no room in the page." : "No picture: it " + p.note + ".", { class: "none" }));
		return;
	}
	const old = holder.querySelector("img");
	if (!old || old.getAttribute("src") !== address) {
		const image = make("img", undefined, { alt: plain("The picture " + p.n), width: p.w, height: p.h });
		image.addEventListener("error", () => holder.replaceChildren(make("p", "The picture cannot be shown: its file is gone, or of a kind that browsers do not know.", { class: "none" })));
		image.src = address;
		holder.replaceChildren(image);
	}
	holder.querySelector("svg")?.remove();
	if (!e) return;
	const all = layers(e, s, p), overlay = svg("svg", { viewBox: `0 0 ${p.w} ${p.h}`, preserveAspectRatio: "none", "aria-hidden": "true" });
	all.forEach((layer, n) => { if (on[n]) overlay.append(...layer); });
	holder.append(overlay);
	if (sides.length > 1) sides.forEach((_, n) => {
		const b = make("button", "of " + "AB"[n], { type: "button", "aria-pressed": n === side });
		b.addEventListener("click", () => { side = n; draw(); $("d-layers").children[n].focus(); });
		bar.append(b);
	});
	all.forEach((layer, n) => {
		if (!layer.length) return;
		const b = make("button", `${n + 1} ${names[n]}`, { type: "button", "aria-pressed": on[n], "data-layer": n });
		b.addEventListener("click", () => toggle(n));
		bar.append(b);
	});
};
const toggle = n => {
	const focused = document.activeElement.dataset.layer;
	on[n] = !on[n];
	draw();
	if (focused !== undefined) $("d-layers").querySelector(`[data-layer="${focused}"]`)?.focus();
};

// The open item.
const row = (list, name, value) => {
	const d = make("div"), dd = make("dd");
	dd.append(...[value].flat());
	d.append(make("dt", name), dd);
	list.append(d);
};
const bdi = text => make("bdi", text);
const folded = (title, text, open) => {
	const d = make("details", undefined, { "aria-label": title }), pre = make("pre", text);
	d.open = open;
	d.append(make("summary", title), pre);
	return d;
};
const panel = (e, s, label) => {
	const d = make("section", undefined, { class: "entry" }), h = make("h3"), list = make("dl");
	if (label) h.append(make("i", label), " ");
	if (label) h.append(bdi(series[s].name));
	d.append(h);
	if (!e) {
		d.append(make("p", "This run has no such item.", { class: "none" }));
		return d;
	}
	const r = e.t ? JSON.parse(e.t) : record(e, s);
	const answer = make("p", undefined, { class: "answer" + (e.st === "failed" ? " s-failed" : "") });
	answer.append(bdi(e.a));
	d.append(answer, status(e));
	if (e.x) row(list, "expected", bdi(e.x));
	if (r.compared !== undefined) row(list, "compared", bdi(JSON.stringify(r.compared)));
	if (e.sc !== undefined) row(list, "score", percent(e.sc));
	if (e.k) row(list, "category", bdi(e.k));
	if (r.confidence !== undefined) row(list, "confidence", percent(r.confidence));
	if (r.p_min !== undefined) row(list, "least likely token", percent(r.p_min));
	if (e.cr) row(list, "crops", `${e.cr}, ${r.image_tokens ?? "?"} image tokens`);
	if (e.d !== undefined && r.seconds) row(list, "seconds", `${seconds(e.d)}: ` + Object.entries(r.seconds).filter(([k]) => k !== "load").map(([k, v]) => `${k} ${seconds(v)}`).join(", "));
	if (r.probabilities && typeof r.probabilities === "object") for (const [choice, p] of Object.entries(r.probabilities).sort((x, y) => y[1] - x[1])) row(list, "", [bdi(choice), ` ${percent(p)} `, make("meter", undefined, { value: p, min: 0, max: 1, "aria-label": plain(choice) })]);
	if (Array.isArray(r.tokens) && r.tokens.length) {
		const t = make("div", undefined, { class: "tokens" }), logs = r.token_logprobs;
		r.tokens.forEach((id, n) => t.append(make("span", (r.token_texts?.[n] ?? id) + (typeof logs?.[n] === "number" ? " " + percent(Math.exp(logs[n])) : ""))));
		row(list, "tokens", t);
	}
	(Array.isArray(r.search?.steps) ? r.search.steps : []).forEach((step, n) => {
		if (step) row(list, "search step " + (n + 1), bdi(`${step.answer ?? "–"}${typeof step.p_min === "number" ? ", least likely token " + percent(step.p_min) : ""}`));
	});
	d.append(list, folded("ask again", e.c, false), folded("record", e.t || JSON.stringify(r, null, 2), false));
	return d;
};
const dialog = $("item");
const open = () => {
	const i = byPlace[state.i];
	if (!i) {
		if (dialog.open) dialog.close();
		return;
	}
	rowOf(i); // which may have the picture
	const at = shown.indexOf(i);
	$("d-question").replaceChildren(bdi(i.q));
	$("d-name").replaceChildren(bdi(pictures[i.p].n));
	$("d-place").textContent = at < 0 ? "" : `${at + 1} of ${shown.length}`;
	$("d-previous").disabled = at <= 0;
	$("d-next").disabled = at < 0 || at === shown.length - 1;
	$("d-entries").replaceChildren(...(several ? [panel(i.e[state.a], state.a, "A"), panel(i.e[state.b], state.b, "B")] : [panel(i.e[0], 0)]));
	draw();
	if (!dialog.open) dialog.showModal();
	keep();
};
const move = by => {
	const at = shown.indexOf(byPlace[state.i]) + by;
	if (!dialog.open || at < 0 || at >= shown.length) return;
	go(at);
	state.i = shown[at].n;
	open();
	if (document.activeElement?.disabled || !dialog.contains(document.activeElement)) $("d-question").focus();
};
dialog.addEventListener("close", () => {
	const i = byPlace[state.i];
	state.i = -1;
	keep();
	if (i && shown.includes(i)) go(shown.indexOf(i));
});
$("d-close").addEventListener("click", () => dialog.close());
$("d-previous").addEventListener("click", () => move(-1));
$("d-next").addEventListener("click", () => move(1));
const full = () => $("d-size").setAttribute("aria-pressed", dialog.classList.toggle("full"));
$("d-size").addEventListener("click", full);
body.addEventListener("click", event => {
	const row = event.target.closest("tr");
	if (!row || event.metaKey || event.ctrlKey || event.shiftKey || String(getSelection())) return;
	event.preventDefault();
	go(shown.indexOf(items[row.dataset.i]));
	state.i = items[row.dataset.i].n;
	open();
});
$("help-open").addEventListener("click", () => $("help").showModal());
$("help-close").addEventListener("click", () => $("help").close());

// Controls.
const change = () => { apply(); keep(); };
for (const b of buttons) b.addEventListener("click", () => { state.f = b.dataset.filter; change(); });
for (const [id, k] of [["category", "c"], ["order", "o"]]) $(id).addEventListener("change", event => { state[k] = event.target.value; change(); });
if (several) for (const id of ["a", "b"]) $(id).addEventListener("change", event => { state[id] = +event.target.value; change(); });
let typing;
$("text").addEventListener("input", event => { clearTimeout(typing); typing = setTimeout(() => { state.q = event.target.value; change(); }, 120); });
$("controls").addEventListener("submit", event => event.preventDefault());
const categories = new Set();
for (const i of items) for (const e of i.e) if (e && e.k) categories.add(e.k);
for (const c of [...categories].sort()) {
	const o = make("option", c);
	o.value = c;
	$("category").append(o);
}

document.addEventListener("keydown", event => {
	if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
	const within = event.target.closest?.("input, select, textarea");
	if (event.key === "Escape" && event.target === $("text")) { event.target.blur(); return; }
	if (within) return;
	if ($("help").open) { if (event.key === "?") $("help").close(); return; }
	const keys = dialog.open ? {
		ArrowLeft: () => move(-1), ArrowRight: () => move(1), k: () => move(-1), j: () => move(1), f: full,
		...Object.fromEntries(names.map((_, n) => [n + 1, () => toggle(n)])),
	} : {
		j: () => go(here + 1), k: () => go(here < 0 ? 0 : here - 1),
		Enter: () => {
			const link = event.target.closest?.("#rows a") || (here >= 0 && !event.target.closest?.("button, a, summary") && rowOf(shown[here]).querySelector("a"));
			if (!link) return true;
			link.click();
		},
		"/": () => $("text").focus(),
		f: () => { const names = buttons.filter(b => !b.hidden).map(b => b.dataset.filter); state.f = names[(names.indexOf(state.f) + 1) % names.length]; change(); },
	};
	keys["?"] = () => $("help").showModal();
	if (Object.hasOwn(keys, event.key) && !keys[event.key]()) event.preventDefault();
});

const restore = () => {
	read();
	$("category").value = state.c;
	if ($("category").selectedIndex < 0) $("category").value = state.c = "";
	$("order").value = state.o;
	$("text").value = state.q;
	apply();
	open();
};
addEventListener("hashchange", restore);
restore();
if (added < items.length) whenIdle(addMore);
else document.documentElement.dataset.rows = "all";
document.documentElement.dataset.ready = "yes";
})();
