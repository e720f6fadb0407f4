// Package score says what an answer is worth, as the official script of each benchmark does.
package score

import "github.com/mcllava/mcllava/internal/dataset"

// Scoring is the way in which answers are compared.
type Scoring string

// The ways.
const (
	Official Scoring = "official" // as the benchmark's own script
	LMMs     Scoring = "lmms"     // as lmms-eval, where that differs
	LLaVA    Scoring = "llava"    // GQA: as LLaVA's converter writes answers, before the script compares them
)

// Prediction is an answer to an item.
type Prediction struct {
	ID           string
	Text         string   // free, a letter, or an option
	Choice       int      // index of the option that was chosen by likelihood; -1 for none
	Unanswerable *float64 // VizWiz: how likely it is that there is no answer, 0…1; nil where that was not predicted
}

// Score is what a prediction is worth.
type Score struct {
	Value    float64  // 0…1
	Compared string   // the prediction as it was compared
	With     []string // the right answers as they were compared, each once
}

// Scorer scores the answers to one data set.
type Scorer struct {
	set     *dataset.Set
	scoring Scoring
}
