// Package dataset reads benchmarks of questions about pictures in the layouts in which they are published. It says what is asked and what
// is right; package score says what an answer is worth.
package dataset

import "image"

// Kind is the name of a benchmark, as the command line has it.
type Kind string

// The kinds.
const (
	VStar   Kind = "vstar"   // V* Bench
	VQAv2   Kind = "vqav2"   // VQA v2.0, open-ended
	TextVQA Kind = "textvqa" // TextVQA 0.5.1
	VizWiz  Kind = "vizwiz"
	GQA     Kind = "gqa"
	HRBench Kind = "hrbench" // HR-Bench 4K and 8K
	DocVQA  Kind = "docvqa"
	InfoVQA Kind = "infovqa"
	ChartQA Kind = "chartqa"
	MMERW   Kind = "mme-realworld" // and its Lite
	TSV     Kind = "tsv"           // any of VLMEvalKit's
	Scenes  Kind = "scenes"        // what `mcllava scenes` draws: V*'s layout, and questions with free answers
)

// Kinds are all of them, in the order in which help lists them.
func Kinds() []Kind {
	return []Kind{VStar, VQAv2, TextVQA, VizWiz, GQA, HRBench, DocVQA, InfoVQA, ChartQA, MMERW, TSV, Scenes}
}

// Set is a benchmark's questions, one split of it.
type Set struct {
	Kind  Kind
	Name  string // such as "HR-Bench 4K", where the files tell it; else the kind
	Split string // "" where the layout has none
	Path  string // that it was read from
	Hash  string // hex SHA-256 of the files that say what is asked and what is right, pictures left out
	Items []Item // as the files have them

	tablesRead []*table // of kinds that are TSV or parquet, in the order of the items
}

// Item is one question.
type Item struct {
	ID       string // as the benchmark's files of answers call it; no two items have the same
	Doc      int    // place in the published file, from 0
	Picture  Picture
	Question string   // as published, without white space around it
	Answers  []string // any of which is right, or what ten people said; nil where Options say it, and where it is not published
	Options  []string // to choose from; nil for a free answer
	Letters  []string // that the options are called by, as many as Options
	Right    int      // index of the right option; -1 where it is not published, and without options

	// What tables are made by; "" where the benchmark has no such thing.
	Category     string
	AnswerType   string
	QuestionType string

	Group    string            // of the items that are one question with its options in another order; "" for none
	Boxes    []image.Rectangle // what is asked about, in pixels of the upright picture; nil where that is not published
	Entailed []string          // GQA: ids of the questions whose answers follow from this one's
	Balanced bool              // GQA: counts; elsewhere true

	Unanswerable *bool // VizWiz: what most people said; nil elsewhere
}

// Picture is that of an item. It holds no bytes.
type Picture struct {
	Name string // for records: the file's name within the data set, or "FILE#ROW" for one within another file
	File string // where it lies; "" for one within another file
	open func() ([]byte, error)
}
