package cmd

import (
	"path/filepath"
	"testing"
)

// TestKilledSweeps kills sweeps at random moments and resumes them: in the end every cell has its row once, the same as in a sweep that
// nobody stopped.
func TestKilledSweeps(t *testing.T) {
	t.Parallel()
	pictures, kills := 3, *manyKills
	if testing.Short() {
		pictures, kills = 2, 2
	}
	folder := smallStreets(t, pictures)
	for _, format := range []string{"json", "csv"} {
		unbroken := newLongSweep(t, folder, format)
		unbroken.finish(t)
		want := unbroken.records(t)
		if cells := 3 * 3; len(want) != pictures*len(threeQuestions)*cells {
			t.Fatalf("%d rows, want %d of each pair", len(want), cells)
		}
		killed := newLongSweep(t, folder, format)
		killed.kill(t, kills, len(want))
		killed.finish(t)
		sameRows(t, killed.records(t), want)
	}
}

func newLongSweep(t *testing.T, folder, format string) *longRun {
	r := &longRun{format: format, output: filepath.Join(t.TempDir(), "out")}
	r.args = []string{"sweep", "--quiet", "--threads", "1", "--cache", "off", "--max-crops", "0,4,9", "--num-tokens", "30,60,120", "--" + format, "--resume", folder}
	for _, q := range threeQuestions {
		r.args = append(r.args, "-q", q)
	}
	return r
}

// sameRows compares rows, each of which has an answer or a mark.
func sameRows(t *testing.T, got, want []map[string]any) {
	t.Helper()
	for _, rows := range [][]map[string]any{got, want} {
		for i, row := range rows {
			if mark, ok := row["mark"].(string); ok && mark != "" {
				row["answer"] = mark
			}
			if row["answer"] == "" {
				t.Errorf("row %d has neither an answer nor a mark", i)
			}
		}
	}
	same(t, got, want)
}
