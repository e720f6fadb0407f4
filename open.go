package mcllava

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/cache"
	"github.com/mcllava/mcllava/internal/demo"
	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
	"github.com/mcllava/mcllava/llm"
	"github.com/mcllava/mcllava/tokenizer"
)

// Demo is the name of the checkpoint that the program carries.
const Demo = "demo"

// Model is an open checkpoint. It answers one question at a time; calls from several goroutines wait for each other.
type Model struct {
	name        string
	config      Config
	tokenizer   *tokenizer.Tokenizer
	stop        int
	pool        *tensor.Pool
	encoder     *encoder.Encoder
	decoder     *llm.Decoder
	kv          *llm.Cache                  // of the last question
	prefix      prefix                      // what kv begins with
	cache       atomic.Pointer[cache.Cache] // of pictures' features; nil for none
	fingerprint func() (string, error)      // of the checkpoint, for the cache
	files       *checkpoint                 // mapped; weights may lie in it
	precision   weights.Precision
	load        time.Duration
	busy        sync.Mutex
	closed      bool
}

// OpenOptions say how a checkpoint is opened.
type OpenOptions struct {
	Threads   int // goroutines that do the work; below 1, one for each core that the process may use
	Precision Precision
}

// Open is OpenWith for a number of threads and the checkpoint's own precision.
func Open(folder string, threads int) (*Model, error) {
	return OpenWith(folder, OpenOptions{Threads: threads})
}

// OpenWith opens a checkpoint in a folder, or the embedded one if the folder is "" or Demo. A published one is read, widened and
// packed; one that Convert wrote is mapped, and its files must not change before Close.
// A name OWNER/NAME that is no folder is a repository of the Hugging Face hub that has been pulled into the hub's cache.
// An error names the file and field that are wrong.
func OpenWith(folder string, o OpenOptions) (*Model, error) {
	start := time.Now()
	if _, err := tensor.ActiveTier(); err != nil {
		return nil, err
	}
	c, err := openCheckpoint(folder)
	if err != nil {
		return nil, err
	}
	m := &Model{name: c.name, config: c.config, files: c, pool: tensor.NewPool(o.Threads)}
	m.fingerprint = sync.OnceValues(func() (string, error) { return cache.Fingerprint(c.files) })
	if err := m.read(o.Precision); err != nil {
		m.Close()
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	m.load = time.Since(start)
	return m, nil
}

func (m *Model) read(asked Precision) (err error) {
	if m.precision, err = m.files.precision(asked); err != nil {
		return err
	}
	if m.tokenizer, m.stop, err = readTokenizer(m.files.files, m.config); err != nil {
		return err
	}
	w := m.files.source(m.pool, m.precision)
	m.encoder, m.decoder = loadWeights(m.config, w)
	return w.Finish(unused)
}

// unused names the tensors that published checkpoints hold and the model does without.
func unused(name string) bool {
	const tower = "vision_model.vision_tower.vision_model."
	return strings.HasPrefix(name, tower+"post_layernorm.") || strings.HasPrefix(name, tower+"head.") ||
		strings.HasSuffix(name, ".position_ids") || strings.HasSuffix(name, ".rotary_emb.inv_freq")
}

// checkpointFiles is the folder of a checkpoint and the name that messages call it by.
func checkpointFiles(folder string) (files fs.FS, name string, err error) {
	if folder == "" || folder == Demo {
		return demo.Checkpoint(), Demo, nil
	}
	path, err := modelPath(folder)
	if err != nil {
		return nil, folder, err
	}
	return os.DirFS(path), folder, nil
}

func openWeights(folder string) (*safetensors.Checkpoint, error) {
	if folder != "" && folder != Demo {
		path, err := modelPath(folder)
		if err != nil {
			return nil, err
		}
		return safetensors.OpenFolder(path)
	}
	const name = "model.safetensors"
	data, err := fs.ReadFile(demo.Checkpoint(), name)
	if err != nil {
		return nil, err
	}
	return safetensors.Parse(name, data)
}

// readTokenizer reads a checkpoint's tokenizer and its stop token, and checks that it fits the decoder.
func readTokenizer(files fs.FS, c Config) (*tokenizer.Tokenizer, int, error) {
	t, err := tokenizer.Load(files)
	if err != nil {
		return nil, 0, err
	}
	stop, ok := t.EOS()
	switch {
	case !ok:
		return nil, 0, fmt.Errorf("tokenizer_config.json: eos_token is missing, expected the token that ends an answer")
	case t.Vocab() > c.Text.Vocab:
		return nil, 0, fmt.Errorf("tokenizer has %d tokens, expected at most the %d of text_config.vocab_size", t.Vocab(), c.Text.Vocab)
	}
	if id, ok := t.Token("<image>"); !ok || id != c.ImageToken {
		return nil, 0, fmt.Errorf("tokenizer's <image> is token %d, expected the %d of image_token_index", id, c.ImageToken)
	}
	return t, stop, nil
}

// OpenTokenizer reads the tokenizer of a folder that may hold nothing else, or of the embedded checkpoint if it is "" or Demo.
func OpenTokenizer(folder string) (*tokenizer.Tokenizer, error) {
	files, name, err := checkpointFiles(folder)
	if err != nil {
		return nil, err
	}
	t, err := tokenizer.Load(files)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// ReadConfig reads the shape of a checkpoint without its weights.
func ReadConfig(folder string) (Config, error) {
	files, name, err := checkpointFiles(folder)
	if err != nil {
		return Config{}, err
	}
	c, err := readConfig(files)
	if err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// Name is the folder or the hub's name that the model was opened by, or Demo.
func (m *Model) Name() string { return m.name }

// Config is the model's shape.
func (m *Model) Config() Config { return m.config }

// Close waits for a question under way, ends the model's goroutines and unmaps its weights. To ask after it is an error.
func (m *Model) Close() {
	m.busy.Lock()
	defer m.busy.Unlock()
	if !m.closed {
		m.closed = true
		m.pool.Close()
		m.files.close()
	}
}

// Precision names the form that the layers' weights are held and computed in, or the forms of both parts.
func (m *Model) Precision() string { return m.precision.String() }

// ConvertedWhileLoading says whether the weights were published in another form, so that opening what Convert makes of them
// would be faster.
func (m *Model) ConvertedWhileLoading() bool {
	return m.files.packed == nil && m.precision != m.files.own
}
