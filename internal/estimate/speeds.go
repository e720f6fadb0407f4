package estimate

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/mcllava/mcllava/internal/files"
	"github.com/mcllava/mcllava/internal/machine"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// Key is what a measured speed holds for.
type Key struct {
	CPU, Tier string
	Threads   int
	Program   string // version of the program
	Shape     Shape
	Precision weights.Forms
}

// NewKey is the key of this machine and program.
func NewKey(m Shape, p weights.Forms, threads int) Key {
	tier, _ := tensor.ActiveTier()
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	return Key{machine.CPU(), string(tier), threads, machine.Program(), m, p}
}

func (k Key) String() string {
	return fmt.Sprintf("%s, %s, %d threads, mcllava %s, %s, vision %+v, text %+v",
		k.CPU, k.Tier, k.Threads, k.Program, k.Precision, k.Shape.Vision, k.Shape.Text)
}

// Speeds is the file that keeps measured speeds.
type Speeds struct{ path string }

// OpenSpeeds is that file of this user, in speed.json of the folder mcllava below the user's cache folder.
func OpenSpeeds() Speeds {
	folder, err := os.UserCacheDir()
	if err != nil {
		return Speeds{}
	}
	return Speeds{filepath.Join(folder, "mcllava", "speed.json")}
}

// Speed is the speed kept for a key; false if there is none, or none that can be read.
func (s Speeds) Speed(k Key) (Speed, bool) {
	speed, ok := s.read()[k.String()]
	return speed, ok && speed.valid()
}

// Keep adds a speed to the file. What cannot be kept is measured again next time, so that nobody needs the error.
func (s Speeds) Keep(k Key, speed Speed) error {
	if s.path == "" {
		return os.ErrNotExist
	}
	all := s.read()
	if all == nil || len(all) >= mostKept {
		all = map[string]Speed{}
	}
	all[k.String()] = speed
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o755); err != nil {
		return err
	}
	files.RemoveLeft(filepath.Dir(s.path), 0)
	return files.Replace(s.path, 0o600, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// mostKept is the number of speeds after which the file begins anew, since each version of the program adds its own.
const mostKept = 64

// mostBytes is more than so many speeds take.
const mostBytes = 1 << 20

func (s Speeds) read() map[string]Speed {
	text, err := files.ReadRegular(s.path, mostBytes)
	if err != nil {
		return nil
	}
	var all map[string]Speed
	if err := json.Unmarshal(text, &all); err != nil {
		return nil
	}
	return all
}
