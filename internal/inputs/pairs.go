// Package inputs lists what is to be asked: every question about every image, in the order of the input and one at a time,
// so that the number of images costs no memory.
package inputs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
)

// Stdin is the name of standard input, as an image or a file.
const Stdin = "-"

// Options say what is asked about which images.
type Options struct {
	Images    []string // files, folders, patterns, http or https URLs, or Stdin
	Recursive bool     // folders are looked through with all that is below them
	From      string   // file that lists images, one a line; they come after Images
	NUL       bool     // From ends its names with a NUL each
	Jobs      string   // file of JSON objects with image, question and perhaps an id and choices, one a line; in place of all others

	Questions     []string
	QuestionsFile string // file of questions, one a line; in place of Questions

	Stdin    io.Reader
	MaxBytes int64           // of an image's file; 0 for no limit
	Offline  bool            // images that are URLs are refused and not fetched
	Context  context.Context // ends waits for what is opened, read or fetched; nil for none. Stdin is the caller's to end

	passed    *passedOver // counts files that are no pictures; nil where nobody asks
	firstOnly bool        // of each folder the first picture does
}

// Pair is one question about one image.
type Pair struct {
	ID       string // of a jobs file; empty elsewhere
	Image    string // as it is called by the input; below a folder, with the folder's name; empty for a broken line
	Question string
	Choices  []string // of a jobs file, in place of the run's; nil elsewhere

	// Source reads the image. Pairs that follow each other and ask about the same image share it. That of a broken line fails, and
	// says what is wrong with the line.
	Source *Source
}

// Check refuses options that contradict each other or name nothing to do. It looks at no file.
func (o Options) Check() error {
	listed := len(o.Images) > 0 || o.From != ""
	asked := len(o.Questions) > 0 || o.QuestionsFile != ""
	switch {
	case o.Jobs != "" && listed:
		return errors.New("a jobs file names its own images, expected no other")
	case o.Jobs != "" && asked:
		return errors.New("a jobs file has its own questions, expected no other")
	case o.NUL && o.From == "":
		return errors.New("names that end with NUL need a list of images to read them from")
	case o.stdins() > 1:
		return fmt.Errorf("standard input is named %d times, but can be read only once", o.stdins())
	case o.Jobs != "":
		return nil
	case !listed:
		return errors.New("no image, expected a file, a folder, a pattern, or a list of images")
	case slices.Contains(o.Images, ""):
		return errors.New("an image's name is empty")
	case len(o.Questions) > 0 && o.QuestionsFile != "":
		return errors.New("questions are given and a file of questions too, expected one of them")
	case !asked:
		return errors.New("no question")
	case slices.ContainsFunc(o.Questions, blank):
		return errors.New("question is empty")
	}
	return nil
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// stdins counts the uses of standard input.
func (o Options) stdins() (n int) {
	for _, name := range append([]string{o.From, o.Jobs, o.QuestionsFile}, o.Images...) {
		if name == Stdin {
			n++
		}
	}
	return n
}

// Pairs are all questions about all images.
type Pairs struct {
	options   Options
	given     []Pair // by the caller, in place of what options say; nil elsewhere
	questions []string
	count     func() (int, bool)
	passed    passedOver
}

// New makes the pairs of options that pass [Options.Check]. What must be wrong is refused before any image is read: a list or
// a file of questions that is not there or has none, a pattern that matches nothing, a folder without pictures.
// An image that is missing is not refused here: its pair fails when it is opened.
func New(o Options) (*Pairs, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Context == nil {
		o.Context = context.Background()
	}
	j := &Pairs{options: o, questions: o.Questions}
	j.count = sync.OnceValues(j.counted)
	first := o
	first.firstOnly = true
	for _, list := range []string{o.From, o.Jobs} {
		if err := o.isFile(list); err != nil {
			return nil, err
		}
	}
	for _, err := range first.named() {
		if err != nil {
			return nil, err
		}
	}
	if err := o.notEmpty(); err != nil {
		return nil, err
	}
	if o.QuestionsFile != "" {
		var err error
		if j.questions, err = o.readQuestions(); err != nil {
			return nil, err
		}
	}
	return j, nil
}

// Of are pairs that the caller has made, none of them broken.
func Of(given []Pair) *Pairs {
	return &Pairs{given: given, count: func() (int, bool) { return len(given), true }}
}

// Together says whether pairs that follow each other and share their Source are to be asked together: where all pairs are known.
func (j *Pairs) Together() bool { return j.given != nil }

// All goes through the pairs in order: the first image with each question, then the second. A broken line is a pair that fails, one
// for each question, so that the others keep their numbers when it is mended. An error tells of a list that cannot be read on, or
// has nothing in it, and comes last. Where standard input is one of the inputs, All can be gone through once.
func (j *Pairs) All() iter.Seq2[Pair, error] {
	if j.given != nil {
		return func(yield func(Pair, error) bool) {
			for _, p := range j.given {
				if !yield(p, nil) {
					return
				}
			}
		}
	}
	if j.options.Jobs != "" {
		return j.options.jobs()
	}
	return func(yield func(Pair, error) bool) {
		o := j.options
		o.passed = &passedOver{}
		for source, err := range o.sources() {
			if err != nil {
				yield(Pair{}, err)
				return
			}
			for _, question := range j.questions {
				if !yield(Pair{Image: source.Path, Question: question, Source: source}, nil) {
					return
				}
			}
		}
		j.passed.set(o.passed.list())
	}
}

// PassedOver are the folders among the images in which there are files that are no pictures, once they have been gone through to
// the end, by [Pairs.All] or [Pairs.Count].
func (j *Pairs) PassedOver() []PassedOver { return j.passed.list() }

// Count is the number of pairs, for those who show progress. It is not known of a list that can be read
// only once, such as standard input or a pipe. It goes through folders and lists, of the files in folders reads the first bytes, and
// does so once.
func (j *Pairs) Count() (n int, known bool) { return j.count() }

func (j *Pairs) counted() (n int, known bool) {
	if !rereadable(cmp.Or(j.options.Jobs, j.options.From)) {
		return 0, false
	}
	for _, err := range j.All() {
		if err == nil {
			n++
		}
	}
	return n, true
}

// Questions is the number of questions about each image, 0 where that differs: in a jobs file.
func (j *Pairs) Questions() int { return len(j.questions) }

// Lists are the files that say what is asked, of images, questions or pairs.
func (j *Pairs) Lists() (names []string) {
	for _, name := range []string{j.options.From, j.options.Jobs, j.options.QuestionsFile} {
		if name != "" && name != Stdin {
			names = append(names, name)
		}
	}
	return names
}
