package mcllava

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/cache"
	"github.com/mcllava/mcllava/internal/checkpoint"
	"github.com/mcllava/mcllava/internal/measured"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
	"github.com/mcllava/mcllava/llm"
	"github.com/mcllava/mcllava/tokenizer"
)

// Model is an open checkpoint. It answers one question at a time; calls from several goroutines wait for each other.
type Model struct {
	config       Config
	tokenizer    *tokenizer.Tokenizer
	stop         int
	pool         *tensor.Pool
	encoder      *encoder.Encoder
	decoder      *llm.Decoder
	dialogue     dialogue
	cache        atomic.Pointer[cache.Cache] // of pictures' features; nil for none
	cacheOptions CacheOptions
	cacheBroken  atomic.Bool            // what cannot be stored has been said
	checkpoint   *checkpoint.Checkpoint // mapped; weights may lie in it
	identity     func() (string, error)
	forms        weights.Forms
	load         time.Duration
	busy         sync.Mutex
	closed       bool
}

// OpenOptions say how a checkpoint is opened.
type OpenOptions struct {
	Threads   int // goroutines that do the work; below 1, one for each core that the process may use
	Precision Precision
}

// MaxThreads is the most goroutines that a model works with.
const MaxThreads = 1024

// Open is OpenWith for a number of threads and the checkpoint's own precision.
func Open(folder string, threads int) (*Model, error) {
	return OpenWith(folder, OpenOptions{Threads: threads})
}

// OpenWith opens a checkpoint in a folder, or the embedded one if the folder is "" or Demo. A published one is read, widened and
// packed; one that Convert wrote is mapped, and its files must not change before Close.
// A name OWNER/NAME that is no folder is a repository of the Hugging Face hub that has been pulled into the hub's cache.
// An error names the file and field that are wrong.
func OpenWith(folder string, o OpenOptions) (*Model, error) {
	if o.Threads > MaxThreads {
		return nil, fmt.Errorf("threads is %d, expected at most %d", o.Threads, MaxThreads)
	}
	start := time.Now()
	if err := measured.Kernels(); err != nil {
		return nil, err
	}
	c, err := checkpoint.Open(folder)
	if err != nil {
		return nil, err
	}
	m := &Model{config: c.Config, checkpoint: c, pool: tensor.NewPool(o.Threads)}
	m.dialogue.model = m
	m.identity = sync.OnceValues(c.Identity)
	var beside sync.WaitGroup
	beside.Go(func() { _, _ = m.identity() }) // mostly calls of the system, while weights are read
	err = m.read(o.Precision)
	beside.Wait()
	if err != nil {
		m.Close()
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	m.load = time.Since(start)
	return m, nil
}

func (m *Model) read(asked Precision) (err error) {
	if m.forms, err = m.checkpoint.Forms(asked); err != nil {
		return err
	}
	if m.tokenizer, m.stop, err = m.checkpoint.Tokenizer(); err != nil {
		return err
	}
	m.encoder, m.decoder, err = m.checkpoint.Load(m.pool, m.forms)
	return err
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

// FormerIdentity is what outputs of the first version call the checkpoint: by the names, sizes and headers of its files alone.
func (m *Model) FormerIdentity() (string, error) {
	identity, err := m.checkpoint.LegacyIdentity()
	if err != nil {
		return "", fmt.Errorf("%s: %w", m.Name(), err)
	}
	return identity, nil
}

// Name is the folder or the hub's name that the model was opened by, or Demo.
func (m *Model) Name() string { return m.checkpoint.Name }

// Config is the model's shape.
func (m *Model) Config() Config { return m.config }

// Close waits for a question under way, ends the model's goroutines and unmaps its weights. To ask after it is an error.
func (m *Model) Close() {
	m.busy.Lock()
	defer m.busy.Unlock()
	if !m.closed {
		m.closed = true
		m.dialogue.release()
		m.pool.Close()
		m.checkpoint.Close()
	}
}

// Precision names the form that the layers' weights are held and computed in, or the forms of both parts.
func (m *Model) Precision() string { return m.forms.String() }

// ConvertedWhileLoading says whether the weights were published in another form, so that opening what Convert makes of them
// would be faster.
func (m *Model) ConvertedWhileLoading() bool {
	return !m.checkpoint.Packed() && m.forms != m.checkpoint.Own
}

// ErrChanged says that a file of the checkpoint was cut short while the model was open. No further question can be answered.
var ErrChanged = checkpoint.ErrChanged

// ErrNotFinite says that NaNs or infinities came out of the model.
var ErrNotFinite = llm.ErrNotFinite

// finite is ErrNotFinite if image features are not.
func (m *Model) finite(features blas32.General) error {
	for _, v := range tensor.Values(features) {
		if v-v != 0 {
			return m.explain(fmt.Errorf("the image features are NaN or infinite: %w", ErrNotFinite))
		}
	}
	return nil
}

// explain adds to ErrNotFinite where to look.
func (m *Model) explain(err error) error {
	if errors.Is(err, ErrNotFinite) {
		return fmt.Errorf("%w: the checkpoint %s or a cached picture may be damaged; mcllava info --verify checks a converted checkpoint", err, m.Name())
	}
	return err
}
