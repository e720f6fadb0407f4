package dataset_test

import (
	"bytes"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/dataset/datasettest"
)

func open(t *testing.T, kind dataset.Kind, path string) *dataset.Set {
	t.Helper()
	s, err := dataset.Open(kind, path, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mini(t *testing.T, kind dataset.Kind) (*dataset.Set, string) {
	t.Helper()
	dir := t.TempDir()
	datasettest.Write(t, kind, dir)
	return open(t, kind, dir), dir
}

// check holds items against the ten questions: what is asked, what is right, and the picture's pixels.
func check(t *testing.T, s *dataset.Set) {
	t.Helper()
	if err := s.CheckPictures(); err != nil {
		t.Error(err)
	}
	if len(s.Hash) != 64 || s.Path == "" || s.Name == "" {
		t.Errorf("hash %q, path %q, name %q", s.Hash, s.Path, s.Name)
	}
	questions := datasettest.Questions()
	if s.Kind == dataset.HRBench { // four rotations of two questions
		var all []datasettest.Question
		for i := range 8 {
			all = append(all, questions[i/4])
		}
		questions = all
	}
	if len(s.Items) != len(questions) {
		t.Fatalf("%d items", len(s.Items))
	}
	ids := map[string]bool{}
	for i, item := range s.Items {
		q := questions[i]
		if ids[item.ID] || item.Doc != i || item.Question != q.Text {
			t.Errorf("item %d: id %s, doc %d, question %q", i, item.ID, item.Doc, item.Question)
		}
		ids[item.ID] = true
		right := item.Answers
		if item.Options != nil {
			if s.Kind == dataset.MMERW {
				q.Options = append(q.Options, "This image doesn't feature the squares.")
			}
			if len(item.Letters) != len(item.Options) || !slices.Equal(slices.Sorted(slices.Values(item.Options)), slices.Sorted(slices.Values(q.Options))) {
				t.Errorf("item %d: options %q, letters %q", i, item.Options, item.Letters)
			}
			right = item.Options[item.Right : item.Right+1]
		} else if item.Right != -1 {
			t.Errorf("item %d: right %d without options", i, item.Right)
		}
		if unanswerable := item.Unanswerable != nil && *item.Unanswerable; len(right) == 0 || !unanswerable && right[0] != q.Answer {
			t.Errorf("item %d: %q is right, expected %q", i, right, q.Answer)
		}
		number := i
		if s.Kind == dataset.HRBench {
			number = i / 4
		}
		checkPicture(t, item, number)
	}
}

func checkPicture(t *testing.T, item dataset.Item, number int) {
	t.Helper()
	b, err := item.Picture.Open()
	if err != nil {
		t.Errorf("item %s: %v", item.ID, err)
		return
	}
	got, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		t.Errorf("item %s: %v", item.ID, err)
		return
	}
	want := datasettest.Picture(number)
	for x := 0; x < datasettest.Width; x += 40 {
		r, g, b, _ := got.At(x, 105).RGBA()
		r2, g2, b2, _ := want.At(x, 105).RGBA()
		for _, pair := range [][2]uint32{{r, r2}, {g, g2}, {b, b2}} {
			if d := int(pair[0]>>8) - int(pair[1]>>8); d < -20 || d > 20 {
				t.Errorf("item %s: picture %d has another colour at %d", item.ID, number, x)
				return
			}
		}
	}
}

func TestMiniatures(t *testing.T) {
	for _, kind := range dataset.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			s, _ := mini(t, kind)
			check(t, s)
			if s.Kind != kind {
				t.Errorf("kind %s", s.Kind)
			}
		})
	}
}

func TestVStar(t *testing.T) {
	s, _ := mini(t, dataset.VStar)
	for i, want := range map[int][3]string{
		0: {"direct_attributes/sa_0", "direct_attributes", "direct_attributes/sa_0.jpg"},
		4: {"relative_position/sa_4.2", "relative_position", "relative_position/sa_4.2.png"},
		9: {"GPT4V-hard/sa_9", "GPT4V-hard", "GPT4V-hard/sa_9.jpg"},
	} {
		item := s.Items[i]
		if got := [3]string{item.ID, item.Category, item.Picture.Name}; got != want {
			t.Errorf("item %d is %q, expected %q", i, got, want)
		}
	}
	for i, item := range s.Items {
		want := datasettest.Boxes(i)
		if i == 9 {
			want = nil
		}
		if !slices.Equal(item.Boxes, want) || item.Right != 0 || item.Letters[3] != "D" {
			t.Errorf("item %d: boxes %v, right %d, letters %q", i, item.Boxes, item.Right, item.Letters)
		}
	}
}

func TestVStarLines(t *testing.T) {
	dir := t.TempDir()
	datasettest.VStarLines(t, dir)
	s := open(t, dataset.VStar, dir)
	check(t, s)
	for i, item := range s.Items {
		if item.Right != i%4 || item.Category != "direct_attributes" {
			t.Errorf("item %d: right %d, category %q", i, item.Right, item.Category)
		}
	}
}

func TestVQAv2(t *testing.T) {
	s, _ := mini(t, dataset.VQAv2)
	item := s.Items[1]
	if item.ID != "100010" || item.AnswerType != "number" || item.QuestionType != "how many" || s.Split != "val" || s.Name != "VQAv2" {
		t.Errorf("%+v of %q", item, s.Split)
	}
	if len(item.Answers) != 10 || item.Answers[0] != "2" || item.Answers[4] != "purple" || !strings.HasSuffix(item.Picture.File, "COCO_val2014_000000000101.jpg") {
		t.Errorf("answers %q, picture %q", item.Answers, item.Picture.File)
	}
}

func TestTextVQA(t *testing.T) {
	s, _ := mini(t, dataset.TextVQA)
	if item := s.Items[2]; item.ID != "34604" || len(item.Answers) != 10 || item.Picture.Name != "003c65dbfe40ed7c.jpg" {
		t.Errorf("%+v", item)
	}
}

func TestVizWiz(t *testing.T) {
	s, _ := mini(t, dataset.VizWiz)
	for i, item := range s.Items {
		if item.Unanswerable == nil || *item.Unanswerable != (i == 3 || i == 7) || len(item.Answers) != 10 || item.ID != item.Picture.Name {
			t.Errorf("item %d: %+v", i, item)
		}
	}
}

func TestGQA(t *testing.T) {
	s, _ := mini(t, dataset.GQA)
	for i, item := range s.Items {
		kind := [2]string{"query", "open"}
		if i%3 == 2 {
			kind = [2]string{"verify", "binary"}
		}
		if item.Balanced != (i < 9) || [2]string{item.QuestionType, item.AnswerType} != kind {
			t.Errorf("item %d: %+v", i, item)
		}
	}
	if got := []string{s.Items[0].ID, s.Items[1].ID, s.Items[2].ID, s.Items[0].Entailed[0]}; !slices.Equal(got, []string{"20159", "20166", "20163", "20160"}) {
		t.Errorf("ids %q", got)
	}
	if s.Split != "testdev" {
		t.Errorf("split %q", s.Split)
	}
}

func TestScenes(t *testing.T) {
	s, _ := mini(t, dataset.Scenes)
	for i, item := range s.Items {
		if !slices.Equal(item.Boxes, datasettest.Boxes(i)) || (item.Options == nil) != (i%2 == 0) || item.Category != "squares" || item.AnswerType == "" {
			t.Errorf("item %d: %+v", i, item)
		}
	}
}

func TestHRBench(t *testing.T) {
	s, dir := mini(t, dataset.HRBench)
	datasettest.HRBenchParquet(t, dir)
	both, err := dataset.Open(dataset.HRBench, dir, dataset.Options{Split: "8k"})
	if err != nil {
		t.Fatal(err)
	}
	check(t, both)
	if s.Name != "HR-Bench 4K" || s.Split != "4k" || both.Name != "HR-Bench 8K" || both.Split != "8k" {
		t.Errorf("%q %q, %q %q", s.Name, s.Split, both.Name, both.Split)
	}
	if again := open(t, dataset.HRBench, dir); again.Hash != s.Hash || again.Name != s.Name {
		t.Errorf("of both, %q with the hash %s is read, expected %s", again.Name, again.Hash, s.Hash)
	}
	for _, s := range []*dataset.Set{s, both} {
		for i, item := range s.Items {
			category := []string{"single", "cross"}[i/4]
			if item.Group != s.Items[i/4*4].ID || item.Right != i%4 || item.Category != category || len(item.Letters) != 4 {
				t.Errorf("item %d: %+v", i, item)
			}
		}
		for i := range s.Items { // back and forth
			checkPicture(t, s.Items[i*5%8], i*5%8/4)
		}
	}
}

func TestDocuments(t *testing.T) {
	s, dir := mini(t, dataset.DocVQA)
	if item := s.Items[4]; item.ID != "49157" || len(item.Answers) != 2 || item.QuestionType != "form, layout" || s.Split != "val" {
		t.Errorf("%+v of %q", item, s.Split)
	}
	if got, want := s.Items[4].Picture.Name, "validation-00001-of-00002.parquet#2"; got != want {
		t.Errorf("picture %q, expected %q", got, want)
	}
	if again, err := dataset.Open(dataset.DocVQA, dir, dataset.Options{Split: "validation"}); err != nil || again.Hash != s.Hash {
		t.Errorf("split validation: %v", err)
	}
	s, _ = mini(t, dataset.InfoVQA)
	if item := s.Items[9]; item.ID != "98309" || item.AnswerType != "single span" || item.QuestionType != "counting" {
		t.Errorf("%+v", item)
	}
	s, _ = mini(t, dataset.ChartQA)
	if item := s.Items[9]; item.ID != "9" || item.Category != "augmented_test" || s.Split != "test" {
		t.Errorf("%+v of %q", item, s.Split)
	}
}

func TestMMERealWorld(t *testing.T) {
	s, _ := mini(t, dataset.MMERW)
	for i, item := range s.Items {
		if item.Right != i%4 || item.Letters[4] != "E" || item.Category != "Perception/Monitoring" || item.QuestionType == "" {
			t.Errorf("item %d: %+v", i, item)
		}
	}
}

func TestTSV(t *testing.T) {
	s, dir := mini(t, dataset.TSV)
	if s.Name != "Squares" || s.Items[4].Picture.Name != "Squares.tsv#5" || s.Items[4].Category != "squares" || s.Items[4].QuestionType != "number" {
		t.Errorf("%q, %+v", s.Name, s.Items[4])
	}
	if file := open(t, dataset.TSV, dir+"/Squares.tsv"); file.Hash != s.Hash || len(file.Items) != 10 {
		t.Errorf("the file has the hash %s, its folder %s", file.Hash, s.Hash)
	}
}

// TestPicturesAtOnce opens the pictures of one set from several goroutines, in any order.
func TestPicturesAtOnce(t *testing.T) {
	for _, kind := range []dataset.Kind{dataset.MMERW, dataset.ChartQA, dataset.TSV} {
		s, _ := mini(t, kind)
		var all sync.WaitGroup
		for first := range 4 {
			all.Go(func() {
				for i := range s.Items {
					number := (i*(2*first+1) + first) % len(s.Items)
					checkPicture(t, s.Items[number], number)
				}
			})
		}
		all.Wait()
	}
}

func TestFileForFolder(t *testing.T) {
	if _, err := dataset.Open(dataset.GQA, "miniature_test.go", dataset.Options{}); err == nil || !strings.Contains(err.Error(), "expected the folder") {
		t.Errorf("a file for a folder: %v", err)
	}
}
