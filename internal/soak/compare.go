package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// faults are what a run that was killed must not leave.
type faults struct {
	lost    int // records or files that are not there
	doubled int // records
	torn    int // records that cannot be read
	wrong   int // records or files of other content
	left    int // files that a further run has not removed
	refused int // runs that did not go on
}

func (f *faults) add(g faults) {
	f.lost += g.lost
	f.doubled += g.doubled
	f.torn += g.torn
	f.wrong += g.wrong
	f.left += g.left
	f.refused += g.refused
}

// refusal counts a run that nobody killed and that failed.
func (f *faults) refusal(s *soaker, j *job, err error) {
	if err != nil {
		f.refused++
		s.note("%s: %v", j.name, err)
	}
}

// halfway compares an output, as a kill has left it, with the unbroken one. before counts the records that it had after an earlier kill.
func halfway(folder, want, output string, before map[string]int) (f faults) {
	text, err := os.ReadFile(filepath.Join(folder, output))
	if err != nil { // not begun
		f.lost += before[output]
		return f
	}
	if before[output] == 0 && bytes.Contains(text, []byte("former")) { // of the job that overwrites
		return f
	}
	wanted, err := os.ReadFile(filepath.Join(want, output))
	if err != nil {
		return faults{lost: 1}
	}
	f = compareRecords(text[:bytes.LastIndexByte(text, '\n')+1], wanted)
	there := len(records(wanted)) - f.lost
	f.lost = max(0, before[output]-there)
	before[output] = there
	return f
}

// compare compares the folder of a job with the unbroken one.
func compare(j *job, folder, want string) (f faults, err error) {
	got, err := listed(j, folder)
	if err != nil {
		return f, err
	}
	wanted, err := listed(j, want)
	if err != nil {
		return f, err
	}
	for name := range wanted {
		if _, ok := got[name]; !ok {
			f.lost++
		}
	}
	for name, text := range got {
		other, ok := wanted[name]
		switch {
		case !ok:
			f.left++
		case bytes.Equal(text, other):
		case isRecords(name):
			f.add(compareRecords(text, other))
		default:
			f.wrong++
		}
	}
	return f, nil
}

func isRecords(name string) bool {
	return slices.Contains([]string{".jsonl", ".csv"}, filepath.Ext(name))
}

// listed is the files under a folder by their path, with their content. Those whose names are random have a number in its place.
func listed(j *job, folder string) (map[string][]byte, error) {
	all := map[string][]byte{}
	counts := map[string]int{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		for _, h := range j.hashed {
			if strings.HasPrefix(name, h+string(filepath.Separator)) {
				kind := filepath.Join(h, "*"+filepath.Ext(name))
				if counts[kind]++; strings.Contains(filepath.Base(name), "mcllava-") {
					kind = name
				}
				all[fmt.Sprint(kind, counts[kind])] = nil
				return nil
			}
		}
		all[name], err = os.ReadFile(path)
		return err
	})
	return all, err
}

// compareRecords compares records with those of an unbroken run, but for what they say of the work that was done for them.
func compareRecords(text, wanted []byte) (f faults) {
	got, want := map[string]map[string]any{}, records(wanted)
	for _, r := range records(text) {
		switch _, twice := got[pair(r)]; {
		case r == nil:
			f.torn++
			continue
		case twice:
			f.doubled++
		}
		got[pair(r)] = r
	}
	known := 0
	for _, w := range want {
		r, ok := got[pair(w)]
		switch {
		case !ok:
			f.lost++
			continue
		case fmt.Sprint(r) != fmt.Sprint(w): // which sorts the keys of maps
			f.wrong++
		}
		known++
	}
	f.wrong += len(got) - known
	return f
}

func pair(r map[string]any) string { return fmt.Sprint(r["n"], " ", r["image"], " ", r["question"]) }

// records reads JSON lines, or CSV with a header. What is no record is nil.
func records(text []byte) (all []map[string]any) {
	if bytes.HasPrefix(text, []byte("{")) {
		for line := range bytes.Lines(text) {
			var r map[string]any
			if json.Unmarshal(line, &r) != nil {
				r = nil
			}
			all = append(all, clean(r))
		}
		return all
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return []map[string]any{nil}
	}
	for _, row := range rows[min(1, len(rows)):] {
		r := map[string]any{}
		for i, field := range row {
			r[rows[0][i]] = field
		}
		all = append(all, clean(r))
	}
	return all
}

func clean(r map[string]any) map[string]any {
	for name := range r {
		if strings.HasPrefix(name, "seconds") || name == "crops_encoded" {
			delete(r, name)
		}
	}
	return r
}
