package bench

import (
	"bytes"
	"runtime/pprof"
	"strings"
	"time"
)

// Profile says where the processor's time went while a part of the model ran.
type Profile struct {
	Busy  float64 `json:"busy"`  // share of the threads' time in which the program ran; the rest it slept or others ran
	Parts []Part  `json:"parts"` // of the time in which it ran; none where there is no profiler
}

// Part is the share that went to one kind of operation.
type Part struct {
	Operation string  `json:"operation"`
	Share     float64 `json:"share"`
}

// other is what no rule knows; waiting what a thread spends looking for work while another has the last of it; and peaks the
// measuring of peaks in between, which is left out.
const (
	other   = "other"
	waiting = "waiting"
	peaks   = ""
)

// rules tell operations apart by the innermost function whose name begins so.
var rules = []struct{ function, operation string }{
	{inTensor + "geluTanh", "GELU"},
	{inTensor + "geluErf", "GELU"},
	{inTensor + "(*conversion).do", "conversions"},
	{inTensor + "(*multiplication).do", "products"},
	{inTensor + "dense.Apply", "products"},
	{inTensor + "(*attention).do", "attention"},
	{inTensor + "(*appending).do", "attention"},
	{inTensor + "(*LayerNorm).", "layer norm"},
	{inTensor + "(*helper).await", waiting},
	{inTensor + "(*Pool).run", waiting},
	{"runtime.mcall", waiting}, // the scheduler, which workers call while they wait
	{inTensor + "RegisterRate", peaks},
	{inTensor + "ReadRate", peaks},
}

const inTensor = "github.com/mcllava/mcllava/internal/tensor."

// operations is the order of a breakdown.
var operations = []string{"products", "conversions", "attention", "layer norm", "GELU", other, waiting}

// operation is the kind of operation that a stack belongs to.
func operation(stack []string) string {
	for _, function := range stack {
		for _, r := range rules {
			if strings.HasPrefix(function, r.function) {
				return r.operation
			}
		}
	}
	return other
}

// profile runs f on so many threads under the runtime's sampling profiler, which costs next to nothing. F returns the time that is
// to be explained.
func profile(threads int, f func() time.Duration) Profile {
	var samples bytes.Buffer
	err := pprof.StartCPUProfile(&samples)
	took := f()
	if err != nil {
		return Profile{}
	}
	pprof.StopCPUProfile()
	parsed, err := parseProfile(samples.Bytes())
	if err != nil {
		return Profile{}
	}
	return newProfile(parsed, took*time.Duration(threads))
}

// newProfile adds up samples of threads that had so much time together.
func newProfile(samples []sample, all time.Duration) Profile {
	spent := map[string]time.Duration{}
	var sum time.Duration
	for _, s := range samples {
		if o := operation(s.stack); o != peaks {
			spent[o] += s.time
			sum += s.time
		}
	}
	if sum == 0 {
		return Profile{}
	}
	p := Profile{Busy: min(1, float64(sum)/float64(all))}
	for _, o := range operations {
		p.Parts = append(p.Parts, Part{o, float64(spent[o]) / float64(sum)})
	}
	return p
}
