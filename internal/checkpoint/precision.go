package checkpoint

import (
	"cmp"
	"fmt"

	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// Precision names the forms that weights are held and computed in: f32, f16, bf16, q8 or q4. The zero value is that of the
// checkpoint: the form it was converted to, or that of its published values. The embedded demo is held in f32.
type Precision struct {
	Form   string // of both parts; q4 stands for a vision tower in q8, whose time is arithmetic and not memory
	Vision string // of the vision tower, instead of Form
	Text   string // of the decoder, instead of Form
}

// Check says whether a name is unknown.
func (p Precision) Check() error {
	_, err := p.over(weights.Forms{})
	return err
}

// Full names the form of each part: what p asks for, and where it says nothing f16, that of the published checkpoint.
func (p Precision) Full() (Precision, error) {
	return full(p.over(weights.Forms{Vision: tensor.F16, Text: tensor.F16}))
}

// ReadPrecision names the form of each part of a checkpoint, of the embedded one if the folder is "" or Demo, as it would be used.
func ReadPrecision(folder string, p Precision) (Precision, error) {
	c, err := Open(folder)
	if err != nil {
		return p, err
	}
	defer c.Close()
	return full(c.Forms(p))
}

func full(f weights.Forms, err error) (Precision, error) {
	return Precision{Vision: f.Vision.String(), Text: f.Text.String()}, err
}

// over is what p asks for, where it says nothing the checkpoint's own.
func (p Precision) over(own weights.Forms) (weights.Forms, error) {
	if p.Form != "" {
		f, err := tensor.ParseForm(p.Form)
		if err != nil {
			return own, fmt.Errorf("precision: %w", err)
		}
		own = weights.Forms{Vision: min(f, tensor.Q8), Text: f}
	}
	var err error
	if own.Vision, err = tensor.ParseForm(cmp.Or(p.Vision, own.Vision.String())); err != nil {
		return own, fmt.Errorf("vision: %w", err)
	}
	if own.Text, err = tensor.ParseForm(cmp.Or(p.Text, own.Text.String())); err != nil {
		return own, fmt.Errorf("text: %w", err)
	}
	return own, nil
}
