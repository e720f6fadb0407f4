package cmd

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	manyPictures = flag.Int("pictures", 10, "pictures of the runs that are killed and resumed")
	manyKills    = flag.Int("kills", 3, "how often each of those runs is killed")
)

var threeQuestions = []string{"is it day or night?", "what colour is the awning?", "what colour is the car?"}

// TestKilledRuns kills runs at random moments and resumes them: in the end every pair has its answer once, the same as in a run
// that nobody stopped.
func TestKilledRuns(t *testing.T) {
	t.Parallel()
	pictures, kills := *manyPictures, *manyKills
	if testing.Short() {
		pictures, kills = 6, 2
	}
	folder := smallStreets(t, pictures)
	for _, format := range []string{"json", "csv"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			unbroken := newLongRun(t, folder, format)
			unbroken.finish(t)
			want := unbroken.records(t)
			if len(want) != pictures*len(threeQuestions) {
				t.Fatalf("%d records, want %d of each picture", len(want), len(threeQuestions))
			}
			killed := newLongRun(t, folder, format)
			killed.kill(t, kills, len(want))
			killed.finish(t)
			same(t, killed.records(t), want)

			shards := []*longRun{newLongRun(t, folder, format, "--shard", "1/2"), newLongRun(t, folder, format, "--shard", "2/2")}
			merge := []string{"merge"}
			for _, s := range shards {
				s.kill(t, (kills+1)/2, len(want)/len(shards))
				s.finish(t)
				merge = append(merge, s.output)
			}
			merged := longRun{format: format, output: filepath.Join(t.TempDir(), "merged")}
			if message, err := exec.Command("mcllava", append(merge, "-o", merged.output)...).CombinedOutput(); err != nil {
				t.Fatalf("merge: %v: %s", err, message)
			}
			same(t, merged.records(t), want)
		})
	}
}

// longRun asks three questions about the pictures of a folder.
type longRun struct {
	format, output string
	args           []string
}

func newLongRun(t *testing.T, folder, format string, more ...string) *longRun {
	r := &longRun{format: format, output: filepath.Join(t.TempDir(), "out")}
	r.args = []string{"ask", "--quiet", "--threads", "1", "--cache", "off", "--max-crops", "4", "--" + format, "--resume", folder}
	for _, q := range threeQuestions {
		r.args = append(r.args, "-q", q)
	}
	r.args = append(r.args, more...)
	return r
}

func (r *longRun) command() *exec.Cmd {
	return exec.Command("mcllava", slices.Concat(r.args, []string{"-o", r.output})...)
}

// finish runs it to its end.
func (r *longRun) finish(t *testing.T) {
	t.Helper()
	if message, err := r.command().CombinedOutput(); err != nil || len(message) > 0 {
		t.Fatalf("%v: %s", err, message)
	}
}

// kill starts the run so many times, and kills it each time at a random count of records. After every other time the end of the
// output is torn off, as by a power cut.
func (r *longRun) kill(t *testing.T, times, records int) {
	t.Helper()
	moments := make([]int, times)
	for i := range moments {
		moments[i] = rand.IntN(records * 9 / 10)
	}
	slices.Sort(moments)
	killed := 0
	for i, enough := range moments {
		c := r.command()
		var message bytes.Buffer
		c.Stderr = &message
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = c.Wait(); close(ended) }()
		for deadline := time.Now().Add(time.Minute); r.lines(t) < enough && time.Now().Before(deadline); {
			select {
			case <-ended:
				enough = 0
			case <-time.After(2 * time.Millisecond):
			}
		}
		_ = c.Process.Kill()
		<-ended
		if message.Len() > 0 {
			t.Fatalf("a run that is killed says %q", &message)
		}
		if !c.ProcessState.Exited() {
			killed++
		}
		if i%2 == 1 {
			r.tear(t)
		}
	}
	t.Logf("killed %d times of %d, with %d records of %d", killed, times, r.lines(t), records)
	if killed < times/2 {
		t.Errorf("only %d of %d runs were still going when they were killed", killed, times)
	}
}

// tear cuts off some bytes of the last record.
func (r *longRun) tear(t *testing.T) {
	t.Helper()
	if text := r.read(t); r.lines(t) > 1 {
		if err := os.Truncate(r.output, int64(len(text)-1-rand.IntN(300))); err != nil {
			t.Fatal(err)
		}
	}
}

func (r *longRun) read(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(r.output)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return text
}

func (r *longRun) lines(t *testing.T) int { return bytes.Count(r.read(t), []byte("\n")) }

// records are what the output holds, without what a record says of the work that was done for it.
func (r *longRun) records(t *testing.T) []map[string]any {
	t.Helper()
	records, err := parseRecords(r.read(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records {
		for name := range record {
			if strings.HasPrefix(name, "seconds") || name == "crops_encoded" {
				delete(record, name)
			}
		}
	}
	return records
}

// parseRecords reads JSON lines, or CSV with a header.
func parseRecords(text []byte) (records []map[string]any, err error) {
	if bytes.HasPrefix(text, []byte("{")) {
		for line := range bytes.Lines(text) {
			var record map[string]any
			if err := json.Unmarshal(line, &record); err != nil {
				return nil, fmt.Errorf("%w: %s", err, line)
			}
			records = append(records, record)
		}
		return records, nil
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	for _, row := range rows[1:] {
		record := map[string]any{}
		for i, field := range row {
			record[rows[0][i]] = field
		}
		records = append(records, record)
	}
	return records, nil
}

func same(t *testing.T, got, want []map[string]any) {
	t.Helper()
	if i := slices.IndexFunc(want, func(w map[string]any) bool { return w["answer"] == nil || w["answer"] == "" }); i >= 0 {
		t.Errorf("record %d has no answer", i)
	}
	if len(got) != len(want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("record %d is %v, want %v", i, got[i], want[i])
		}
	}
}
