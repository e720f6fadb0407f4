package cmd

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/records"
)

// record is what is known of a pair before it is asked.
func (r *run) record(hash [sha256.Size]byte, p pair) records.Record {
	return records.Record{
		ID: p.ID, Image: p.Image, Question: p.Question, N: p.number, Of: r.pairs,
		Key: records.Key(hash, p.Question, r.settings.Knobs, r.settings.Checkpoint),
	}
}

// complete is the record of an answer.
func (r *run) complete(t task, p pair, a *mcllava.Answer) records.Record {
	record := r.record(t.hash, p)
	r.settings.Stamp(&record)
	record.Answer, record.Tokens, record.Finish, record.Seconds = a.Text, a.Tokens, a.Finish, a.Seconds
	record.Crops, record.ImageTokens, record.PromptTokens, record.NumTokens = a.Crops, a.ImageTokens, a.PromptTokens, a.NumTokens
	record.ImageSHA256 = fmt.Sprintf("%x", t.hash)
	if n := len(a.LogProbs); n > 0 {
		mean := 0.0
		for _, l := range a.LogProbs {
			mean += l / float64(n)
		}
		confidence := math.Exp(mean)
		record.LogProb, record.Confidence = &mean, &confidence
	}
	if len(a.Choices) > 0 {
		record.Choice, record.Probabilities = a.Text, map[string]float64{}
		for _, c := range a.Choices {
			record.Probabilities[c.Text] = c.Probability
			if c.Text == a.Text {
				record.LogProb, record.Confidence = &c.LogProb, &c.Probability
			}
		}
	}
	return record
}

// fail records why some pairs of a picture have no answer, and says so, but not of one failure after another that is the same. The
// error is one that ends the run.
func (r *run) fail(t task, pairs []pair, reason error) error {
	for _, p := range pairs {
		if err := r.miss(t, p, reason); err != nil {
			return err
		}
	}
	reason = named(t.image, reason)
	if r.options.single() || r.options.FailFast {
		return reason
	}
	if line := oneLine(reason); line != r.said {
		r.note("mcllava: " + line)
		r.said = line
	}
	return nil
}

// miss records why a pair has no answer.
func (r *run) miss(t task, p pair, reason error) error {
	r.failed++
	record := r.record(t.hash, p)
	record.Error = oneLine(named(t.image, reason))
	return r.write(record)
}

// named is an error that begins with the image it is about.
func named(image string, err error) error {
	var file *fs.PathError
	if errors.As(err, &file) && file.Path == image {
		err = file.Err
	}
	var dump dumpError
	if image == "" || errors.As(err, &dump) || strings.Contains(err.Error(), image) {
		return err
	}
	return fmt.Errorf("%s: %w", image, err)
}

func (r *run) write(record records.Record) error {
	r.bar.clear()
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.out.Write(record)
}
