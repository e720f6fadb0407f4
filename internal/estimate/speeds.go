package estimate

import (
	"fmt"
	"runtime"

	"github.com/mcllava/mcllava/internal/machine"
	"github.com/mcllava/mcllava/internal/measured"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// Key is what a measured speed holds for.
type Key struct {
	CPU, Kernels string
	Threads      int
	Program      string // version of the program
	Shape        Shape
	Precision    weights.Forms
}

// NewKey is the key of this machine and program.
func NewKey(m Shape, p weights.Forms, threads int) Key {
	_ = measured.Kernels() // an error is that of whatever computes
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	return Key{machine.CPU(), tensor.Kernels(), threads, machine.Program(), m, p}
}

func (k Key) String() string {
	return fmt.Sprintf("%s, %s, %d threads, mcllava %s, %s, vision %+v, text %+v",
		k.CPU, k.Kernels, k.Threads, k.Program, k.Precision, k.Shape.Vision, k.Shape.Text)
}

// Speeds is the file that keeps measured speeds.
type Speeds struct{ kept measured.Kept[Speed] }

// OpenSpeeds is that file of this user, in speed.json of the folder mcllava below the user's cache folder.
func OpenSpeeds() Speeds { return Speeds{measured.InCache[Speed]("speed.json")} }

// Speed is the speed kept for a key; false if there is none, or none that can be read.
func (s Speeds) Speed(k Key) (Speed, bool) {
	speed, ok := s.kept.Get(k.String())
	return speed, ok && speed.valid()
}

// Keep adds a speed to the file. What cannot be kept is measured again next time, so that nobody needs the error.
func (s Speeds) Keep(k Key, speed Speed) error { return s.kept.Keep(k.String(), speed) }
