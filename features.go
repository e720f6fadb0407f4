package mcllava

import (
	"fmt"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/cache"
	"github.com/mcllava/mcllava/internal/tensor"
)

// gridVersion goes up with every change of how a picture is decoded, cut or resized, so that no features of another way are found.
const gridVersion = 2

// UseCache keeps the features of pictures in a folder, of at most limit bytes, and takes them from there. Any number of models and
// processes may share it. What is found there is what the encoder gave, to the last bit.
func (m *Model) UseCache(folder string, limit int64) error {
	c, err := cache.Open(folder, limit)
	if err != nil {
		return err
	}
	m.cache.Store(c)
	return nil
}

// Identity tells the checkpoint from others by its content: its settings, its tokenizer, and of each tensor the shape and a sample of
// the values. It is the same for every copy.
func (m *Model) Identity() (string, error) {
	identity, err := m.identity()
	if err != nil {
		return "", fmt.Errorf("%s: %w", m.Name(), err)
	}
	return identity, nil
}

// LegacyIdentity is what Identity was in version 1, of the names, sizes and headers of the checkpoint's files.
func (m *Model) LegacyIdentity() (string, error) {
	identity, err := m.checkpoint.LegacyIdentity()
	if err != nil {
		return "", fmt.Errorf("%s: %w", m.Name(), err)
	}
	return identity, nil
}

// key is what the features of a picture are kept under.
func (m *Model) key(p *Picture, plan Plan) (cache.Key, error) {
	print, err := m.identity()
	if err != nil {
		return cache.Key{}, err
	}
	tier, _ := tensor.ActiveTier()
	return cache.Key{
		Picture:    p.Hash,
		Grid:       fmt.Sprintf("%d: %d crops of %d pixels at %d", gridVersion, len(plan.Boxes), plan.Size, m.config.Vision.ImageSize),
		Precision:  fmt.Sprintf("%s, %s", m.forms.Vision, tier),
		Checkpoint: print,
	}, nil
}

// Remembers says whether See would take the picture's features from the cache, of the options by MaxCrops and NumTokens. It may be
// called at any time.
func (m *Model) Remembers(p *Picture, o Options) bool {
	c := m.cache.Load()
	plan, err := PlanFor(m.config, p.Width, p.Height, o.MaxCrops, o.NumTokens)
	if c == nil || err != nil {
		return false
	}
	k, err := m.key(p, plan)
	return err == nil && c.Has(k, plan.TokensPerCrop, m.config.Vision.Hidden)
}

// remembered is the features of a picture, [N, Dv], if the cache has them.
func (m *Model) remembered(p *Picture, plan Plan) (blas32.General, bool) {
	c := m.cache.Load()
	if c == nil {
		return blas32.General{}, false
	}
	k, err := m.key(p, plan)
	if err != nil {
		return blas32.General{}, false
	}
	e, ok := c.Load(k)
	if !ok || e.Width != m.config.Vision.Hidden {
		return blas32.General{}, false
	}
	features, ok := e.Last(plan.TokensPerCrop)
	return blas32.General{Rows: plan.ImageTokens, Cols: e.Width, Stride: e.Width, Data: features}, ok
}

// remember keeps the features of a picture. A cache that cannot be written to is said so once, and costs no answer.
func (m *Model) remember(p *Picture, plan Plan, features blas32.General, o Options) {
	c := m.cache.Load()
	if c == nil {
		return
	}
	k, err := m.key(p, plan)
	if err == nil {
		err = c.Store(k, cache.Entry{Keep: plan.TokensPerCrop, Width: features.Cols, Features: tensor.Values(features)})
	}
	if err == nil {
		return
	}
	m.cache.Store(nil)
	if o.Note != nil {
		o.Note(fmt.Sprintf("goes on without a cache: %v", err))
	}
}
