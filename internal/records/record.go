// Package records is what the program writes about pairs of an image and a question, and how it reads that again: to take up
// a run that was interrupted, and to join the outputs of several.
package records

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/modelfile"
)

// Schema is the version of a record's fields. It goes up when one changes its meaning or goes away, and not when one is added. Records
// without a version are of version 1.
const Schema = 2

// Record is one pair: an image and a question, with the answer or, if Error is not empty, why there is none.
type Record struct {
	ID       string `json:"id,omitempty"` // the caller's own name of the pair, if any
	Image    string `json:"image"`        // empty, as Question may be, for a broken line of the input, which has failed
	Question string `json:"question"`
	Answer   string `json:"answer"`
	Error    string `json:"error,omitempty"`
	Mark     string `json:"mark,omitempty"`     // why a cell of a sweep was not asked, where that is no failure
	Expected string `json:"expected,omitempty"` // what the answer is to say
	Correct  *bool  `json:"correct,omitempty"`  // whether it does; nil where nothing is expected
	Evaluated
	Choice        string             `json:"choice,omitempty"`
	Probabilities map[string]float64 `json:"probabilities,omitempty"` // of each choice
	LogProb       *float64           `json:"logprob,omitempty"`       // as mcllava.Answer.Confidence has it, and so Confidence
	Confidence    *float64           `json:"confidence,omitempty"`
	PMin          *float64           `json:"p_min,omitempty"` // probability of the least likely token
	Tokens        []int              `json:"tokens"`
	Finish        mcllava.Finish     `json:"finish"`
	Crops         int                `json:"crops"`
	Encoded       int                `json:"crops_encoded"` // of them, and not found in the cache
	ImageTokens   int                `json:"image_tokens"`
	PromptTokens  int                `json:"prompt_tokens"`
	Attention     *mcllava.Attention `json:"attention,omitempty"`
	Search        *mcllava.Found     `json:"search,omitempty"`
	mcllava.Knobs
	NumTokens   int             `json:"num_tokens"` // in force
	Model       string          `json:"model"`
	Precision   string          `json:"precision"`
	Seconds     mcllava.Seconds `json:"seconds"`
	ImageSHA256 string          `json:"image_sha256,omitempty"` // hex
	Checkpoint  string          `json:"checkpoint,omitempty"`
	Run         string          `json:"run,omitempty"`   // Settings.ID of the run that answered
	Sweep       string          `json:"sweep,omitempty"` // SweepID of all settings that the pair is asked with; the record is of one of them, a cell
	Key         string          `json:"key,omitempty"`   // Key of the pair
	N           int             `json:"n"`               // number of the pair in the whole input, from 0
	Of          int             `json:"of,omitempty"`    // pairs of the whole input; 0 where that is not known
	Schema      int             `json:"schema,omitempty"`
}

// Evaluated is what an evaluation adds to the record of an answer to an item of a data set.
type Evaluated struct {
	Dataset      string   `json:"dataset,omitempty"`        // with its split
	DatasetHash  string   `json:"dataset_sha256,omitempty"` // of what it asks and what is right
	Category     string   `json:"category,omitempty"`
	AnswerType   string   `json:"answer_type,omitempty"`
	QuestionType string   `json:"question_type,omitempty"`
	TrueBox      [][4]int `json:"true_box,omitempty"` // x0, y0, x1, y1 of what is asked about, in pixels of the upright picture
	Scoring      string   `json:"scoring,omitempty"`  // how the score was found
	Compared     string   `json:"compared,omitempty"` // the answer as it was compared
	Score        *float64 `json:"score,omitempty"`    // 0…1; nil where the right answer is not published
}

// Failed says whether the pair has no answer.
func (r Record) Failed() bool { return r.Error != "" }

// Sureness is a tab and the confidence of an answer whose run asked for it; empty elsewhere.
func (r Record) Sureness() string {
	if !r.LogProbs || r.Confidence == nil {
		return ""
	}
	return fmt.Sprintf("\t%.4f", *r.Confidence)
}

// String is how messages call the pair.
func (r Record) String() string {
	if r.broken() {
		return "a broken line of the input"
	}
	if r.Sweep != "" {
		return fmt.Sprintf("%s %q with %s", r.Image, r.Question, r.cell())
	}
	return fmt.Sprintf("%s %q", r.Image, r.Question)
}

// cell is how messages call the knobs of a cell.
func (r Record) cell() string {
	k := &r.Knobs
	return fmt.Sprintf("%s %d and %s %d", mcllava.KnobName(k.All(), &k.MaxCrops), k.MaxCrops, mcllava.KnobName(k.All(), &k.NumTokens), k.NumTokens)
}

// broken says whether the pair is a line of the input that could not be understood.
func (r Record) broken() bool { return r.Failed() && r.Image == "" }

// answered is a Record as it is written with an answer.
type answered Record

// failed is a Record as it is written without one.
type failed struct {
	ID       string `json:"id,omitempty"`
	Image    string `json:"image"`
	Question string `json:"question"`
	Error    string `json:"error"`
	Key      string `json:"key,omitempty"`
	N        int    `json:"n"`
	Of       int    `json:"of,omitempty"`
	Schema   int    `json:"schema,omitempty"`
}

// failedCell is what the record of a failed cell has besides.
type failedCell struct {
	MaxCrops  int    `json:"max_crops"`
	NumTokens int    `json:"num_tokens_asked"`
	Sweep     string `json:"sweep"`
}

// MarshalJSON leaves out of a failed record all that only an answer has. The name of an image that is no UTF-8 stands beside its text
// in base64, as image_bytes, so that such names stay apart.
func (r Record) MarshalJSON() ([]byte, error) {
	var name []byte
	if !utf8.ValidString(r.Image) {
		name = []byte(r.Image)
	}
	if r.Failed() {
		var cell *failedCell
		if r.Sweep != "" {
			cell = &failedCell{r.MaxCrops, r.Knobs.NumTokens, r.Sweep}
		}
		return marshal(struct {
			failed
			*failedCell
			ImageBytes []byte `json:"image_bytes,omitempty"`
		}{failed{r.ID, r.Image, r.Question, r.Error, r.Key, r.N, r.Of, r.Schema}, cell, name})
	}
	if r.Tokens == nil {
		r.Tokens = []int{}
	}
	return marshal(struct {
		answered
		ImageBytes []byte `json:"image_bytes,omitempty"`
	}{answered(r), name})
}

// marshal ends with a newline, and leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return text.Bytes(), err
}

// parseJSON reads what MarshalJSON writes. Fields that it does not know are passed over.
func parseJSON(text []byte) (Record, error) {
	var r struct {
		answered
		N          *int   `json:"n"`
		ImageBytes []byte `json:"image_bytes"`
	}
	var wrong *json.UnmarshalTypeError
	var broken *json.SyntaxError
	switch err := json.Unmarshal(text, &r); {
	case errors.As(err, &broken), errors.As(err, &wrong) && wrong.Field == "":
		return Record{}, errors.New("is no JSON object of a record")
	case errors.As(err, new(base64.CorruptInputError)):
		return Record{}, errors.New("is no record: image_bytes is not in base64")
	case err != nil:
		return Record{}, fmt.Errorf("is no record: %w", modelfile.Unmarshal(text, &r))
	}
	if r.N != nil {
		r.answered.N = *r.N
	} else {
		r.answered.N = -1
	}
	if r.ImageBytes != nil {
		r.Image = string(r.ImageBytes)
	}
	return Record(r.answered), Record(r.answered).check()
}

// check refuses what cannot have been written as a record.
func (r Record) check() error {
	switch {
	case !r.broken() && (r.Image == "" || r.Question == ""):
		return errors.New("is no record: it has no image or no question")
	case r.N < 0 || r.N > mostPairs || r.Of < 0 || r.Of > mostPairs:
		return errors.New("is no record: it has no number n of the pair")
	}
	return nil
}

// mostPairs is the most pairs that an input can have.
const mostPairs = 1<<31 - 1
