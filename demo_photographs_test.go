package mcllava

import (
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	stats "github.com/mcllava/mcllava/internal/score"
)

var photographs = flag.String("photographs", "", "read the pictures of a `FOLDER` whose truth.tsv has lines of a file, a tab and the text in it")

// readTruth reads lines of a file, a tab and the text that can be read in it; the error names the line that is none.
func readTruth(path string) (all [][]string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	lines := csv.NewReader(f)
	lines.Comma, lines.FieldsPerRecord, lines.LazyQuotes = '\t', 2, true
	if all, err = lines.ReadAll(); err != nil {
		return nil, fmt.Errorf("%s: %w, expected a file, a tab and a text", path, err)
	}
	return all, nil
}

// similarity is 1 less the edit distance of what an answer says that a sign says to the text, over the greater length, whatever the case. An
// answer that is put in other words is taken whole.
func similarity(answer, text string) float64 {
	said := signText(answer)
	if said == "" && answer != tooSmall && answer != noSign {
		said = answer
	}
	a, b := []rune(strings.ToUpper(said)), []rune(strings.ToUpper(text))
	return 1 - float64(stats.Distance(a, b))/float64(max(len(a), len(b), 1))
}

// TestPhotographs prints what is read in each picture at several numbers of crops, how similar it is to the text, and the mean of that.
func TestPhotographs(t *testing.T) {
	if *photographs == "" {
		t.Skip("-photographs names a folder of them")
	}
	all, err := readTruth(filepath.Join(*photographs, "truth.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	m, crops := openIn(t, *knowsModel, Precision{}, 0), [...]int{0, 9, 25, 50, 100}
	var sums [len(crops)]float64
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "file\tcrops\tsimilarity\tanswer")
	for _, line := range all {
		picture, err := OpenPicture(read(t, filepath.Join(*photographs, line[0])))
		if err != nil {
			t.Fatalf("%s: %v", line[0], err)
		}
		for i := range crops {
			o := Defaults()
			o.MaxCrops = crops[i]
			v, err := m.see(t, picture, o)
			if err != nil {
				t.Fatalf("%s: %v", line[0], err)
			}
			a, err := m.ask(t, v, "what does the sign say?", o)
			if err != nil {
				t.Fatalf("%s: %v", line[0], err)
			}
			alike := similarity(a.Text, line[1])
			sums[i] += alike
			_, _ = fmt.Fprintf(table, "%s\t%d\t%.2f\t%s\n", line[0], crops[i], alike, a.Text)
		}
	}
	for i, sum := range sums {
		_, _ = fmt.Fprintf(table, "mean of %d\t%d\t%.3f\t\n", len(all), crops[i], sum/float64(len(all)))
	}
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
}

func TestSimilarity(t *testing.T) {
	for _, c := range []struct {
		answer, text string
		want         float64
	}{
		{"The sign says BAKERY.", "Bakery", 1},
		{"The sign says BAKERS.", "bakery", 1 - 1.0/6},
		{"The sign says ST. JOHN.", "ST. JOHN", 1},
		{"The sign says SØN BANKS.", "søn bank", 1 - 1.0/9},
		{tooSmall, "bakery", 0},
		{noSign, "bakery", 0},
		{"BAKERY", "bakery", 1},
	} {
		if got := similarity(c.answer, c.text); got != c.want {
			t.Errorf("%q for %q: %v, expected %v", c.answer, c.text, got, c.want)
		}
	}
}

func TestTruthIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "truth.tsv")
	for list, want := range map[string]string{"a.png\tTHE BAKERY\r\n\nb.png\tBANK": "", "a.png\tBAKERY\n\nb.png\n": "line 3"} {
		if err := os.WriteFile(path, []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := readTruth(path)
		if want == "" && (err != nil || fmt.Sprint(all) != "[[a.png THE BAKERY] [b.png BANK]]") {
			t.Errorf("%q: %q, %v", list, all, err)
		} else if want != "" && (err == nil || !contains(err, want) || !contains(err, path)) {
			t.Errorf("%q: %v, expected %q and the path", list, err, want)
		}
	}
}
