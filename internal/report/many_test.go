package report

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// manyRows writes the page of so many items about 50 pictures into a folder. Half of the answers are wrong.
func manyRows(t *testing.T, folder string, many int) (page string) {
	t.Helper()
	const pictures = 50
	var hashes []string
	for i := range pictures {
		hashes = append(hashes, writePicture(t, filepath.Join(folder, fmt.Sprintf("%d.png", i)), 64+i, 48))
	}
	var pairs []pair
	for i := range many {
		pairs = append(pairs, answer(i, fmt.Sprintf("%d.png", i%pictures), hashes[i%pictures], fmt.Sprintf("what is at place %d of the picture?", i), "It is a place.", float64(i%100)/100, 10, 100).with(map[string]any{"score": i % 2, "category": fmt.Sprint(i % 7)}))
	}
	run := filepath.Join(folder, "run.jsonl")
	writeRun(t, run, pairs...)
	page, _ = makePage(t, folder, Options{}, run)
	return page
}

// TestPageOfMany opens a page of 10 000 items, which works for less than 2 s until it answers to the first key, and then has all rows.
func TestPageOfMany(t *testing.T) {
	b := openBrowser(t)
	const many = 10_000
	page := manyRows(t, t.TempDir(), many)
	info, err := os.Stat(page)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > DefaultBytes {
		t.Errorf("the page has %d bytes", info.Size())
	}
	b.do(chromedp.Navigate("about:blank"))
	send(b, performance.Enable, performance.EnableParams{})
	start, before := time.Now(), b.work()
	b.do(chromedp.Navigate(address(page)))
	b.keys("j")
	b.await(`document.activeElement.closest("#rows tr") !== null`)
	took, work := time.Since(start), b.work()-before
	if work >= 2 {
		t.Errorf("the page's process works for %.2f s until the first key", work)
	}
	b.await(`document.documentElement.dataset.rows === "all"`)
	start = time.Now()
	b.keys("f")
	b.await(`location.hash === "#f=wrong"`)
	t.Logf("%d items, %.1f MB: %.2f s to the first key, of which the page's process worked %.2f s; %.2f s for a filter", many, float64(info.Size())/1e6, took.Seconds(), work, time.Since(start).Seconds())
	if n := eval[int](b, `[...document.querySelectorAll("#rows tr")].filter(r => !r.hidden).length`); n != many/2 {
		t.Errorf("%d rows are wrong, want %d", n, many/2)
	}
	if n := eval[int](b, `new Set([...document.querySelectorAll("#rows tr")].map((r, at) => +r.dataset.i === at ? at : -1)).size`); n != many {
		t.Errorf("%d rows are in their places, want %d", n, many)
	}
	b.quiet(page)
}

// TestPageHasRowsWhenTheyAreAsked opens a page whose later rows are not there yet: at one of them, in another order, filtered, and without
// JavaScript.
func TestPageHasRowsWhenTheyAreAsked(t *testing.T) {
	b := openBrowser(t)
	const many = 400
	page := manyRows(t, t.TempDir(), many)
	const shown = `[...document.querySelectorAll("#rows tr:not([hidden]) a")].map(a => a.hash)`
	b.open(page, "#i=399")
	b.await(`document.getElementById("item").open && document.querySelector("#d-picture img")?.complete`)
	if got := eval[string](b, `document.getElementById("d-question").textContent`); got != "what is at place 399 of the picture?" {
		t.Errorf("the item is %q", got)
	}
	b.open(page, "#o=input")
	if got := eval[[]string](b, shown); len(got) != many || got[0] != "#i=0" || got[many-1] != "#i=399" || got[201] != "#i=201" {
		t.Errorf("%d rows as asked: %q", len(got), got)
	}
	b.open(page, "#f=right")
	b.keys("j")
	b.await(`document.activeElement.closest("#rows tr")?.querySelector("a").hash === "#i=1"`)
	b.await(`document.documentElement.dataset.rows === "all"`)
	if got := eval[[]string](b, shown); len(got) != many/2 || got[many/2-1] != "#i=399" {
		t.Errorf("%d rows are right: %q", len(got), got)
	}
	b.quiet(page)
	send(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.do(chromedp.Navigate(address(page)))
	if n := eval[int](b, `[...document.querySelectorAll("tr[data-i]")].filter(r => r.checkVisibility()).length`); n != many {
		t.Errorf("without JavaScript %d rows are seen, want %d", n, many)
	}
}

// TestPagePrints looks at the page as it is printed: every row with its picture, dark on white, and nothing that cannot be used on paper.
func TestPagePrints(t *testing.T) {
	b := openBrowser(t)
	const many, paper = 400, 720
	page := manyRows(t, t.TempDir(), many)
	b.do(chromedp.EmulateViewport(paper, 1000))
	b.open(page, "")
	send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print", Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
	b.do(chromedp.Evaluate[chromedp.Void](`dispatchEvent(new Event("beforeprint"))`))
	if n := eval[int](b, `[...document.querySelectorAll("#rows tr")].filter(r => r.checkVisibility({ contentVisibilityAuto: true }) && r.querySelector("img").src).length`); n != many {
		t.Errorf("%d rows are printed with their pictures, want %d", n, many)
	}
	if seen := eval[[]string](b, `[...document.querySelectorAll("button, select, input, dialog, .skip")].filter(e => e.checkVisibility()).map(e => e.outerHTML)`); len(seen) > 0 {
		t.Errorf("what cannot be used is printed: %q", seen)
	}
	if width := eval[int](b, `Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)`); width > paper {
		t.Errorf("%d pixels are printed on %d", width, paper)
	}
	if back := eval[string](b, `getComputedStyle(document.documentElement).backgroundColor`); back != "rgb(255, 255, 255)" {
		t.Errorf("the paper is %s", back)
	}
	if split := eval[string](b, `getComputedStyle(document.querySelector("#rows tr")).breakInside`); split != "avoid" {
		t.Errorf("rows are split between pages: %s", split)
	}
	for _, text := range eval[[]contrasted](b, contrast) {
		if !(text.Ratio >= 4.5) {
			t.Errorf("%.2f is the contrast of %q", text.Ratio, text.Text)
		}
	}
	b.quiet(page)
}

// TestShadesArePrinted looks at the cells of a sweep, whose shades browsers leave out unless they are told not to.
func TestShadesArePrinted(t *testing.T) {
	b := openBrowser(t)
	folder := t.TempDir()
	run := filepath.Join(folder, "rows.jsonl")
	writeRun(t, run, cellOf(0, "a.png", 0, 60, "", false), cellOf(1, "a.png", 0, 120, "63 of 120 tokens at most", false), cellOf(2, "a.png", 4, 60, "", true))
	page, _ := makePage(t, folder, Options{}, run)
	b.open(page, "")
	send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	if got := eval[string](b, `[...document.querySelectorAll(".heat div")].map(e => e.className + getComputedStyle(e).printColorAdjust).join()`); got != "exact,unaskedexact,exact" {
		t.Errorf("the cells are printed with %q", got)
	}
	b.quiet(page)
}

// TestEarlierStepsAreFaint opens an item of a search of two steps, the second of which the answer is of.
func TestEarlierStepsAreFaint(t *testing.T) {
	b := openBrowser(t)
	folder := t.TempDir()
	hash := writePicture(t, filepath.Join(folder, "a.png"), 900, 600)
	step := func(boxes ...[]int) map[string]any {
		return map[string]any{"boxes": boxes, "answer": "It is a bakery.", "p_min": 0.9, "peak": []int{450, 300}, "seconds": 1}
	}
	run := filepath.Join(folder, "run.jsonl")
	writeRun(t, run, answer(0, "a.png", hash, "what shop is this", "It is a bakery.", 0.9, 100, 364).with(map[string]any{
		"attention": map[string]any{"peak": []int{450, 300}, "box": []int{400, 250, 500, 350}, "overview": false, "crops": []any{
			map[string]any{"box": []int{0, 0, 900, 600}, "weight": 0.4}, map[string]any{"box": []int{300, 200, 600, 400}, "weight": 0.6},
		}},
		"search": map[string]any{"crops": 4, "answers": 2, "stop": "sure", "steps": []any{step([]int{0, 0, 450, 600}, []int{450, 0, 900, 600}), step([]int{300, 200, 600, 400})}},
	}))
	page, _ := makePage(t, folder, Options{}, run)
	b.open(page, "#i=0")
	b.await(`document.querySelector("#d-picture svg") !== null`)
	if got := eval[string](b, `[...document.querySelectorAll("#d-picture svg .faint")].map(e => e.getAttribute("x")).join() + " " + [...document.querySelectorAll("#d-picture svg text")].map(e => e.textContent).join()`); got != "0,450 2" {
		t.Errorf("faint boxes, and numbers of steps: %q", got)
	}
	b.quiet(page)
}

// work is how many seconds the page's process has worked.
func (b *tab) work() (seconds float64) {
	b.Helper()
	for _, m := range send(b, performance.GetMetrics, cdp.Empty{}).Metrics {
		if m.Name == "ProcessTime" {
			seconds = m.Value
		}
	}
	return seconds
}
