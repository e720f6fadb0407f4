package records

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// MergeOptions say what outputs must have to be merged.
type MergeOptions struct {
	Pairs       int  // of the whole input; 0 for what the records say
	AllowFailed bool // failed records stay where a pair has no answer
}

// Merge is the outputs of several runs that share an input, joined. It holds the place of each record, and not the record.
type Merge struct {
	shards []*shard
	format Format
	places []place // by number
}

// place says where the record of a pair is.
type place struct {
	shard  int32
	n      int32
	line   int
	at     stretch
	failed bool
}

// OpenMerge reads outputs, in JSON lines or CSV, and sees to it that together they have every pair of the input once, with
// answers of the same settings. A failed record gives way to an answer of the same pair. Errors name the file and line, or the
// pairs. The files are locked against runs that would write them, until Close.
func OpenMerge(ctx context.Context, paths []string, o MergeOptions) (*Merge, error) {
	m := &Merge{}
	if err := m.open(ctx, paths, o); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Close gives up the files.
func (m *Merge) Close() {
	for _, s := range m.shards {
		_ = s.file.Close()
	}
}

// Records is the number of records that Write writes.
func (m *Merge) Records() int { return len(m.places) }

// Write writes the records in the order of the input, as they stand in their files.
func (m *Merge) Write(ctx context.Context, w io.Writer) error {
	if _, err := w.Write(m.format.header()); err != nil {
		return err
	}
	for _, p := range m.places {
		if err := ctx.Err(); err != nil {
			return err
		}
		text, err := m.text(p)
		if err == nil && !bytes.HasSuffix(text, []byte("\n")) {
			text = append(text, '\n')
		}
		if err == nil {
			_, err = w.Write(text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *Merge) open(ctx context.Context, paths []string, o MergeOptions) error {
	for _, path := range paths {
		s, err := openShard(path, m.shards)
		if err != nil {
			return err
		}
		m.shards = append(m.shards, s)
	}
	var all agreement
	for i := range m.shards {
		if err := m.read(ctx, i, &all); err != nil {
			return err
		}
	}
	pairs, err := all.pairs(o.Pairs)
	if err != nil {
		return err
	}
	slices.SortStableFunc(m.places, func(a, b place) int { return cmp.Compare(a.n, b.n) })
	if err := m.once(); err != nil {
		return err
	}
	if err := m.complete(pairs); err != nil {
		return err
	}
	if !o.AllowFailed {
		return m.answered()
	}
	return nil
}

// read notes the places of a file's records, which must agree with those of the files before.
func (m *Merge) read(ctx context.Context, i int, all *agreement) error {
	s := m.shards[i]
	format, err := s.format()
	if err != nil || format.name == "" {
		return err
	}
	if m.format.name != "" && !m.format.same(format) {
		return fmt.Errorf("%s: is in the format %s, expected %s as the files before it", s.path, format.described(), m.format.described())
	}
	m.format = format
	header := format.name == csvName
	for r, err := range format.scan(io.NewSectionReader(s.file, 0, 1<<62)) {
		where := fmt.Sprintf("%s: line %d", s.path, r.line)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("%s: %w", s.path, reason(err))
		case r.torn && !format.entire(r.text):
			return fmt.Errorf("%s is cut off; the run that wrote it is to be resumed", where)
		case header:
			header = false
			continue
		}
		record, err := format.parse(r.text)
		if err != nil {
			return fmt.Errorf("%s %w", where, err)
		}
		if err := all.add(where, record); err != nil {
			return err
		}
		m.places = append(m.places, place{int32(i), int32(record.N), r.line, r.at, record.Failed()})
	}
	return nil
}

// agreement is what all records have in common.
type agreement struct {
	any, answer     Record // the first ones
	anyAt, answerAt string // where they are
}

func (a *agreement) add(where string, r Record) error {
	if a.anyAt == "" {
		a.any, a.anyAt = r, where
	}
	if r.Of != a.any.Of {
		return fmt.Errorf("%s is of an input of %s, but %s of one of %s; expected runs over the same input", where, countOf(r), a.anyAt, countOf(a.any))
	}
	if (r.Sweep == "") != (a.any.Sweep == "") {
		return fmt.Errorf("%s was answered %s", where, strings.Replace(otherSweep(r, a.any), "this run is", a.anyAt+" is", 1))
	}
	if r.Failed() {
		return nil
	}
	if a.answerAt == "" {
		a.answer, a.answerAt = r, where
	}
	differs := otherSweep(r, a.answer)
	if r.Sweep == "" {
		differs = difference(r, a.answer)
	}
	if differs != "" {
		return fmt.Errorf("%s was answered otherwise than %s: %s", where, a.answerAt, strings.ReplaceAll(differs, "this run", "there"))
	}
	return nil
}

func countOf(r Record) string {
	if r.Of == 0 {
		return "an unknown number of pairs"
	}
	return strconv.Itoa(r.Of) + " pairs"
}

// pairs is the number of pairs of the input, which may have been given.
func (a *agreement) pairs(given int) (int, error) {
	switch of := a.any.Of; {
	case a.anyAt == "" && given == 0:
		return 0, fmt.Errorf("the files hold no record")
	case of > 0 && given > 0 && of != given:
		return 0, fmt.Errorf("pairs is %d, but %s is of an input of %d", given, a.anyAt, of)
	case of == 0 && given == 0:
		return 0, fmt.Errorf("the records do not say how many pairs the input had, since it was read as a stream; --pairs says it")
	default:
		return max(of, given), nil
	}
}

// once leaves one place for each number. Of several records of a pair only one may be an answer. That of a broken line is of the
// pair that the line became when it was mended.
func (m *Merge) once() error {
	kept := m.places[:0]
	for _, p := range m.places {
		if len(kept) == 0 || kept[len(kept)-1].n != p.n {
			kept = append(kept, p)
			continue
		}
		last := &kept[len(kept)-1]
		one, err := m.record(*last)
		if err != nil {
			return err
		}
		two, err := m.record(p)
		switch {
		case err != nil:
			return err
		case !one.broken() && !two.broken() && (one.Image != two.Image || one.Question != two.Question || one.ID != two.ID):
			return fmt.Errorf("%s and %s are both pair %d, but one is %s and the other %s; expected runs over the same input", m.where(*last), m.where(p), p.n, one, two)
		case !last.failed && !p.failed:
			return fmt.Errorf("%s and %s both answer pair %d, %s; expected it once", m.where(*last), m.where(p), p.n, one)
		case last.failed:
			*last = p
		}
	}
	m.places = kept
	return nil
}

// mostNamed is the most pairs that a message names.
const mostNamed = 5

// complete refuses numbers that are missing or too large.
func (m *Merge) complete(pairs int) error {
	if n := len(m.places); n > 0 && int(m.places[n-1].n) >= pairs {
		return fmt.Errorf("%s is pair %d, expected 0 to %d of an input of %d pairs", m.where(m.places[n-1]), m.places[n-1].n, pairs-1, pairs)
	}
	missing := pairs - len(m.places)
	if missing == 0 {
		return nil
	}
	var named []string
	next := 0 // index of the record behind the first that is missing
	for n, i := 0, 0; n < pairs && len(named) < mostNamed; n++ {
		if i < len(m.places) && int(m.places[i].n) == n {
			i++
			continue
		}
		if named == nil {
			next = i
		}
		named = append(named, strconv.Itoa(n))
	}
	if missing > len(named) {
		named = append(named, "…")
	}
	between, err := m.between(next)
	if err != nil {
		return err
	}
	return fmt.Errorf("%d of %d pairs are in none of the files: %s (counted from 0%s)", missing, pairs, strings.Join(named, ", "), between)
}

// between says which records stand around a pair that is missing ahead of a record.
func (m *Merge) between(next int) (string, error) {
	var around []string
	if next > 0 {
		r, err := m.record(m.places[next-1])
		if err != nil {
			return "", err
		}
		around = append(around, "after "+r.String())
	}
	if next < len(m.places) {
		r, err := m.record(m.places[next])
		if err != nil {
			return "", err
		}
		around = append(around, "before "+r.String())
	}
	if around == nil {
		return "", nil
	}
	return "; the first comes " + strings.Join(around, " and "), nil
}

// answered refuses failed records.
func (m *Merge) answered() error {
	failed := 0
	var first place
	for _, p := range m.places {
		if p.failed {
			if failed++; failed == 1 {
				first = p
			}
		}
	}
	if failed == 0 {
		return nil
	}
	r, err := m.record(first)
	if err != nil {
		return err
	}
	return fmt.Errorf("pairs that failed: %d, the first in %s: %s (%s); resume the runs to ask them again, or keep them with --allow-failed", failed, m.where(first), r, r.Error)
}

func (m *Merge) where(p place) string {
	return fmt.Sprintf("%s: line %d", m.shards[p.shard].path, p.line)
}

func (m *Merge) text(p place) ([]byte, error) {
	text := make([]byte, p.at.end-p.at.begin)
	s := m.shards[p.shard]
	if _, err := s.file.ReadAt(text, p.at.begin); err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, reason(err))
	}
	return text, nil
}

func (m *Merge) record(p place) (Record, error) {
	text, err := m.text(p)
	if err != nil {
		return Record{}, err
	}
	r, err := m.format.parse(text)
	if err != nil {
		return Record{}, fmt.Errorf("%s %w", m.where(p), err)
	}
	return r, nil
}
