package mcllava

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/cache"
	"github.com/mcllava/mcllava/internal/tensor"
)

// gridVersion goes up with every change of how a picture is decoded, cut or resized, so that no features of another way are found.
const gridVersion = 2

// UseCache keeps the features of pictures in a folder, of at most limit bytes, and takes them from there. Any number of models and
// processes may share it. Features that go through a cache are rounded (cache.Round), whether they are found there or new.
func (m *Model) UseCache(folder string, limit int64) error {
	c, err := cache.Open(folder, limit)
	if err != nil {
		return err
	}
	m.cache.Store(c)
	return nil
}

// Identity tells the checkpoint from others by the names, sizes and headers of its files. It is the same for every copy.
func (m *Model) Identity() (string, error) {
	identity, err := cache.Identity(m.files.files)
	if err != nil {
		return "", fmt.Errorf("%s: %w", m.name, err)
	}
	return identity, nil
}

// key is what the features of a picture are kept under.
func (m *Model) key(p *Picture) (cache.Key, error) {
	print, err := m.fingerprint()
	if err != nil {
		return cache.Key{}, err
	}
	tier, _ := tensor.ActiveTier()
	return cache.Key{
		Picture:    p.Hash,
		Cutting:    fmt.Sprintf("%d: %d", gridVersion, m.config.Vision.ImageSize),
		Precision:  fmt.Sprintf("%s, %s", m.precision.Vision, tier),
		Checkpoint: print,
	}, nil
}

// Remembers says whether See would take the picture's features from the cache, of the options by MaxCrops and NumTokens. It may be
// called at any time.
func (m *Model) Remembers(p *Picture, o Options) bool {
	c := m.cache.Load()
	plan, err := m.config.Plan(p.Width, p.Height, o.MaxCrops, o.NumTokens)
	if c == nil || err != nil {
		return false
	}
	k, err := m.key(p)
	return err == nil && !slices.Contains(c.Has(k, m.config.Vision.Hidden, plan.Boxes, plan.TokensPerCrop), false)
}

// remembered is the features of a picture, [N, Dv], if the cache has them.
func (m *Model) remembered(p *Picture, plan Plan) (blas32.General, bool) {
	c := m.cache.Load()
	if c == nil {
		return blas32.General{}, false
	}
	k, err := m.key(p)
	if err != nil {
		return blas32.General{}, false
	}
	width := m.config.Vision.Hidden
	features := tensor.New(plan.ImageTokens, width)
	at := 0
	for _, crop := range c.Load(k, width, plan.Boxes, plan.TokensPerCrop) {
		if !crop.Found() {
			return blas32.General{}, false
		}
		at += copy(features.Data[at:], crop.Rows)
	}
	return features, true
}

// remember rounds the features of a picture to what the cache keeps, and keeps them. A cache that cannot be written to is said so once, and costs no answer.
func (m *Model) remember(p *Picture, plan Plan, features blas32.General, o Options) {
	c := m.cache.Load()
	if c == nil {
		return
	}
	k, err := m.key(p)
	cache.Round(features.Data, features.Cols)
	if err == nil {
		crops, at := make([]cache.Crop, len(plan.Boxes)), 0
		for i, n := range plan.TokensPerCrop {
			crops[i] = cache.Crop{Box: plan.Boxes[i], Keep: n, Rows: tensor.Values(tensor.Rows(features, at, at+n))}
			at += n
		}
		err = c.Store(k, features.Cols, crops)
	}
	if err == nil {
		return
	}
	m.cache.Store(nil)
	if o.Note != nil {
		o.Note(fmt.Sprintf("goes on without a cache: %v", err))
	}
}
