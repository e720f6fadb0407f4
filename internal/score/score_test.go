package score

import (
	"bufio"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/dataset"
)

// pair is an answer, what is right, what the answer is worth, and why.
type pair struct {
	answer string
	right  []string
	score  float64
	why    string
}

func scorer(t testing.TB, kind dataset.Kind, scoring Scoring) *Scorer {
	t.Helper()
	s, err := New(&dataset.Set{Kind: kind}, scoring)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func scored(t testing.TB, s *Scorer, answer string, right []string) Score {
	t.Helper()
	score, err := s.Score(&dataset.Item{ID: "7", Answers: right}, Prediction{ID: "7", Text: answer, Choice: -1})
	if err != nil {
		t.Fatal(err)
	}
	return score
}

// TestNormalised answers as two of ten people do, whose answer is right as far as it is normalised as theirs is.
func TestNormalised(t *testing.T) {
	said := func(text string, n int) []string {
		return append(slices.Repeat([]string{text}, n), slices.Repeat([]string{"(other"}, 10-n)...)
	}
	for _, c := range normal {
		for _, w := range []struct {
			kind    dataset.Kind
			scoring Scoring
			want    string
			said    string // by the people
		}{
			{dataset.VQAv2, Official, c.vqav2, c.raw},
			{dataset.TextVQA, Official, c.textvqa, c.raw},
			{dataset.VizWiz, Official, c.vizwiz, c.vizwiz},
			{dataset.VizWiz, LMMs, c.textvqa, c.raw},
			{dataset.VQAv2, LMMs, c.lmms, c.lmms},
		} {
			s := scorer(t, w.kind, w.scoring)
			got := scored(t, s, c.raw, said(w.said, 2))
			if got.Compared != w.want {
				t.Errorf("%s, %s: %q becomes %q, expected %q: %s", w.kind, w.scoring, c.raw, got.Compared, w.want, c.why)
			}
			if again := again(w.said); w.scoring == LMMs && w.kind == dataset.VQAv2 && again != w.want {
				continue // what has been normalised twice need not stay when it is once more
			}
			if math.Abs(got.Value-0.6) > 1e-9 {
				t.Errorf("%s, %s: %q, which two have said, is worth %v, expected 0.6", w.kind, w.scoring, c.raw, got.Value)
			}
		}
	}
}

func TestUnanimous(t *testing.T) {
	for _, c := range []struct {
		scoring Scoring
		answer  string
		all     string
		score   float64
		why     string
	}{
		{Official, "Two", "two", 0, "all say the same, so that nothing is normalised"},
		{Official, "two", "two", 1, "equal as it is"},
		{Official, " two\n", "\ttwo", 1, "but white space around it"},
		{Official, "the dog", "dog", 0, "nor are articles dropped"},
		{Official, "yes.", "yes", 0, "nor stops"},
		{LMMs, "two", "two", 0, "the prediction becomes 2, the answers stay"},
		{LMMs, "Dog.", "dog", 1, "the prediction alone is normalised"},
		{LMMs, "Dog", "Dog", 0, "even if it was equal"},
	} {
		s := scorer(t, dataset.VQAv2, c.scoring)
		if got := scored(t, s, c.answer, slices.Repeat([]string{c.all}, 10)); got.Value != c.score {
			t.Errorf("%s: %q for %q is worth %v, expected %v: %s", c.scoring, c.answer, c.all, got.Value, c.score, c.why)
		}
	}
	// One different answer turns it on.
	mixed := append(slices.Repeat([]string{"two"}, 9), "three")
	if got := scored(t, scorer(t, dataset.VQAv2, Official), "Two", mixed); got.Value != 1 || !slices.Equal(got.With, []string{"2", "3"}) {
		t.Errorf("%+v", got)
	}
}

// TestConsensus counts by hand: with ten people, n of whom agree, min(0.3·n, 1), and otherwise the mean of leaving one out.
func TestConsensus(t *testing.T) {
	for _, c := range []struct {
		n, of int
		want  float64
	}{
		{0, 10, 0},
		{1, 10, 0.3},
		{2, 10, 0.6},
		{3, 10, 0.9},
		{4, 10, 1},
		{9, 10, 1},
		{10, 10, 1},
		{1, 1, 0}, // nobody is left to agree
		{1, 2, 1. / 6},
		{2, 2, 1. / 3},
		{3, 3, 2. / 3},
		{4, 4, 1},
		{1, 3, 2. / 9},
		{3, 9, (3*2./3 + 6) / 9},
		{3, 11, (3*2./3 + 8) / 11},
	} {
		said := append(slices.Repeat([]string{"x"}, c.n), slices.Repeat([]string{"y"}, c.of-c.n)...)
		for _, s := range []*Scorer{scorer(t, dataset.VQAv2, Official), scorer(t, dataset.VizWiz, Official), scorer(t, dataset.VQAv2, LMMs)} {
			if got := scored(t, s, "x", said).Value; math.Abs(got-c.want) > 1e-12 {
				t.Errorf("%s: %d of %d agree: %v, expected %v", s.set.Kind, c.n, c.of, got, c.want)
			}
		}
	}
}

func TestPairs(t *testing.T) {
	for name, c := range map[string]struct {
		kinds []dataset.Kind
		pairs []pair
	}{
		"ANLS":    {[]dataset.Kind{dataset.DocVQA, dataset.InfoVQA}, similar},
		"relaxed": {[]dataset.Kind{dataset.ChartQA}, near5},
	} {
		for _, kind := range c.kinds {
			s := scorer(t, kind, "")
			for _, p := range c.pairs {
				if got := scored(t, s, p.answer, p.right); math.Abs(got.Value-p.score) > 1e-12 {
					t.Errorf("%s: %q for %q is worth %v, expected %v: %s", name, p.answer, p.right, got.Value, p.score, p.why)
				}
			}
		}
	}
}

// TestLongAnswers are not compared character by character where they are too long to be right.
func TestLongAnswers(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, c := range []struct {
		answer, right string
		score         float64
	}{
		{long, "x", 0}, {"x", long, 0}, {strings.Repeat("x", 8), "xxxx", 0.5}, {strings.Repeat("x", 9), "xxxx", 0}, {"xxxx", "        xxxxxxxx", 0.75},
	} {
		if got := scored(t, scorer(t, dataset.DocVQA, ""), c.answer, []string{c.right}); got.Value != c.score {
			t.Errorf("%d characters for %d are worth %v, expected %v", len(c.answer), len(c.right), got.Value, c.score)
		}
	}
}

func TestGQA(t *testing.T) {
	for _, c := range exact {
		for scoring, want := range map[Scoring]float64{Official: c.official, LLaVA: c.llava, LMMs: c.lmms, "": c.llava} {
			if got := scored(t, scorer(t, dataset.GQA, scoring), c.answer, []string{c.right}); got.Value != want {
				t.Errorf("%s: %q for %q is worth %v, expected %v", scoring, c.answer, c.right, got.Value, want)
			}
		}
	}
}

func TestLetters(t *testing.T) {
	letters := []string{"A", "B", "C", "D"}
	options := []string{"red", "blue", "green", "a dog"}
	for _, c := range chosen {
		for _, w := range []struct {
			kind    dataset.Kind
			scoring Scoring
			want    string
		}{
			{dataset.HRBench, "", c.letter},
			{dataset.TSV, "", c.letter},
			{dataset.VStar, "", c.letter},
			{dataset.MMERW, Letters, c.letter},
			{dataset.MMERW, Official, c.first},
		} {
			s := scorer(t, w.kind, w.scoring)
			for right := range options {
				item := &dataset.Item{ID: "7", Options: options, Letters: letters, Right: right}
				got, err := s.Score(item, Prediction{Text: c.answer, Choice: -1})
				if err != nil || got.Compared != w.want || got.Value != oneIf(w.want == letters[right]) || !slices.Equal(got.With, letters[right:right+1]) {
					t.Errorf("%s, %s: %q for %s is %+v, %v, expected %q", w.kind, w.scoring, c.answer, letters[right], got, err, w.want)
				}
			}
		}
	}
}

func TestLikelihood(t *testing.T) {
	item := &dataset.Item{ID: "7", Options: []string{"The flag is red.", "The flag is blue."}}
	s := scorer(t, dataset.VStar, "")
	for choice, want := range []float64{1, 0} {
		got, err := s.Score(item, Prediction{Choice: choice, Text: "The flag is red.", Tie: true})
		if err != nil || got.Value != want || got.Compared != item.Options[choice] || !got.Tie {
			t.Errorf("choice %d: %+v, %v", choice, got, err)
		}
	}
	if got, err := s.Score(item, Prediction{Choice: -1, Text: "the flag is RED."}); err != nil || got.Value != 1 {
		t.Errorf("an option's text: %+v, %v", got, err)
	}
}

// TestOfficial compares with what the scripts themselves have given.
func TestOfficial(t *testing.T) {
	f, err := os.Open("testdata/official.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	counts := map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var c struct {
			Scorer                    string
			Kind                      dataset.Kind
			Scoring                   Scoring
			Pred                      string
			Answers, Options, Letters []string
			Right                     int
			Score                     float64
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		item := &dataset.Item{ID: "7", Answers: c.Answers, Options: c.Options, Letters: c.Letters, Right: c.Right}
		got, err := scorer(t, c.Kind, c.Scoring).Score(item, Prediction{Text: c.Pred, Choice: -1})
		if err != nil || math.Abs(got.Value-c.Score) > 1e-9 {
			t.Errorf("%s: %s\nis worth %v, %v, expected %v", c.Scorer, lines.Bytes(), got.Value, err, c.Score)
		}
		counts[c.Scorer]++
	}
	for name, n := range counts {
		if n != 300 {
			t.Errorf("%s: %d pairs", name, n)
		}
	}
	if len(counts) != 12 {
		t.Errorf("%d scorers", len(counts))
	}
}

// TestOrder says the same of any order of the right answers.
func TestOrder(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	texts := []string{"two", "2", "Two.", "the dog", "dog", "1,000", "it's", "", "5%", "yes"}
	for range 2000 {
		right := make([]string, people)
		for i := range right {
			right[i] = texts[draw.IntN(len(texts))]
		}
		answer := texts[draw.IntN(len(texts))]
		other := slices.Clone(right)
		draw.Shuffle(people, func(i, j int) { other[i], other[j] = other[j], other[i] })
		for kind, scorings := range scorings {
			for _, scoring := range scorings {
				s := scorer(t, kind, scoring)
				a, b := scored(t, s, answer, right), scored(t, s, answer, other)
				if math.Abs(a.Value-b.Value) > 1e-12 || a.Compared != b.Compared {
					t.Fatalf("%s, %s: %q for %q: %v, in another order %v", kind, scoring, answer, right, a, b)
				}
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		item dataset.Item
		kind dataset.Kind
		p    Prediction
		says string
	}{
		{dataset.Item{ID: "9"}, dataset.VQAv2, Prediction{}, "item 9 of vqav2 cannot be scored: its answer is not published"},
		{dataset.Item{ID: "9", Options: []string{"x"}, Right: -1}, dataset.HRBench, Prediction{}, "item 9 of hrbench cannot be scored"},
		{dataset.Item{ID: "9", Options: []string{"x"}, Right: 1}, dataset.HRBench, Prediction{}, "1 options, 0 letters and the right one at 1"},
		{dataset.Item{ID: "9", Options: []string{"x"}, Letters: []string{"A", "B"}}, dataset.HRBench, Prediction{}, "1 options, 2 letters"},
		{dataset.Item{ID: "9", Options: []string{"x"}}, dataset.HRBench, Prediction{Choice: 1}, "item 9: choice 1, expected one of 1 options"},
		{dataset.Item{ID: "9", Answers: []string{"x"}}, dataset.TextVQA, Prediction{}, "it has 1 answers, expected 10"},
		{dataset.Item{ID: "9", Answers: []string{"x"}}, dataset.VizWiz, Prediction{Unanswerable: new(1.5)}, "unanswerable is 1.5, expected 0 to 1"},
		{dataset.Item{ID: "9", Answers: []string{"x"}}, dataset.VizWiz, Prediction{Unanswerable: new(math.NaN())}, "unanswerable is NaN"},
	} {
		if _, err := scorer(t, c.kind, "").Score(&c.item, c.p); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, expected %q", err, c.says)
		}
	}
	for _, c := range []struct {
		kind    dataset.Kind
		scoring Scoring
		says    string
	}{
		{dataset.TextVQA, LMMs, `scoring is "lmms", expected official for textvqa`},
		{dataset.GQA, "other", `scoring is "other", expected llava or official or lmms for gqa`},
		{"other", "", `unknown kind of data set "other"`},
	} {
		if _, err := New(&dataset.Set{Kind: c.kind}, c.scoring); err == nil || err.Error() != c.says {
			t.Errorf("%v, expected %q", err, c.says)
		}
	}
	for _, kind := range dataset.Kinds() {
		if s := scorer(t, kind, ""); s.Scoring() != Scorings(kind)[0] {
			t.Errorf("%s: %s", kind, s.Scoring())
		}
	}
}

// TestContractions counts the tables, and holds that typographic differs from contractions in nothing but apostrophes.
func TestContractions(t *testing.T) {
	contractions, typographic := contractions(), typographic()
	if len(contractions) != 116 || len(typographic) != len(contractions) {
		t.Errorf("%d contractions, %d for VizWiz", len(contractions), len(typographic))
	}
	for short, full := range typographic {
		if contractions[strings.ReplaceAll(short, "’", "'")] != strings.ReplaceAll(full, "’", "'") {
			t.Errorf("%s becomes %s", short, full)
		}
	}
}
