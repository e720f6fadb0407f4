package main

import (
	"slices"
	"testing"
	"time"

	"github.com/mcllava/mcllava/internal/tensor"
)

const ms = time.Millisecond

// equal are so many tasks of the same length.
func equal(n int, each time.Duration) []time.Duration {
	return slices.Repeat([]time.Duration{each}, n)
}

func TestSimulateWithoutCosts(t *testing.T) {
	long := append(equal(8, ms), 8*ms)
	for _, c := range []struct {
		name    string
		tasks   []time.Duration
		threads int
		want    time.Duration
	}{
		{"one thread", equal(10, ms), 1, 10 * ms},
		{"equal tasks", equal(12, ms), 4, 3 * ms},
		{"equal tasks with a rest", equal(13, ms), 4, 4 * ms},
		{"more workers than tasks", equal(3, ms), 16, ms},
		{"one task", equal(1, ms), 16, ms},
		{"no task", nil, 4, 0},
		// The spans are 0…3 and 4…8: the second worker would come to the long task last, and the first takes it from the back
		// after its own four, with the second at its end.
		{"a long task last", long, 2, 12 * ms},
		{"a long task first", []time.Duration{8 * ms, ms, ms, ms, ms, ms, ms, ms, ms}, 2, 8 * ms},
		// Of the spans {4}, {1}, {1}, {1, 1} the second worker takes the last task from the back.
		{"the back of another's span", []time.Duration{4 * ms, ms, ms, ms, ms}, 4, 4 * ms},
	} {
		s := []tensor.Section{{Before: 5 * ms, Tasks: c.tasks}, {Before: 2 * ms, Tasks: c.tasks}}
		o := simulate(s, c.threads, costs{})
		if want := 7*ms + 2*c.want; o.took != want || o.sections[0] != c.want || o.sections[1] != c.want {
			t.Errorf("%s: two sections take %v of %v, expected %v of %v", c.name, o.sections, o.took, c.want, want)
		}
	}
}

func TestSimulatedCosts(t *testing.T) {
	c := costs{call: 10, begin: 100, callAsleep: 1000, beginAsleep: 5000, finish: 1, spin: 100 * time.Microsecond, nap: 50 * time.Microsecond}
	at := func(tasks []time.Duration, threads int, before time.Duration) time.Duration {
		return simulate([]tensor.Section{{Before: before, Tasks: tasks}}, threads, c).sections[0]
	}
	// The last helper is called and begins last; what the others' ends cost the caller has passed meanwhile.
	if got, want := at(equal(3, ms), 3, 0), 2*c.call+c.begin+ms+c.finish; got != want {
		t.Errorf("three workers that look for work take %v, expected %v", got, want)
	}
	if got, want := at(equal(3, ms), 3, ms), 2*c.callAsleep+c.beginAsleep+ms+c.finish; got != want {
		t.Errorf("three workers of which two sleep take %v, expected %v", got, want)
	}
	if got, want := at(equal(3, 10), 3, 0), 2*c.call+30+2*c.finish; got != want {
		t.Errorf("tasks that are done before anybody else begins take %v, expected %v", got, want)
	}
	if got, want := at([]time.Duration{ms, 2 * ms}, 2, 0), c.call+ms+c.spin+19*c.nap+c.finish; got != want {
		t.Errorf("who waits long wakes up after %v, expected %v", got, want)
	}
	if got := at(equal(1, ms), 8, 0); got != ms {
		t.Errorf("one task takes %v on eight threads, expected %v", got, ms)
	}
}

func TestLengths(t *testing.T) {
	serial, work, path := lengths([]tensor.Section{{Before: 1, Tasks: []time.Duration{2, 5, 3}}, {Before: 10, Tasks: []time.Duration{7}}, {Before: 4}})
	if serial != 22 || work != 32 || path != 27 {
		t.Errorf("alone %d, in all %d, at least %d; expected 22, 32 and 27", serial, work, path)
	}
}

func TestRepeated(t *testing.T) {
	var all []tensor.Section
	for _, operation := range []string{"a", "b", "c", "d", "e", "f", ""} {
		all = append(all, tensor.Section{Operation: operation})
	}
	operations := ""
	for _, s := range repeated(all, []int{1, 2, 4}, 5) {
		operations += s.Operation
	}
	if operations != "abcdcdcdef" {
		t.Errorf("sections %s, expected abcdcdcdef", operations)
	}
}

func TestParseCosts(t *testing.T) {
	want := costs{1, 2, 3, 4, 5, 6, 7 * ms}
	if got, err := parseCosts(want.String()); got != want || err != nil {
		t.Errorf("%v is read as %v, %v", want, got, err)
	}
	for _, bad := range []string{"", "1ns", "1ns,1ns,1ns,1ns,1ns,1ns,x", "1ns,1ns,1ns,1ns,1ns,1ns,-1ns"} {
		if _, err := parseCosts(bad); err == nil {
			t.Errorf("%q is no error", bad)
		}
	}
}
