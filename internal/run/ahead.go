package run

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"golang.org/x/sync/semaphore"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/inputs"
)

// task is a picture and the questions about it that are still to be answered.
type task struct {
	image   string
	pairs   []pair
	hash    [32]byte
	picture *mcllava.Picture // nil if err says why
	err     error            // of the picture, or of input that ends with it, of which there are no pairs
	release func()           // gives back the room that the prepared picture takes

	more <-chan pair // further questions about the picture, which come while the first ones are answered; nil for none
}

// number is that of the task's first pair.
func (t task) number() int {
	if len(t.pairs) == 0 {
		return 0
	}
	return t.pairs[0].number
}

// questions are the task's pairs, until no more can come or ctx is done.
func (t task) questions(ctx context.Context) iter.Seq[pair] {
	return func(yield func(pair) bool) {
		for _, p := range t.pairs {
			if ctx.Err() != nil || !yield(p) {
				return
			}
		}
		for t.more != nil {
			select {
			case <-ctx.Done():
				return
			case p, ok := <-t.more:
				if !ok || !yield(p) {
					return
				}
			}
		}
	}
}

// pair is a question, and its number among all pairs of the input. In a run with cells it is a question in one of them.
type pair struct {
	inputs.Pair
	number int
	cell   int // index of the run's Cells
}

// preparer opens pictures, decodes them and cuts them.
type preparer interface {
	openPicture(data []byte) (*mcllava.Picture, error)
	// room is the memory that a picture takes once it is prepared, in bytes; 0 if there is nothing to prepare.
	room(*mcllava.Picture) int64
	prepare(context.Context, *mcllava.Picture) error
}

// roomAhead is what pictures that are prepared ahead of the model may take, in bytes; one larger than that is prepared alone.
const roomAhead = 512 << 20

// moreAhead is how many questions about the picture under way are read ahead.
const moreAhead = 256

// lookAhead reads and prepares pictures ahead of their use, in the order of the input. Wanted says of a picture's content which
// pairs are to be answered; a picture of which none are is not even opened. The channel is closed at the end, or once ctx is done.
//
// A jobs file may be written by someone who waits for each answer, so that a task is handed out with its first question. Those that
// follow and find the same content in the same file go to that task.
func lookAhead(ctx context.Context, all *inputs.Pairs, cells int, wanted func(hash [32]byte, read error, p pair) bool, pictures preparer) <-chan task {
	out := make(chan task)
	room := semaphore.NewWeighted(roomAhead)
	go func() {
		defer close(out)
		last := &following{}
		defer func() { last.end() }()
		for t := range grouped(all, cells) {
			if last.takes(ctx, t, wanted) {
				continue
			}
			last.end()
			last = &following{}
			if !prepare(ctx, &t, room, wanted, pictures) {
				continue
			}
			if all.Questions() == 0 && !all.Together() && t.err == nil {
				last = follow(&t)
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

// following is the task that was handed out last, if questions about its picture may follow.
type following struct {
	source *inputs.Source
	hash   [32]byte
	more   chan pair
}

func follow(t *task) *following {
	f := &following{t.pairs[0].Source, t.hash, make(chan pair, moreAhead)}
	t.more = f.more
	return f
}

// takes passes a task's questions on if they are about the same picture, which may have been written anew since.
func (f *following) takes(ctx context.Context, t task, wanted func([32]byte, error, pair) bool) bool {
	if f.more == nil || t.err != nil || t.pairs[0].Source != f.source {
		return false
	}
	if hash, err := f.source.Hash(); err != nil || hash != f.hash {
		return false
	}
	for _, p := range t.pairs {
		if !wanted(f.hash, nil, p) {
			continue
		}
		select {
		case f.more <- p:
		case <-ctx.Done():
		}
	}
	return true
}

func (f *following) end() {
	if f.more != nil {
		close(f.more)
	}
}

// grouped makes a task of the questions that follow each other about one image, and of every error. All questions stand in the first cell,
// then in the second. How many questions there are about an image is known of a list of them, or of pairs that are all known; else each
// is a task.
func grouped(all *inputs.Pairs, cells int) iter.Seq[task] {
	return func(yield func(task) bool) {
		var t task
		number := 0
		hand := func() bool {
			slices.SortStableFunc(t.pairs, func(a, b pair) int { return cmp.Compare(a.cell, b.cell) })
			done := t
			t = task{}
			return yield(done)
		}
		for job, err := range all.All() {
			if all.Together() && len(t.pairs) > 0 && t.pairs[0].Source != job.Source && !hand() {
				return
			}
			if err != nil {
				t.err = err
			} else {
				t.image = job.Image
				for cell := range cells {
					t.pairs = append(t.pairs, pair{job, number, cell})
					number++
				}
			}
			if (err != nil || !all.Together() && len(t.pairs) == max(1, all.Questions())*cells) && !hand() {
				return
			}
		}
		if len(t.pairs) > 0 {
			hand()
		}
	}
}

// prepare reads and prepares a task's picture if any of its pairs is wanted, and drops the pairs that are not. It waits until
// there is room for the picture.
func prepare(ctx context.Context, t *task, room *semaphore.Weighted, wanted func([32]byte, error, pair) bool, pictures preparer) bool {
	t.release = func() {}
	if t.err != nil {
		return true
	}
	source := t.pairs[0].Source
	var hashErr error
	t.hash, hashErr = source.Hash()
	left := t.pairs[:0]
	for _, p := range t.pairs {
		if wanted(t.hash, hashErr, p) {
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
	if t.picture, t.err = pictures.openPicture(data); t.err != nil {
		return true
	}
	t.hash = t.picture.Hash // of what is answered about, should the file have been written anew since
	weight := min(roomAhead, pictures.room(t.picture))
	if weight == 0 {
		return true
	}
	if room.Acquire(ctx, weight) != nil {
		t.err = ctx.Err()
		return true
	}
	t.release = func() { room.Release(weight) }
	t.err = pictures.prepare(ctx, t.picture)
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

// undecoded opens pictures and prepares nothing.
type undecoded struct{ options mcllava.PictureOptions }

func (u undecoded) openPicture(data []byte) (*mcllava.Picture, error) {
	return mcllava.OpenPictureWith(data, u.options)
}
func (undecoded) room(*mcllava.Picture) int64                     { return 0 }
func (undecoded) prepare(context.Context, *mcllava.Picture) error { return nil }

// First opens the first picture of an input. The error names it.
func First(ctx context.Context, pairs *inputs.Pairs, o mcllava.PictureOptions) (p *mcllava.Picture, image string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	every := func([32]byte, error, pair) bool { return true }
	for t := range until(ctx, lookAhead(ctx, pairs, 1, every, undecoded{o})) {
		t.release()
		if t.err != nil {
			return nil, t.image, named(t.image, t.err)
		}
		return t.picture, t.image, nil
	}
	return nil, "", ctx.Err()
}
