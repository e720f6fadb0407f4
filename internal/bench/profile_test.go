package bench

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"
)

//go:noinline
func burn(until time.Time) (n int) {
	for time.Now().Before(until) {
		n++
	}
	return n
}

// profileOf is a CPU profile of burn.
func profileOf(t *testing.T, d time.Duration) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.StartCPUProfile(&b); err != nil {
		t.Skip(err)
	}
	burn(time.Now().Add(d))
	pprof.StopCPUProfile()
	return b.Bytes()
}

func TestParseProfile(t *testing.T) {
	samples, err := parseProfile(profileOf(t, 400*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	var sum time.Duration
	for _, s := range samples {
		at := slices.Index(s.stack, "github.com/mcllava/mcllava/internal/bench.burn")
		if at < 0 {
			continue
		}
		sum += s.time
		if !slices.Contains(s.stack[at:], "testing.tRunner") {
			t.Errorf("stack %v, expected burn below the test's runner", s.stack)
		}
	}
	if !(sum >= 20*time.Millisecond && sum <= 800*time.Millisecond) {
		t.Errorf("%v in burn, want up to 400ms", sum)
	}
}

func TestDamagedProfile(t *testing.T) {
	whole := profileOf(t, 50*time.Millisecond)
	if _, err := parseProfile(nil); err == nil {
		t.Error("no error of an empty profile")
	}
	if _, err := parseProfile(whole[:len(whole)/2]); err == nil {
		t.Error("no error of half a profile")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 { // any answer will do, if there is one
		message := make([]byte, r.IntN(40))
		for i := range message {
			message[i] = byte(r.IntN(256))
			if r.IntN(2) == 0 {
				message[i] &= 0x3f
			}
		}
		_ = fields(message, func(_, v uint64, data []byte) error { return numbers(&[]uint64{}, v, data) })
	}
}

func TestOperations(t *testing.T) {
	for _, c := range []struct{ want, stack string }{
		{"products", inTensor + "panelQ8VNNI;" + inTensor + "(*multiplication).panel;" + inTensor + "(*multiplication).do;" + inTensor + "(*Pool).run"},
		{"GELU", inTensor + "geluTanhAVX512;" + inTensor + "GELUTanh;" + inTensor + "(*multiplication).panel;" + inTensor + "(*multiplication).do"},
		{"conversions", inTensor + "quantizeAVX512;" + inTensor + "(*conversion).do;" + inTensor + "(*job).share"},
		{"attention", inTensor + "panelBF16DP;" + inTensor + "(*product).set;" + inTensor + "(*attention).do;" + inTensor + "(*helper).loop"},
		{"layer norm", inTensor + "normaliseAVX512;" + inTensor + "(*LayerNorm).row;" + inTensor + "(*Pool).run"},
		{waiting, inTensor + "pause;" + inTensor + "(*helper).await;" + inTensor + "(*helper).loop"},
		{waiting, "runtime.schedule;runtime.mcall"},
		{other, "runtime.memmove;github.com/mcllava/mcllava/encoder.lastRows"},
	} {
		if got := operation(strings.Split(c.stack, ";")); got != c.want {
			t.Errorf("%s is %q, want %q", c.stack, got, c.want)
		}
	}
}

// TestRulesNameFunctions fails if a function that a rule looks for has got another name.
func TestRulesNameFunctions(t *testing.T) {
	var names []string
	files, err := filepath.Glob("../tensor/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				names = append(names, inTensor+receiver(f)+f.Name.Name)
			}
		}
	}
	for _, r := range rules {
		if strings.HasPrefix(r.function, inTensor) && !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, r.function) }) {
			t.Errorf("no function's name begins with %s", r.function)
		}
		if r.operation != peaks && !slices.Contains(operations, r.operation) {
			t.Errorf("operation %q has no place in a profile", r.operation)
		}
	}
}

// receiver is what stands before a method's name in a profile.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	switch t := f.Recv.List[0].Type.(type) {
	case *ast.StarExpr:
		return "(*" + t.X.(*ast.Ident).Name + ")."
	case *ast.Ident:
		return t.Name + "."
	}
	return "?"
}

func TestProfileAddsUp(t *testing.T) {
	samples := []sample{
		{[]string{inTensor + "(*multiplication).do"}, 3 * time.Second},
		{[]string{inTensor + "(*attention).do"}, time.Second},
		{[]string{"main.main"}, time.Second},
		{[]string{inTensor + "peakVNNI", inTensor + "RegisterRate.func1"}, time.Minute},
	}
	p := newProfile(samples, 10*time.Second)
	if p.Busy != 0.5 || len(p.Parts) != len(operations) {
		t.Fatalf("%+v, want half busy", p)
	}
	for _, part := range p.Parts {
		want := map[string]float64{"products": 0.6, "attention": 0.2, other: 0.2}[part.Operation]
		if part.Share != want {
			t.Errorf("%s has %v, want %v", part.Operation, part.Share, want)
		}
	}
	if p := newProfile(nil, time.Second); len(p.Parts) != 0 {
		t.Errorf("%+v of no samples", p)
	}
}
