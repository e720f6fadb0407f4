package tokenizer

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
)

// bpe turns words into ids by byte pair encoding. It is safe for concurrent
// use.
type bpe struct {
	byteID [256]int32
	merges map[pair]merge

	seed    maphash.Seed
	cache   [1 << 12]atomic.Pointer[cached] // by hash; the latest word wins
	scratch sync.Pool                       // of *scratch
}

type pair struct{ left, right int32 }

// merge is what becomes of a pair; the lowest rank merges first.
type merge struct{ rank, id int32 }

type cached struct {
	word string
	ids  []int
}

// maxCached is the longest word, in bytes, that the cache keeps.
const maxCached = 64

func (b *bpe) append(ids []int, word string) []int {
	if len(word) == 1 {
		return append(ids, int(b.byteID[word[0]]))
	}
	if len(word) > maxCached {
		return b.merge(ids, word)
	}
	slot := &b.cache[maphash.String(b.seed, word)%uint64(len(b.cache))]
	if c := slot.Load(); c != nil && c.word == word {
		return append(ids, c.ids...)
	}
	before := len(ids)
	ids = b.merge(ids, word)
	slot.Store(&cached{strings.Clone(word), append([]int(nil), ids[before:]...)})
	return ids
}

// symbol is a piece of a word, in a list linked both ways by index.
type symbol struct {
	id             int32
	previous, next int32 // -1 at the ends
}

// candidate is a merge of the symbol at left with the one after it, as the
// two stood when it was queued.
type candidate struct {
	merge
	left int32
}

func (c candidate) before(d candidate) bool {
	return c.rank < d.rank || c.rank == d.rank && c.left < d.left
}

type scratch struct {
	symbols []symbol
	queue   []candidate // a heap, the first to merge on top
}

// merge appends the ids of one word, in time n log n of its length.
func (b *bpe) merge(ids []int, word string) []int {
	s, _ := b.scratch.Get().(*scratch)
	if s == nil {
		s = new(scratch)
	}
	s.symbols, s.queue = s.symbols[:0], s.queue[:0]
	for i := range len(word) {
		s.symbols = append(s.symbols, symbol{b.byteID[word[i]], int32(i - 1), int32(i + 1)})
	}
	s.symbols[len(word)-1].next = -1
	for i := range len(word) {
		b.propose(s, int32(i))
	}
	for len(s.queue) > 0 {
		c := s.pop()
		left := &s.symbols[c.left]
		if left.id < 0 || left.next < 0 {
			continue
		}
		right := &s.symbols[left.next]
		if m, ok := b.merges[pair{left.id, right.id}]; !ok || m.id != c.id {
			continue
		}
		left.id, left.next = c.id, right.next
		right.id = -1
		if left.next >= 0 {
			s.symbols[left.next].previous = c.left
		}
		if left.previous >= 0 {
			b.propose(s, left.previous)
		}
		b.propose(s, c.left)
	}
	for i := int32(0); i >= 0; i = s.symbols[i].next {
		ids = append(ids, int(s.symbols[i].id))
	}
	if len(word) <= 1<<16 {
		b.scratch.Put(s)
	}
	return ids
}

// propose queues the merge of the symbol at left with its successor, if the
// vocabulary has one.
func (b *bpe) propose(s *scratch, left int32) {
	next := s.symbols[left].next
	if next < 0 {
		return
	}
	if m, ok := b.merges[pair{s.symbols[left].id, s.symbols[next].id}]; ok {
		s.push(candidate{m, left})
	}
}

func (s *scratch) push(c candidate) {
	s.queue = append(s.queue, c)
	q := s.queue
	i := len(q) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !c.before(q[parent]) {
			break
		}
		q[i] = q[parent]
		i = parent
	}
	q[i] = c
}

func (s *scratch) pop() candidate {
	top := s.queue[0]
	last := len(s.queue) - 1
	c := s.queue[last]
	s.queue = s.queue[:last]
	q := s.queue
	if last == 0 {
		return top
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && q[child+1].before(q[child]) {
			child++
		}
		if !q[child].before(c) {
			break
		}
		q[i] = q[child]
		i = child
	}
	q[i] = c
	return top
}
