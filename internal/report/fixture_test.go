package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/records"
)

// hostile are texts that must stay texts.
var hostile = []string{
	`<script>document.title = "run"</script>`,
	`</script><img src=x onerror='document.title = "run"'>`,
	`" onmouseover="document.title = 'run'" data-x="`,
	"right \u202eto left\u2066 and \u200f\x07\x1b[31mred\x00",
	`{{.Title}} ${document.title = "run"} <!-- --> ]]> &amp; &lt;`,
	"two\nlines\tand a tab",
}

// writePicture writes a picture of some size whose left half is red, and returns its SHA-256.
func writePicture(t *testing.T, path string, width, height int) string {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{uint8(x * 255 / width), uint8(y * 255 / height), 200, 255}
			if x < width/2 {
				c = color.RGBA{220, 30, 30, 255}
			}
			picture.SetRGBA(x, y, c)
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(out.Bytes()))
}

// pair is a record with fields that records do not have.
type pair struct {
	records.Record
	more map[string]any
}

// answer is a record of an answer with the knobs of a run.
func answer(n int, picture, hash, question, text string, sure float64, maxCrops, tokens int) pair {
	k := mcllava.DefaultKnobs()
	k.MaxCrops, k.NumTokens, k.LogProbs = maxCrops, tokens, true
	least := sure / 2
	r := records.Record{
		Image: picture, Question: question, Answer: text, Confidence: &sure, PMin: &least, Tokens: []int{1, 2, 3}, Finish: "stop", Crops: 1, ImageTokens: tokens, N: n, Of: 100, Schema: records.Schema, ImageSHA256: hash,
		Key: fmt.Sprint(n), Seconds: mcllava.Seconds{Load: 100, Encode: 1, Decode: float64(n) / 4},
	}
	records.Settings{Knobs: k, Precision: "q8", Checkpoint: "c", Model: "demo"}.Stamp(&r)
	r.NumTokens = tokens
	return pair{r, map[string]any{}}
}

func (p pair) with(more map[string]any) pair {
	maps.Copy(p.more, more)
	return p
}

func failure(n int, picture, question, reason string) pair {
	return pair{records.Record{Image: picture, Question: question, Error: reason, N: n, Of: 100, Schema: records.Schema}, nil}
}

// writeRun writes records as JSON lines.
func writeRun(t *testing.T, path string, pairs ...pair) {
	t.Helper()
	var out bytes.Buffer
	for _, p := range pairs {
		text, err := json.Marshal(p.Record)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&fields); err != nil {
			t.Fatal(err)
		}
		maps.Copy(fields, p.more)
		if text, err = json.Marshal(fields); err != nil {
			t.Fatal(err)
		}
		out.Write(append(text, '\n'))
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// twoRuns writes two runs over the same questions, whose texts are hostile, into a folder, and returns their paths. In the first the
// scores are 1, 0, 0.25, 1, 0, and in the second 0, 1, 0.25, 1 and none.
func twoRuns(t *testing.T, folder string) (a, b string) {
	t.Helper()
	var runs [2][]pair
	for i := range 5 {
		name := fmt.Sprintf("picture %d <b> &\".png", i)
		hash := writePicture(t, filepath.Join(folder, name), 900+200*i, 600)
		for r := range runs {
			score := [][]float64{{1, 0, 0.25, 1, 0}, {0, 1, 0.25, 1, 0}}[r][i]
			p := answer(i, name, hash, hostile[i], fmt.Sprintf("%s %d", hostile[5-i], r), 0.5+0.1*float64(i), 10*(r+1), 100+50*r)
			if i < 4 || r == 0 {
				p = p.with(map[string]any{"score": score, "expected": hostile[i], "category": []string{"signs", "<i>times</i>"}[i%2]})
			}
			p = p.with(map[string]any{
				"attention": map[string]any{"peak": []int{450, 300}, "box": []int{300, 200, 600, 400}, "overview": false, "crops": []any{map[string]any{"box": []int{300, 100, 700, 500}, "weight": 0.75}}},
				"search":    map[string]any{"crops": 3, "answers": 2, "stop": "sure", "steps": []any{map[string]any{"boxes": [][]int{{0, 0, 400, 400}, {200, 100, 600, 500}}, "answer": hostile[1], "p_min": 0.25, "peak": []int{100, 100}, "seconds": 0.5}}},
				"true_box":  [][]int{{100, 50, 300, 250}}, "token_logprobs": []float64{-0.1, -0.5, -2},
			})
			runs[r] = append(runs[r], p)
		}
	}
	for r := range runs {
		runs[r] = append(runs[r], failure(5, "gone.png", hostile[5], "gone.png: no such file"), failure(6, "https://example.org/a.jpg", "what is it?", "offline"))
	}
	a, b = filepath.Join(folder, "a.jsonl"), filepath.Join(folder, "b.jsonl")
	writeRun(t, a, runs[0]...)
	writeRun(t, b, runs[1]...)
	return a, b
}

// makePage writes the page of some runs, and returns its path.
func makePage(t *testing.T, folder string, o Options, paths ...string) (string, Summary) {
	t.Helper()
	runs, err := ReadAll(context.Background(), paths)
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(folder, "page.html")
	o.Folder = folder
	summary, err := WriteFile(context.Background(), page, true, runs, o)
	if err != nil {
		t.Fatal(err)
	}
	return page, summary
}
