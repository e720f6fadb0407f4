package cache

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
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

// Has says for each box whether at least its last keep rows are there, and with maps also its map, as headers say. That counts as a
// use of them.
func (c *Cache) Has(k Key, width int, boxes []image.Rectangle, keep []int, maps bool) []bool {
	has := make([]bool, len(boxes))
	if !c.usable() {
		return has
	}
	used := map[*segment]bool{}
	c.search(k, width, func(all []*segment) bool {
		for i, box := range boxes {
			rows := segmentWith(all, func(s *segment) bool { return s.find(box, keep[i]) >= 0 })
			mapped := segmentWith(all, func(s *segment) bool { return s.findMap(box) >= 0 })
			if has[i] = rows != nil && (mapped != nil || !maps); has[i] {
				used[rows] = true
				if maps {
					used[mapped] = true
				}
			}
		}
		return !slices.Contains(has, false)
	})
	for s := range used {
		touch(s.path)
	}
	return has
}

// Load finds for each box its last keep rows, with the map if there is one; a zero Crop where they are not found. That counts as a
// use of them. A file that is not what Store wrote is removed; what was whole in it and asked for is stored again.
func (c *Cache) Load(k Key, width int, boxes []image.Rectangle, keep []int) []Crop {
	crops := make([]Crop, len(boxes))
	if !c.usable() {
		return crops
	}
	damaged := false
	c.search(k, width, func(all []*segment) bool {
		damaged = readCrops(all, boxes, keep, crops) || damaged
		return !slices.ContainsFunc(crops, func(c Crop) bool { return !c.Found() })
	})
	if damaged {
		_ = c.Store(k, width, slices.DeleteFunc(slices.Clone(crops), func(c Crop) bool { return !c.Found() }))
	}
	return crops
}

// search calls found with the segments of a key, until it says that all is found or there are no others: segments may be merged into
// another one while they are listed and read.
func (c *Cache) search(k Key, width int, found func([]*segment) bool) {
	const tries = 100
	paths := c.segmentPaths(k)
	for range tries {
		if found(c.readSegments(paths, k, width)) {
			return
		}
		now := c.segmentPaths(k)
		if slices.Equal(paths, now) {
			return
		}
		paths = now
	}
}

// readCrops sets the crops that are not found yet, and says whether a file was damaged.
func readCrops(all []*segment, boxes []image.Rectangle, keep []int, crops []Crop) (damaged bool) {
	open := map[*segment]*os.File{}
	defer func() {
		for s, f := range open {
			_ = f.Close()
			touch(s.path)
		}
	}()
	// read is the crop of a box from a segment; not found if the segment has it not, or damaged.
	read := func(s *segment, box image.Rectangle, keep int) (crop Crop) {
		j := s.find(box, keep)
		if j < 0 {
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
		if isDamage(err) {
			damaged = true
			_ = os.Remove(s.path)
		}
		if err != nil {
			return Crop{}
		}
		return crop
	}
	for i, box := range boxes {
		for n := 0; n < len(all) && !crops[i].Found(); n++ {
			crops[i] = read(all[n], box, keep[i])
		}
		for n := 0; n < len(all) && crops[i].Found() && crops[i].Map == nil; n++ {
			if all[n].findMap(box) >= 0 {
				crops[i].Map = read(all[n], box, 0).Map
			}
		}
	}
	return damaged
}

// find is the index of a crop with at least keep ≥ 0 rows, or -1.
func (s *segment) find(box image.Rectangle, keep int) int {
	return slices.IndexFunc(s.crops, func(r record) bool { return r.box == box && r.keep >= keep && keep >= 0 })
}

// findMap is the index of a crop with a map, or -1.
func (s *segment) findMap(box image.Rectangle) int {
	return slices.IndexFunc(s.crops, func(r record) bool { return r.box == box && r.patches > 0 })
}

// segmentWith is the first of some segments that has something, or nil.
func segmentWith(all []*segment, has func(*segment) bool) *segment {
	if i := slices.IndexFunc(all, has); i >= 0 {
		return all[i]
	}
	return nil
}

// segments reads the headers of a key's segments.
func (c *Cache) segments(k Key, width int) []*segment {
	return c.readSegments(c.segmentPaths(k), k, width)
}

// segmentPaths lists the segments of a key, in order.
func (c *Cache) segmentPaths(k Key) []string {
	folder, prefix := filepath.Split(c.path(k.name(), "-"))
	if !isFolder(filepath.Clean(folder)) {
		return nil
	}
	found, _ := os.ReadDir(folder)
	var paths []string
	for _, f := range found {
		if strings.HasPrefix(f.Name(), prefix) && cropsFile().MatchString(f.Name()) && f.Type().IsRegular() {
			paths = append(paths, filepath.Join(folder, f.Name()))
		}
	}
	return paths
}

// readSegments reads the headers of those files that are segments of a key. Damaged ones are removed.
func (c *Cache) readSegments(paths []string, k Key, width int) []*segment {
	name := k.name()
	var all []*segment
	for _, path := range paths {
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
