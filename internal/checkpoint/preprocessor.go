package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"

	"github.com/mcllava/mcllava/internal/modelfile"
)

// The files that say how pictures are prepared; transformers 5 writes the second, with image_processor in it.
const (
	preprocessorFile = "preprocessor_config.json"
	processorFile    = "processor_config.json"
)

// preprocessor is how a checkpoint wants pictures prepared.
type preprocessor struct {
	Mean      json.RawMessage `json:"image_mean"`
	Std       json.RawMessage `json:"image_std"`
	Resample  json.RawMessage `json:"resample"`
	Size      json.RawMessage `json:"size"`
	CropSize  json.RawMessage `json:"crop_size"`
	Rescale   *float64        `json:"rescale_factor"`
	DoResize  *bool           `json:"do_resize"`
	DoRescale *bool           `json:"do_rescale"`
	DoNormal  *bool           `json:"do_normalize"`
	DoCrop    *bool           `json:"do_center_crop"`
	DoPad     *bool           `json:"do_pad"`
}

// checkPreprocessor refuses pictures prepared in another way than crop.Pixels does. The error names the file and the field.
func (c Config) checkPreprocessor(folder fs.FS) error {
	var p preprocessor
	var whole struct {
		Image *preprocessor `json:"image_processor"`
	}
	err := modelfile.ReadJSON(folder, preprocessorFile, maxConfig, &p)
	if err == nil {
		err = named(preprocessorFile, p.check(c.Vision.ImageSize))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err = modelfile.ReadJSON(folder, processorFile, maxConfig, &whole)
	if err == nil && whole.Image != nil {
		err = named(processorFile+": image_processor", whole.Image.check(c.Vision.ImageSize))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func named(file string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", file, err)
}

func (p *preprocessor) check(side int) error {
	for _, f := range []struct {
		field string
		is    *bool
		want  bool
	}{
		{"do_resize", p.DoResize, true},
		{"do_rescale", p.DoRescale, true},
		{"do_normalize", p.DoNormal, true},
		{"do_pad", p.DoPad, false},
	} {
		if f.is != nil && *f.is != f.want {
			return fmt.Errorf("%s is %v, expected %v", f.field, *f.is, f.want)
		}
	}
	const factor, tolerance = 1.0 / 255, 1e-6 // as it is written with few digits
	if p.Rescale != nil && !(math.Abs(*p.Rescale/factor-1) <= tolerance) {
		return fmt.Errorf("rescale_factor is %v, expected 1/255", *p.Rescale)
	}
	if err := checkColours("image_mean", p.Mean); err != nil {
		return err
	}
	if err := checkColours("image_std", p.Std); err != nil {
		return err
	}
	if err := checkResample(p.Resample); err != nil {
		return err
	}
	if err := checkSize("size", p.Size, side); err != nil {
		return err
	}
	if p.DoCrop != nil && *p.DoCrop {
		return checkSize("crop_size", p.CropSize, side)
	}
	return nil
}

// given says whether a field has a value.
func given(value json.RawMessage) bool { return value != nil && string(value) != "null" }

// checkColours wants 0.5, once or for each colour.
func checkColours(field string, value json.RawMessage) error {
	if !given(value) {
		return nil
	}
	var one float64
	var each []float64
	if json.Unmarshal(value, &one) == nil {
		each = []float64{one, one, one}
	} else if json.Unmarshal(value, &each) != nil || len(each) != 3 {
		return fmt.Errorf("%s is %s, expected 0.5 for each of the 3 colours", field, modelfile.Short(string(value)))
	}
	for _, v := range each {
		if v != 0.5 {
			return fmt.Errorf("%s holds %v, expected 0.5", field, v)
		}
	}
	return nil
}

func checkResample(value json.RawMessage) error {
	const bicubic = 3
	var number int
	var name string
	switch {
	case !given(value):
	case json.Unmarshal(value, &number) == nil && number == bicubic:
	case json.Unmarshal(value, &name) == nil && strings.EqualFold(name, "bicubic"):
	default:
		return fmt.Errorf("resample is %s, expected %d (bicubic)", modelfile.Short(string(value)), bicubic)
	}
	return nil
}

// checkSize wants crops of side × side: a number, the pair of height and width, or an object with these.
func checkSize(field string, value json.RawMessage, side int) error {
	if !given(value) {
		return nil
	}
	refused := func(field, is string) error {
		return fmt.Errorf("%s is %s, expected the %d of vision_config.image_size", field, modelfile.Short(is), side)
	}
	var one int
	var pair []int
	var object map[string]json.RawMessage
	switch {
	case json.Unmarshal(value, &one) == nil:
		pair = []int{one, one}
	case json.Unmarshal(value, &pair) == nil:
		if len(pair) != 2 {
			return refused(field, string(value))
		}
	case json.Unmarshal(value, &object) == nil:
		for _, name := range []string{"shortest_edge", "longest_edge"} {
			if given(object[name]) {
				return fmt.Errorf("%s.%s is %s, expected height and width of %d", field, name, modelfile.Short(string(object[name])), side)
			}
		}
		pair = []int{side, side}
		for i, name := range []string{"height", "width"} {
			if given(object[name]) && json.Unmarshal(object[name], &pair[i]) != nil {
				return refused(field+"."+name, string(object[name]))
			}
		}
	default:
		return refused(field, string(value))
	}
	for i, name := range []string{"height", "width"} {
		if pair[i] != side {
			return refused(field+"."+name, fmt.Sprint(pair[i]))
		}
	}
	return nil
}
