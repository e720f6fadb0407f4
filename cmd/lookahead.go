package cmd

import (
	"context"
	"iter"

	"golang.org/x/sync/semaphore"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/jobs"
)

// task is a picture and the questions about it that are still to be answered.
type task struct {
	image   string
	pairs   []pair
	hash    [32]byte
	picture *mcllava.Picture // nil if err says why
	err     error            // of the picture, or of input that names none
	release func()           // gives back the room that the decoded picture takes
}

// number is that of the task's first pair.
func (t task) number() int {
	if len(t.pairs) == 0 {
		return 0
	}
	return t.pairs[0].number
}

// pair is a question, and its number among all pairs of the input.
type pair struct {
	jobs.Job
	number int
}

// roomAhead is what pictures that are decoded ahead of the model may take, in bytes; one larger than that is decoded alone.
const roomAhead = 512 << 20

// lookAhead reads and decodes pictures ahead of their use, in the order of the input. Wanted says of a picture's content which
// pairs are to be answered; a picture of which none are is not even opened. Encodes says whether a picture will be decoded at all.
// The channel is closed at the end, or once ctx is done.
func lookAhead(ctx context.Context, all *jobs.Jobs, wanted func(hash [32]byte, hashed bool, p pair) bool, encodes func(*mcllava.Picture) bool) <-chan task {
	out := make(chan task)
	room := semaphore.NewWeighted(roomAhead)
	go func() {
		defer close(out)
		for t := range grouped(all.All(), all.Questions()) {
			if !prepare(ctx, &t, room, wanted, encodes) {
				continue
			}
			select {
			case out <- t:
			case <-ctx.Done():
				t.release()
				return
			}
		}
	}()
	return out
}

// grouped gathers the questions that follow each other and are about one image. Of that many, none is waited for; 0 is for a number
// that is not known.
func grouped(all iter.Seq2[jobs.Job, error], questions int) iter.Seq[task] {
	return func(yield func(task) bool) {
		var t task
		var source *jobs.Source
		number := 0
		flush := func() bool {
			ok := len(t.pairs) == 0 && t.err == nil || yield(t)
			t = task{}
			return ok
		}
		for job, err := range all {
			if err != nil || job.Source != source {
				if !flush() {
					return
				}
				t, source = task{image: job.Image, err: err}, job.Source
			}
			if err != nil {
				source = nil
				continue
			}
			t.pairs = append(t.pairs, pair{job, number})
			number++
			if len(t.pairs) == questions {
				if !flush() {
					return
				}
				source = nil
			}
		}
		flush()
	}
}

// prepare reads and decodes a task's picture if any of its pairs is wanted, and drops the pairs that are not. It waits until
// there is room for the picture.
func prepare(ctx context.Context, t *task, room *semaphore.Weighted, wanted func([32]byte, bool, pair) bool, encodes func(*mcllava.Picture) bool) bool {
	t.release = func() {}
	if t.err != nil {
		return true
	}
	source := t.pairs[0].Source
	var hashErr error
	t.hash, hashErr = source.Hash()
	left := t.pairs[:0]
	for _, p := range t.pairs {
		if wanted(t.hash, hashErr == nil, p) {
			left = append(left, p)
		}
	}
	t.pairs = left
	if len(left) == 0 {
		return false
	}
	if t.err = hashErr; t.err != nil {
		return true
	}
	var data []byte
	if data, t.err = source.Open(); t.err != nil {
		return true
	}
	if t.picture, t.err = mcllava.OpenPicture(data); t.err != nil || !encodes(t.picture) {
		return true
	}
	const bytesPerPixel = 4
	weight := min(roomAhead, bytesPerPixel*int64(t.picture.Width)*int64(t.picture.Height))
	if room.Acquire(ctx, weight) != nil {
		t.err = ctx.Err()
		return true
	}
	t.release = func() { room.Release(weight) }
	t.err = t.picture.Decode()
	return true
}

// until hands out tasks until there are no more or ctx is done, also while the next one is waited for: it may come from a pipe.
func until(ctx context.Context, tasks <-chan task) iter.Seq[task] {
	return func(yield func(task) bool) {
		for {
			select {
			case <-ctx.Done():
				return
			case t, ok := <-tasks:
				if !ok || !yield(t) {
					return
				}
			}
		}
	}
}
