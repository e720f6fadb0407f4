package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// requireVariable names what a test run must not skip, separated by commas.
const requireVariable = "MCLLAVA_TEST_REQUIRE"

// browsers are the programs that are tried.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "chrome"}

// tab is a page in a browser.
type tab struct {
	*testing.T
	ctx context.Context

	lock     sync.Mutex
	requests []string
	faults   []string
}

// browser is one for all tests, since a start takes longer than most of them; each tab has cookies and a cache of its own.
var (
	browser, endBrowser = context.WithCancel(context.Background())
	browserOnce         sync.Once
	errBrowser          error
)

func TestMain(m *testing.M) {
	code := m.Run()
	if chromedp.FromContext(browser) != nil {
		_ = chromedp.Cancel(browser) // waits until the browser has ended
	}
	endBrowser()
	os.Exit(code)
}

// startBrowser has the program at a path run until the tests end.
func startBrowser(path string) error {
	browserOnce.Do(func() {
		options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.Flag("disable-dev-shm-usage", true)}
		if os.Geteuid() == 0 {
			options = append(options, chromedp.NoSandbox)
		}
		browser, _ = chromedp.NewContext(browser, chromedp.WithAllocatorOptions(options...))
		errBrowser = chromedp.Do(browser)
	})
	return errBrowser
}

// openBrowser opens a tab. Without a browser the test is skipped, unless MCLLAVA_TEST_REQUIRE asks for one.
func openBrowser(t *testing.T) *tab {
	t.Helper()
	found := ""
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			found = path
			break
		}
	}
	switch {
	case found == "" && slices.Contains(strings.Split(os.Getenv(requireVariable), ","), "browser"):
		t.Fatalf("%s asks for a browser, and none of %q is there", requireVariable, browsers)
	case found == "":
		t.Skipf("none of %q is there", browsers)
	case testing.Short():
		t.Skip("long")
	}
	if err := startBrowser(found); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	return b
}

// openRuns opens a tab, and writes the page of the two runs.
func openRuns(t *testing.T, o Options) (b *tab, page string) {
	t.Helper()
	b = openBrowser(t)
	folder := t.TempDir()
	one, two := twoRuns(t, folder)
	page, _ = makePage(t, folder, o, one, two)
	return b, page
}

// hear notes requests, and what the console would show as an error.
func (b *tab) hear(event any) {
	b.lock.Lock()
	defer b.lock.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, e.ExceptionDetails.Text+" "+fmt.Sprint(e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		b.faults = append(b.faults, "console: "+string(e.Type))
	case *log.EventEntryAdded:
		b.faults = append(b.faults, "log: "+e.Entry.Text)
	}
}

// do runs actions.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// open opens a file at a fragment, and waits for its script.
func (b *tab) open(path, fragment string) {
	b.Helper()
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(address(path)+fragment))
	b.await(`document.documentElement.dataset.ready === "yes"`)
}

// send sends the browser a command.
func send[P, R any](b *tab, command cdp.Command[P, R], params P) (result R) {
	b.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) (err error) {
		result, err = cdp.Call(ctx, t, command, params)
		return err
	}))
	return result
}

func address(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// await waits until an expression is true.
func (b *tab) await(expression string) {
	b.Helper()
	const wait, pause = 30 * time.Second, 25 * time.Millisecond
	for range wait / pause {
		if eval[bool](b, expression) {
			return
		}
		time.Sleep(pause)
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	b.Fatalf("%s is not true after %v; the console has %q", expression, wait, b.faults)
}

func eval[T any](b *tab, expression string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return v
}

// keys presses keys. Those that make a character are pressed as a keyboard does it: a page that takes the key leaves no character.
func (b *tab) keys(keys ...string) {
	b.Helper()
	for _, k := range keys {
		if utf8.RuneCountInString(k) == 1 && k > " " && k < "\x7f" || k == kb.Enter {
			down := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: k, Text: k}
			if k == kb.Enter {
				down.Key, down.Code, down.WindowsVirtualKeyCode = "Enter", "Enter", 13
			}
			up := down
			up.Type, up.Text = input.DispatchKeyEventTypeKeyUp, ""
			send(b, input.DispatchKeyEvent, down)
			send(b, input.DispatchKeyEvent, up)
			continue
		}
		b.do(chromedp.KeyEvent(k))
	}
}

func (b *tab) screen(width, height int64, scheme string) {
	b.Helper()
	b.do(chromedp.EmulateViewport(width, height))
	send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

// quiet fails if the page asked for anything but itself and data, or if the console shows an error.
func (b *tab) quiet(page string) {
	b.Helper()
	time.Sleep(100 * time.Millisecond)
	b.lock.Lock()
	defer b.lock.Unlock()
	own := 0
	for _, r := range b.requests {
		switch address, _, _ := strings.Cut(r, "#"); {
		case address == (&url.URL{Scheme: "file", Path: page}).String():
			own++
		case address != "about:blank" && !strings.HasPrefix(r, "data:"):
			b.Errorf("the page asks for %.200s", r)
		}
	}
	if own == 0 {
		b.Error("no request is seen at all")
	}
	for _, f := range b.faults {
		b.Errorf("the console has %s", f)
	}
}

// TestPageIsText opens a page whose texts are hostile: they stay texts, and nothing is asked for.
func TestPageIsText(t *testing.T) {
	b, page := openRuns(t, Options{Title: hostile[0]})
	b.open(page, "")
	if title := eval[string](b, "document.title"); title != hostile[0] {
		t.Errorf("the title is %q", title)
	}
	if n := eval[int](b, `document.querySelectorAll("script:not([type]), img[onerror], [onmouseover], #rows b, #rows script").length`); n != 2 {
		t.Errorf("%d scripts and handlers, want the page's own two", n)
	}
	for i := range 5 {
		b.keys("j")
		b.keys(kb.Enter)
		b.await(`document.getElementById("item").open`)
		b.await(`document.querySelector("#d-picture img")?.complete ?? true`)
		b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
		if text := eval[string](b, `document.getElementById("item").innerText`); strings.ContainsAny(text, "\u202e\u2066\u200f\x07\x1b") {
			t.Errorf("item %d steers the text around it: %q", i, text)
		}
		b.keys(kb.Escape)
		b.await(`!document.getElementById("item").open`)
	}
	texts := eval[[]string](b, `[...document.querySelectorAll("#rows .q a")].map(e => e.textContent)`)
	for _, want := range hostile[:3] {
		if !slices.Contains(texts, want) {
			t.Errorf("%q is not among the questions", want)
		}
	}
	if title := eval[string](b, "document.title"); title != hostile[0] {
		t.Errorf("a text was run: the title is %q", title)
	}
	b.quiet(page)
}

// TestPageNumbers compares what the page shows with the numbers of its records.
func TestPageNumbers(t *testing.T) {
	b := openBrowser(t)
	folder := t.TempDir()
	one, two := twoRuns(t, folder)
	page, summary := makePage(t, folder, Options{}, one)
	b.open(page, "")
	n := summary.Numbers.Series[0]
	for id, want := range map[string]string{
		"score": percent(n.Score.Mean), "answered": fmt.Sprint(n.Answered), "failed": fmt.Sprint(n.Failed), "unsure": fmt.Sprint(n.Unsure), "confidence": percent(n.Confidence), "median": seconds(n.Median), "seconds": seconds(n.Seconds),
	} {
		if got := eval[string](b, fmt.Sprintf("document.getElementById(%q).textContent", id)); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	counts := eval[map[string]string](b, `Object.fromEntries([...document.querySelectorAll("[data-filter]")].map(b => [b.dataset.filter, b.hidden ? "" : b.lastElementChild.textContent]))`)
	for filter, want := range map[string]string{"all": "7", "wrong": "3", "right": "2", "flipped": "", "unsure": "2", "failed": "2"} {
		if counts[filter] != want {
			t.Errorf("the filter %s has %q, want %q", filter, counts[filter], want)
		}
	}
	page, summary = makePage(t, folder, Options{}, one, two)
	b.open(page, "#b=0&a=1")
	p := summary.Numbers.Pairs[0]
	text := func(of string) string {
		return eval[string](b, fmt.Sprintf("document.querySelector(`#pair [data-of=%s]`).textContent", of))
	}
	if got := text("gained") + text("lost") + text("changed") + text("both") + text("difference"); got != fmt.Sprint(p.Lost, p.Gained, p.Changed, p.Both, points(0)) && got != fmt.Sprintf("%d%d%d%d%s", p.Lost, p.Gained, p.Changed, p.Both, points(0)) {
		t.Errorf("the pair is %s", got)
	}
	if got, want := text("interval"), fmt.Sprintf("%s and %s", points(-p.Difference.High), points(-p.Difference.Low)); !strings.HasSuffix(got, want) {
		t.Errorf("the interval is %q, want %s", got, want)
	}
	if got := eval[[]string](b, `[...[...document.querySelectorAll("#rows tr")].find(r => r.querySelector("a").hash === "#i=0").querySelectorAll(".st > div")].map(d => d.textContent)`); len(got) != 2 || !strings.Contains(got[0], "wrong") || !strings.Contains(got[1], "right") {
		t.Errorf("the first item's status is %q", got)
	}
	flipped := eval[int](b, `document.querySelector("[data-filter=flipped] span").textContent * 1`)
	if flipped != p.Gained+p.Lost {
		t.Errorf("%d flipped, want %d", flipped, p.Gained+p.Lost)
	}
	b.quiet(page)
}

// TestPageByKeys uses the page by keys alone.
func TestPageByKeys(t *testing.T) {
	b, page := openRuns(t, Options{})
	b.open(page, "")
	place := func() string {
		return eval[string](b, `document.activeElement.closest("#rows tr")?.querySelector("a").hash ?? ""`)
	}
	b.keys("j", "j", "j", "k")
	if got := place(); got != "#i=2" {
		t.Errorf("the keys are at %q", got)
	}
	if width := eval[string](b, `getComputedStyle(document.activeElement).outlineStyle`); width != "solid" {
		t.Errorf("focus is shown by %q", width)
	}
	b.keys(kb.Enter)
	b.await(`document.getElementById("item").open && document.querySelector("#d-picture img")?.naturalWidth === 1300`)
	layers := func() []string {
		return eval[[]string](b, `[...document.querySelectorAll("#d-layers [data-layer]")].map(e => e.textContent + " " + e.getAttribute("aria-pressed"))`)
	}
	if want := []string{"2 attention true", "3 peak true", "4 search steps true", "5 true box true"}; !slices.Equal(layers(), want) {
		t.Errorf("layers %q, want %q", layers(), want)
	}
	shapes := eval[int](b, `document.querySelectorAll("#d-picture svg *").length`)
	b.keys("4")
	if now := eval[int](b, `document.querySelectorAll("#d-picture svg *").length`); now >= shapes || layers()[2] != "4 search steps false" {
		t.Errorf("%d shapes become %d, layers %q", shapes, now, layers())
	}
	if text := eval[string](b, `document.querySelector(".tokens").innerText`); !strings.Contains(text, "60.7") {
		t.Errorf("tokens without their probabilities: %q", text)
	}
	b.keys(kb.ArrowRight)
	b.await(`location.hash === "#i=1"`)
	b.keys(kb.ArrowLeft)
	b.await(`location.hash === "#i=2"`)
	b.keys(kb.Escape)
	b.await(`!document.getElementById("item").open && location.hash === "#"+""|| location.hash === ""`)
	if got := place(); got != "#i=2" {
		t.Errorf("after Esc the keys are at %q", got)
	}
	b.keys("?")
	b.await(`document.getElementById("help").open`)
	b.keys(kb.Escape)
	b.await(`!document.getElementById("help").open`)
	b.keys("f", "f")
	b.await(`location.hash === "#f=right"`)
	b.keys("/")
	b.await(`document.activeElement.id === "text"`)
	b.keys(strings.Split("i>tim", "")...)
	b.await(`location.hash === "#f=right&q=i%3Etim"`)
	b.await(`document.getElementById("count").textContent === "2 of 7 items"`)
	b.quiet(page)
}

// TestPageFragment has the view survive a reload.
func TestPageFragment(t *testing.T) {
	b, page := openRuns(t, Options{})
	const shown = `[...document.querySelectorAll("#rows tr:not([hidden]) a")].map(a => a.hash).join()`
	b.open(page, "#f=wrong&c=signs&o=input")
	want := eval[string](b, shown)
	if want != "#i=0,#i=2" && want != "#i=0,#i=2,#i=4" {
		t.Errorf("shown is %s", want)
	}
	b.do(chromedp.Reload())
	b.await(`document.documentElement.dataset.ready === "yes"`)
	if got := eval[string](b, shown); got != want {
		t.Errorf("after a reload %s, want %s", got, want)
	}
	for _, nonsense := range []string{"#f=constructor&c=%3Cb%3E&o=__proto__&a=99&b=-1&i=1e9", "#%%%", "#i=NaN&q=%00"} {
		b.open(page, nonsense)
	}
	b.quiet(page)
}

// TestPageFits looks at the page in narrow and wide windows, in both schemes: nothing sticks out, and every text has a contrast of 4.5.
func TestPageFits(t *testing.T) {
	b, page := openRuns(t, Options{Title: strings.Repeat("averylongname", 20)})
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{320, 1280} {
			b.screen(width, 800, scheme)
			for _, fragment := range []string{"", "#i=1"} {
				b.open(page, fragment)
				b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("#rows tr").forEach(r => r.style.contentVisibility = "visible"); document.querySelectorAll("details").forEach(d => d.open = true); document.querySelector("#rows tr").classList.add("here")`))
				where := fmt.Sprintf("%s, %d pixels, %q", scheme, width, fragment)
				if got := eval[int64](b, `Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)`); got > width {
					t.Errorf("%s: the page is %d pixels wide", where, got)
				}
				if dialog := eval[[]int](b, `[document.getElementById("item").scrollWidth, document.getElementById("item").clientWidth]`); dialog[0] > dialog[1] {
					t.Errorf("%s: the dialog is %d pixels wide, and shows %d", where, dialog[0], dialog[1])
				}
				texts := eval[[]contrasted](b, contrast)
				if len(texts) < 30 {
					t.Errorf("%s: only %d texts are looked at", where, len(texts))
				}
				for _, text := range texts {
					if !(text.Ratio >= 4.5) {
						t.Errorf("%s: %.2f is the contrast of %q", where, text.Ratio, text.Text)
					}
				}
			}
		}
	}
	b.quiet(page)
}

type contrasted struct {
	Text  string
	Ratio float64
}

// contrast is the contrast of each text that is seen with what is behind it, as WCAG 2.2 defines it. A canvas turns colours into bytes.
const contrast = `(() => {
	const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	const bytes = (colours) => {
		context.globalCompositeOperation = "source-over";
		context.fillStyle = "#fff";
		context.fillRect(0, 0, 1, 1);
		for (const c of colours) { context.fillStyle = c; context.fillRect(0, 0, 1, 1); }
		return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
	};
	const luminance = (c) => {
		const [r, g, b] = c.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const text = walker.currentNode, element = text.parentElement;
		if (!text.textContent.trim() || element.closest("script, svg, option") || !element.checkVisibility({ visibilityProperty: true }) || element.closest(".skip")) continue;
		const behind = [];
		for (let e = element; e; e = e.parentElement) behind.unshift(getComputedStyle(e).backgroundColor);
		const back = bytes(behind), front = bytes([...behind, getComputedStyle(element).color]);
		const [x, y] = [luminance(back), luminance(front)];
		found.push({ Text: text.textContent.trim().slice(0, 40), Ratio: (Math.max(x, y) + .05) / (Math.min(x, y) + .05) });
	}
	return found;
})()`

// TestContrastIsMeasured has the measure find what cannot be read.
func TestContrastIsMeasured(t *testing.T) {
	b := openBrowser(t)
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte(`<body style="background:#fff"><p style="color:#777">grey</p><p style="color:#000">black</p>`), 0o644); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(address(path)))
	got := eval[[]contrasted](b, contrast)
	if len(got) != 2 || math.Abs(got[0].Ratio-4.48) > 0.01 || math.Abs(got[1].Ratio-21) > 0.01 {
		t.Errorf("%+v, want 4.48 and 21", got)
	}
}

// TestPageNames reads the accessibility tree: everything that can be used or seen has a name, and the items are a table.
func TestPageNames(t *testing.T) {
	b, page := openRuns(t, Options{})
	b.screen(1280, 800, "light")
	b.open(page, "")
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("#rows tr").forEach(r => r.style.contentVisibility = "visible")`))
	roles := map[string]int{}
	look := func() {
		for _, n := range send(b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
			if n.Ignored || n.Role == nil {
				continue
			}
			var role, name string
			_ = json.Unmarshal(n.Role.Value, &role)
			if n.Name != nil {
				_ = json.Unmarshal(n.Name.Value, &name)
			}
			roles[role]++
			if slices.Contains([]string{"button", "link", "image", "combobox", "searchbox", "textbox", "dialog", "table", "columnheader", "rowheader", "group", "region", "meter", "checkbox"}, role) && strings.TrimSpace(name) == "" {
				t.Errorf("a %s has no name", role)
			}
		}
	}
	look()
	if roles["columnheader"] < 8 || roles["row"] < 10 || roles["table"] < 3 || roles["image"] != 5 || roles["combobox"] != 4 || roles["searchbox"] != 1 || roles["status"] != 1 {
		t.Errorf("the roles are %v", roles)
	}
	clear(roles)
	b.open(page, "#i=1")
	look()
	if roles["dialog"] != 1 || roles["image"] != 1 {
		t.Errorf("with an item open the roles are %v", roles)
	}
	b.quiet(page)
}

// TestPageWithoutScript has every row stand without JavaScript.
func TestPageWithoutScript(t *testing.T) {
	b, page := openRuns(t, Options{})
	send(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.do(chromedp.Navigate(address(page)))
	if ready := eval[string](b, `document.documentElement.className + [...document.querySelectorAll("#rows tr")].filter(r => r.checkVisibility()).length + [...document.querySelectorAll(".needs")].filter(e => e.checkVisibility()).length + [...document.querySelectorAll("#rows img")].filter(i => i.complete && i.naturalWidth).length`); ready != "705" {
		t.Errorf("class, rows, controls and pictures are %s, want 705", ready)
	}
	b.quiet(page)
}

// TestPageOfLinks shows the files themselves in large.
func TestPageOfLinks(t *testing.T) {
	b := openBrowser(t)
	folder := t.TempDir()
	one, _ := twoRuns(t, folder)
	page, _ := makePage(t, folder, Options{Link: true}, one)
	b.open(page, "#i=4")
	b.await(`document.querySelector("#d-picture img")?.naturalWidth === 1700`)
	if errs := errors.Join(os.Remove(filepath.Join(folder, `picture 1 <b> &".png`))); errs != nil {
		t.Fatal(errs)
	}
	b.open(page, "#i=1")
	b.await(`document.querySelector("#d-picture .none")?.textContent.includes("cannot be shown")`)
}
