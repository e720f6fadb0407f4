package mcllava

import (
	"fmt"
	"image"
	"slices"
	"time"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/cache"
	"github.com/mcllava/mcllava/internal/tensor"
)

// pixelsVersion goes up with every change of how a picture is decoded, cut or resized, so that no features of another way are found.
const pixelsVersion = 4

// CacheOptions say what a model keeps on disk for the next question about a picture.
type CacheOptions struct {
	Folder   string // "" for no cache
	Limit    int64  // most bytes; the least recently used entries are evicted
	KeptRows bool   // keep only the rows of each crop that a question uses, and not all while the limit allows it
	Prompts  bool   // also keep the keys and values of the prompt up to the end of the picture
}

// UseCache keeps the features of pictures in a folder, a crop at a time, and takes them from there. Any number of models and processes
// may share it. Features are rounded to 16 bits as they are stored, also for the question that computes them, so that an answer does
// not depend on whether they were found. A folder that cannot be used is an error.
func (m *Model) UseCache(o CacheOptions) error {
	c, err := cache.Open(o.Folder, o.Limit)
	if err != nil {
		return err
	}
	m.cacheOptions = o
	m.cache.Store(c)
	return nil
}

// caches says whether features are stored at all, and so are rounded.
func (m *Model) caches() bool {
	return m.cache.Load() != nil && m.cacheOptions.Folder != "" && m.cacheOptions.Limit > 0
}

// key is what the features of a picture's crops are kept under.
func (m *Model) key(p *Picture) (cache.Key, error) {
	identity, err := m.Identity()
	if err != nil {
		return cache.Key{}, err
	}
	tier, _ := tensor.ActiveTier()
	return cache.Key{
		Picture:    p.Hash,
		Cutting:    fmt.Sprintf("%d: at %d%s", pixelsVersion, m.config.Vision.ImageSize, p.variant()),
		Precision:  fmt.Sprintf("%s, %s", tensor.Arithmetic(m.forms.Vision), tier),
		Checkpoint: identity,
	}, nil
}

// Cached is the number of a plan's crops whose features See would take from the cache. It may be called at any time.
func (m *Model) Cached(p *Picture, plan Plan) (n int) {
	for _, have := range m.cached(p, plan) {
		if have {
			n++
		}
	}
	return n
}

// cached says of each crop of a plan whether the cache has its features, and its map if that is wanted.
func (m *Model) cached(p *Picture, plan Plan) []bool {
	if m.caches() {
		if k, err := m.key(p); err == nil {
			return m.cache.Load().Has(k, m.config.Vision.Hidden, plan.Boxes, plan.TokensPerCrop, plan.Maps)
		}
	}
	return make([]bool, len(plan.Boxes))
}

// seen is what is known of a crop.
type seen struct {
	rows    blas32.General // [K, Dv]; none if it is not known
	patches []float32      // [T] its map, or nil
}

// enough says whether the crop need not be encoded for a plan.
func (s seen) enough(plan Plan) bool { return s.rows.Rows > 0 && (s.patches != nil || !plan.Maps) }

// remembered is what the cache has of each crop of a plan.
func (m *Model) remembered(p *Picture, plan Plan) []seen {
	found := make([]seen, len(plan.Boxes))
	if !m.caches() {
		return found
	}
	k, err := m.key(p)
	if err != nil {
		return found
	}
	width := m.config.Vision.Hidden
	for i, c := range m.cache.Load().Load(k, width, plan.Boxes, plan.TokensPerCrop) {
		if n := plan.TokensPerCrop[i]; c.Found() {
			found[i].rows = blas32.General{Rows: n, Cols: width, Stride: width, Data: c.Rows}
			if len(c.Map) == m.encoder.Config().Patches() {
				found[i].patches = c.Map
			}
		}
	}
	return found
}

// rowsToEncode is how many rows of each crop are worth computing: all that a later question may ask for, if they are to be stored and
// the cache has room for them, or those of the plan.
func (m *Model) rowsToEncode(plan Plan) []int {
	const valueBytes = 2
	all := int64(len(plan.Boxes)) * int64(plan.most) * int64(m.config.Vision.Hidden) * valueBytes
	if !m.caches() || m.cacheOptions.KeptRows || !m.cache.Load().Roomy(all) {
		return plan.TokensPerCrop
	}
	keep := make([]int, len(plan.Boxes))
	for i := range keep {
		keep[i] = plan.most
	}
	return keep
}

// shelf stores the crops of a picture in the cache as they come.
type shelf struct {
	model   *Model
	hooks   Hooks
	key     cache.Key
	off     bool // nothing is stored
	waiting []cache.Crop
	stored  time.Time // last
}

// storeEvery is how much work an interruption may cost, in time.
const storeEvery = time.Second

func (m *Model) newShelf(p *Picture, h Hooks) *shelf {
	s := &shelf{model: m, hooks: h, stored: time.Now()}
	var err error
	if s.off = !m.caches(); !s.off {
		s.key, err = m.key(p)
	}
	if err != nil {
		s.giveUp(err)
	}
	return s
}

// add stores the rows of a crop, [K, Dv], and its map, which may be nil, soon, and rounds them to what is stored.
func (s *shelf) add(box image.Rectangle, rows blas32.General, patches []float32) {
	if !s.model.caches() {
		return
	}
	for i := range rows.Rows {
		cache.Round(tensor.Row(rows, i), rows.Cols)
	}
	if patches != nil {
		cache.Round(patches, len(patches))
	}
	if s.off {
		return
	}
	values := tensor.Values(rows)
	s.waiting = append(s.waiting, cache.Crop{Box: box, Keep: rows.Rows, Rows: slices.Clone(values), Map: slices.Clone(patches)})
	if time.Since(s.stored) > storeEvery {
		s.flush()
	}
}

// flush stores what is waiting.
func (s *shelf) flush() {
	if s.off || len(s.waiting) == 0 {
		return
	}
	if err := s.model.cache.Load().Store(s.key, s.model.config.Vision.Hidden, s.waiting); err != nil {
		s.giveUp(err)
	}
	s.waiting, s.stored = nil, time.Now()
}

// giveUp says once that the cache cannot be written to, which costs no answer.
func (s *shelf) giveUp(err error) {
	s.off = true
	if s.model.cacheBroken.CompareAndSwap(false, true) {
		s.hooks.note(fmt.Sprintf("continuing without the cache: %v", err))
	}
}

// newFeatures are zeros for a plan.
func (m *Model) newFeatures(plan Plan) encoder.Features {
	return encoder.NewFeatures(plan.TokensPerCrop, m.config.Vision.Hidden)
}
