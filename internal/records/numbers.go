package records

import (
	"crypto/sha256"
	"fmt"
	"slices"
)

// pairID tells one pair of an input from others: those that ask the same about the same content under another name are others.
type pairID [16]byte

func idOf(r Record) pairID {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %+q %+q", r.Key, r.Image, readable(r.ID)))
	return pairID(sum[:16])
}

// numbers are numbers under keys. Nearly every key has one, and little memory is spent on it.
type numbers[K comparable] struct {
	first map[K]uint32
	more  map[K][]uint32
	count int
}

func (s *numbers[K]) add(key K, n uint32) {
	s.count++
	if _, ok := s.first[key]; !ok {
		if s.first == nil {
			s.first = map[K]uint32{}
		}
		s.first[key] = n
		return
	}
	if s.more == nil {
		s.more = map[K][]uint32{}
	}
	s.more[key] = append(s.more[key], n)
}

// take takes out a number of a key: n if it is among them, or else the one that was added first.
func (s *numbers[K]) take(key K, n uint32) (uint32, bool) {
	had, ok := s.first[key]
	if !ok {
		return 0, false
	}
	s.count--
	more := s.more[key]
	switch i := slices.Index(more, n); {
	case len(more) == 0:
		delete(s.first, key)
	case had == n || i < 0:
		s.first[key], s.more[key] = more[0], more[1:]
	default:
		had, s.more[key] = n, slices.Delete(more, i, i+1)
	}
	return had, true
}
