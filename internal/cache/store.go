package cache

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"os"
	"slices"

	"github.com/mcllava/mcllava/internal/files"
)

// Store keeps crops, those of which there are at least their rows and map already left out, unless they alone are above the limit.
// The values that are loaded are those of Round. After an error the cache is as it was, but that entries may have been evicted to
// make room.
func (c *Cache) Store(k Key, width int, crops []Crop) error {
	news, err := encodeAll(crops, width)
	if err != nil || c.holdsNothing() {
		return err
	}
	if err := c.prepare(); err != nil {
		return err
	}
	all := c.segments(k, width)
	news = missing(news, all)
	if len(news) == 0 || fileSize(width, news) > c.limit {
		return nil
	}
	for part := range slices.Chunk(news, mostCrops) {
		if err := c.store(k, width, part, nil); err != nil {
			return err
		}
	}
	if len(all)+1 > mostSegments {
		return c.merge(k, width)
	}
	return nil
}

// encodeAll encodes crops, and joins those of one box.
func encodeAll(crops []Crop, width int) ([]encoded, error) {
	all := make([]encoded, len(crops))
	for i, crop := range crops {
		var err error
		if all[i], err = encode(crop, width); err != nil {
			return nil, err
		}
	}
	return best(all, width), nil
}

// missing is the crops that no segment covers. Those that do are used.
func missing(crops []encoded, all []*segment) []encoded {
	var news []encoded
	used := map[*segment]bool{}
next:
	for _, e := range crops {
		for _, s := range all {
			if slices.ContainsFunc(s.crops, func(r record) bool { return r.covers(e.record) }) {
				used[s] = true
				continue next
			}
		}
		news = append(news, e)
	}
	for s := range used {
		touch(s.path)
	}
	return news
}

// store writes a segment and puts it into place. Then segments are removed that have nothing that it has not. It is not placed if
// meanwhile others have all of it, or, where it is merged of some, one of these has gone.
func (c *Cache) store(k Key, width int, crops []encoded, merged []*segment) error {
	name := k.name()
	f, err := files.Temp(c.folder, 0o600)
	if err != nil {
		return err
	}
	if err := writeSegment(f, name, width, crops); err != nil {
		files.Discard(f)
		return err
	}
	var all []*segment
	stale := func() bool {
		all = c.segments(k, width)
		if merged == nil {
			return len(missing(crops, all)) == 0
		}
		return slices.ContainsFunc(merged, func(m *segment) bool {
			return !slices.ContainsFunc(all, func(s *segment) bool { return s.path == m.path })
		})
	}
	return c.place(f, c.path(name, "-"+randomHex()+cropsSuffix), stale, func() {
		for _, s := range all {
			if !slices.ContainsFunc(s.crops, func(r record) bool {
				return !slices.ContainsFunc(crops, func(e encoded) bool { return e.covers(r) })
			}) {
				_ = os.Remove(s.path)
			}
		}
	})
}

// mostSegments is the number of segments of a key from which on they are merged into one.
const mostSegments = 32

// mostMerged is the most bytes that are read to be merged.
const mostMerged = 1 << 28

// merge writes one segment of all that a key has. One that cannot be read stays as it is; without room nothing is merged.
func (c *Cache) merge(k Key, width int) error {
	all := c.segments(k, width)
	var size int64
	for _, s := range all {
		for _, r := range s.crops {
			size += r.dataSize(width)
		}
	}
	if size > min(mostMerged, c.limit/2) {
		return nil
	}
	var crops []encoded
	var read []*segment
	for _, s := range all {
		if found, ok := s.all(); ok {
			read, crops = append(read, s), append(crops, found...)
		}
	}
	if crops = best(crops, width); len(crops) < 1 || len(crops) > mostCrops {
		return nil
	}
	return c.store(k, width, crops, read)
}

// all reads a segment whole. One that is damaged is removed.
func (s *segment) all() ([]encoded, bool) {
	f, err := files.OpenRegular(s.path)
	if err != nil {
		return nil, false
	}
	defer func() { _ = f.Close() }()
	crops := make([]encoded, len(s.crops))
	for i, r := range s.crops {
		crops[i].record = r
		if crops[i].data, err = s.data(f, i); err != nil {
			if isDamage(err) {
				_ = os.Remove(s.path)
			}
			return nil, false
		}
	}
	return crops, true
}

// best joins what there is of each box: the most rows, and the map.
func best(crops []encoded, width int) []encoded {
	index := map[image.Rectangle]int{}
	var all []encoded
	for _, e := range crops {
		i, ok := index[e.box]
		switch {
		case !ok:
			index[e.box] = len(all)
			all = append(all, e)
		case e.covers(all[i].record):
			all[i] = e
		case !all[i].covers(e.record):
			rows, mapped := all[i], e
			if rows.patches > 0 {
				rows, mapped = e, all[i]
			}
			all[i] = rows.with(mapped, width)
		}
	}
	return all
}

// with is a crop without a map, with the map of another.
func (e encoded) with(mapped encoded, width int) encoded {
	e.data = slices.Concat(e.data, mapped.data[rowBytes(mapped.keep, width):])
	e.patches, e.sum = mapped.patches, sha256.Sum256(e.data)
	return e
}

func randomHex() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}
