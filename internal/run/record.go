package run

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/terminal"
)

// knobs are the run's with the pair's own choices, if it has some.
func (p pair) knobs(k mcllava.Knobs) mcllava.Knobs {
	if p.Choices != nil {
		k.Choices = p.Choices
	}
	return k
}

// knobs are those that a pair is asked with.
func (r *Run) knobs(p pair) mcllava.Knobs {
	k := p.knobs(r.options.Knobs)
	if r.options.Cells != nil {
		k.ViewKnobs = r.options.Cells[p.cell]
	}
	return k
}

// record is what is known of a pair before it is asked.
func (r *Run) record(hash [sha256.Size]byte, p pair) records.Record {
	own := r.settings[p.cell]
	own.Knobs = p.knobs(own.Knobs)
	record := records.Record{
		ID: p.ID, Image: p.Image, Question: p.Question, N: p.number, Of: r.total, Key: own.Key(hash, p.Question), Schema: records.Schema,
	}
	if r.options.Cells != nil {
		record.Sweep, record.ViewKnobs = r.sweep, r.options.Cells[p.cell]
	}
	return record
}

// stamped is a record with the settings that the pair is asked with.
func (r *Run) stamped(t task, p pair) records.Record {
	record := r.record(t.hash, p)
	r.settings[p.cell].Stamp(&record)
	record.Knobs, record.ImageSHA256 = p.knobs(record.Knobs), fmt.Sprintf("%x", t.hash)
	return record
}

// complete is the record of an answer.
func (r *Run) complete(t task, p pair, a *mcllava.Answer) records.Record {
	record := r.stamped(t, p)
	record.Answer, record.Tokens, record.Finish, record.Seconds = a.Text, a.Tokens, a.Finish, a.Seconds
	record.Crops, record.Encoded, record.ImageTokens, record.PromptTokens, record.NumTokens = a.Crops, a.Encoded, a.ImageTokens, a.PromptTokens, a.NumTokens
	record.PMin, record.Attention = &a.PMin, a.Attention
	record.Search = a.Found
	if confidence, logProb, ok := a.Confidence(); ok {
		record.LogProb, record.Confidence = &logProb, &confidence
	}
	if len(a.Choices) > 0 {
		record.Choice, record.Probabilities = a.Text, map[string]float64{}
		for _, c := range a.Choices {
			record.Probabilities[c.Text] = c.Probability
		}
	}
	if r.options.Judge != nil {
		r.options.Judge(&record)
	}
	return record
}

// answered records an answer, and shows it.
func (r *Run) answered(record records.Record) error {
	r.summary.Answered, r.said = r.summary.Answered+1, ""
	r.observer.Answered(record)
	if r.options.Output.Wanted != nil && !r.options.Output.Wanted(record) {
		return nil
	}
	r.summary.Printed++
	return r.write(record)
}

// fail records why some pairs of a picture have no answer, and says so, but not of one failure after another that is the same. The
// error is one that ends the run.
func (r *Run) fail(t task, pairs []pair, reason error) error {
	for _, p := range pairs {
		if err := r.miss(t, p, reason); err != nil {
			return err
		}
	}
	reason = named(t.image, reason)
	if r.options.FailFast || r.options.Output.Single && (r.options.Cells == nil || t.err != nil) {
		return reason
	}
	if line := terminal.OneLine(reason); line != r.said {
		r.observer.Failed(reason)
		r.said = line
	}
	return nil
}

// miss records why a pair has no answer.
func (r *Run) miss(t task, p pair, reason error) error {
	r.summary.Failed++
	record := r.record(t.hash, p)
	record.Error = terminal.OneLine(named(t.image, reason))
	if r.options.Missed != nil {
		r.options.Missed(record)
	}
	if r.options.Output.Wanted != nil && !r.options.Output.Wanted(record) {
		return nil
	}
	return r.write(record)
}

// named is an error that begins with the image it is about.
func named(image string, err error) error {
	var file *fs.PathError
	if errors.As(err, &file) && file.Path == image {
		err = file.Err
	}
	var write writeError
	if image == "" || errors.As(err, &write) || strings.Contains(err.Error(), image) {
		return err
	}
	return fmt.Errorf("%s: %w", image, err)
}

func (r *Run) write(record records.Record) error {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.out.Write(record)
}
