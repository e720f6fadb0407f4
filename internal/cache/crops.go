package cache

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mcllava/mcllava/internal/files"
)

// Key is what the features of a crop depend on besides its box: whatever changes a bit of them must change it.
type Key struct {
	Picture    [sha256.Size]byte // checksum of the encoded picture
	Cutting    string            // how a box becomes pixels: version of the cutting, side, colours
	Precision  string            // form that the vision tower is held and computed in
	Checkpoint string            // identity of the checkpoint, such as its Fingerprint
}

// name is the same for equal keys and for no others.
func (k Key) name() [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%x %q %q %q", k.Picture, k.Cutting, k.Precision, k.Checkpoint))
}

// Crop is the features of one crop.
type Crop struct {
	Box  image.Rectangle // in pixels of the picture
	Keep int             // rows: the last ones of the crop
	Rows []float32       // [Keep, Dv]
	Map  []float32       // [T] share of each patch of the crop in what the rows attend to, whatever Keep is; nil if it is not known
}

// Found says whether Load found the crop.
func (c Crop) Found() bool { return c.Rows != nil }

func (c Crop) check(width int) error {
	switch {
	case c.Box.Empty() || !fits32(c.Box):
		return errors.New("expected a box with pixels")
	case width < 1 || width > mostWidth || c.Keep < 0 || c.Keep > mostRows || len(c.Rows) != c.Keep*width:
		return fmt.Errorf("%d values for %d rows of %d", len(c.Rows), c.Keep, width)
	case len(c.Map) > mostPatches:
		return fmt.Errorf("a map of %d patches, expected at most %d", len(c.Map), mostPatches)
	}
	return nil
}

// Has says for each box whether at least its last keep rows are there, as headers say. That counts as a use of them.
func (c *Cache) Has(k Key, width int, boxes []image.Rectangle, keep []int) []bool {
	has := make([]bool, len(boxes))
	if !c.usable() {
		return has
	}
	used := map[*segment]bool{}
	all := c.segments(k, width)
	for i, box := range boxes {
		for _, s := range all {
			if j := s.find(box); j >= 0 && keep[i] >= 0 && s.crops[j].keep >= keep[i] {
				has[i], used[s] = true, true
				break
			}
		}
	}
	for s := range used {
		touch(s.path)
	}
	return has
}

// Load finds for each box its last keep rows, with the map if there is one; a zero Crop where they are not found. That counts as a
// use of them. A file that is not what Store wrote is removed.
func (c *Cache) Load(k Key, width int, boxes []image.Rectangle, keep []int) []Crop {
	crops := make([]Crop, len(boxes))
	if !c.usable() {
		return crops
	}
	// A segment may be merged into another between the list and the look into it.
	const tries = 10
	for range tries {
		if gone := c.load(c.segments(k, width), boxes, keep, crops); !gone {
			break
		}
	}
	return crops
}

// load sets the crops that are not found yet, and says whether a segment has gone in between.
func (c *Cache) load(all []*segment, boxes []image.Rectangle, keep []int, crops []Crop) (gone bool) {
	open := map[*segment]*os.File{}
	defer func() {
		for s, f := range open {
			_ = f.Close()
			touch(s.path)
		}
	}()
	// read is the crop of a box from a segment; not found if the segment has it not, or damaged.
	read := func(s *segment, box image.Rectangle, keep int) (crop Crop) {
		j := s.find(box)
		if j < 0 || keep < 0 || s.crops[j].keep < keep {
			return Crop{}
		}
		f := open[s]
		var err error
		if f == nil {
			if f, err = files.OpenRegular(s.path); err == nil {
				open[s] = f
			}
		}
		crop = Crop{Box: box, Keep: keep}
		if err == nil {
			crop.Rows, crop.Map, err = s.read(f, j, keep)
		}
		switch {
		case err == nil:
			return crop
		case isDamage(err):
			_ = os.Remove(s.path)
		case errors.Is(err, fs.ErrNotExist):
			gone = true
		}
		return Crop{}
	}
	for i, box := range boxes {
		for n := 0; n < len(all) && !crops[i].Found(); n++ {
			crops[i] = read(all[n], box, keep[i])
		}
		for n := 0; n < len(all) && crops[i].Found() && crops[i].Map == nil; n++ {
			if j := all[n].find(box); j >= 0 && all[n].crops[j].patches > 0 {
				crops[i].Map = read(all[n], box, 0).Map
			}
		}
	}
	return gone && slices.ContainsFunc(crops, func(c Crop) bool { return !c.Found() })
}

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

// find is the index of a box, or -1.
func (s *segment) find(box image.Rectangle) int {
	return slices.IndexFunc(s.crops, func(r record) bool { return r.box == box })
}

// segments reads the headers of a key's segments. Files that are none are removed.
func (c *Cache) segments(k Key, width int) []*segment {
	name := k.name()
	folder, prefix := filepath.Split(c.path(name, "-"))
	if !isFolder(filepath.Clean(folder)) {
		return nil
	}
	found, _ := os.ReadDir(folder)
	var all []*segment
	for _, file := range found {
		if !strings.HasPrefix(file.Name(), prefix) || !cropsFile.MatchString(file.Name()) || !file.Type().IsRegular() {
			continue
		}
		path := filepath.Join(folder, file.Name())
		f, s, err := openSegment(path)
		if err == nil {
			err = f.Close()
		}
		if err == nil && s.name != name {
			err = damage("holds another key")
		}
		if isDamage(err) {
			_ = os.Remove(path)
		}
		if err == nil && s.width == width {
			all = append(all, s)
		}
	}
	return all
}

func randomHex() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}
