package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFaultsAreCounted damages what a run has written in each way that is counted.
func TestFaultsAreCounted(t *testing.T) {
	const a, b = `{"image":"a","answer":"Yes","n":0,"seconds":{"load":1}}` + "\n", `{"image":"b","answer":"No","n":1,"crops_encoded":4}` + "\n"
	write := func(text string, more ...string) string {
		folder := t.TempDir()
		for _, name := range append(more, "out.jsonl") {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return folder
	}
	j := &job{name: "test", outputs: []string{"out.jsonl"}}
	want := write(a + b)
	for text, f := range map[string]faults{
		a + b:       {},
		b + a:       {},
		a:           {lost: 1},
		a + b + b:   {doubled: 1},
		a + b + "{": {torn: 1},
		a + a[:20]:  {torn: 1, lost: 1},
		a + `{"image":"b","answer":"Yes","n":1}` + "\n":     {wrong: 1},
		a + b + `{"image":"c","answer":"Yes","n":2}` + "\n": {wrong: 1},
	} {
		if got, err := compare(j, write(text), want); err != nil || got != f {
			t.Errorf("%q: %+v, %v, want %+v", text, got, err, f)
		}
	}
	if got, err := compare(j, write(a+b, ".mcllava-x"), want); err != nil || got != (faults{left: 1}) {
		t.Errorf("a file too many: %+v, %v", got, err)
	}
	if got, err := compare(j, t.TempDir(), want); err != nil || got != (faults{lost: 1}) {
		t.Errorf("no file: %+v, %v", got, err)
	}
	before := map[string]int{}
	for _, c := range []struct {
		text string
		want faults
	}{{"", faults{}}, {a + b[:9], faults{}}, {a + b, faults{}}, {a, faults{lost: 1}}} {
		if got := halfway(write(c.text), want, "out.jsonl", before); got != c.want {
			t.Errorf("halfway %q: %+v, want %+v", c.text, got, c.want)
		}
	}
}
