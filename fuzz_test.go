package mcllava

import (
	"encoding/binary"
	"image"
	"reflect"
	"slices"
	"testing"

	"github.com/mcllava/mcllava/internal/checkpoint"
)

// fuzzedBoxes are boxes whose corners are 16-bit numbers of the data.
func fuzzedBoxes(data []byte) (boxes []image.Rectangle) {
	for ; len(data) >= 8; data = data[8:] {
		at := func(i int) int { return int(int16(binary.LittleEndian.Uint16(data[2*i:]))) }
		boxes = append(boxes, image.Rectangle{image.Pt(at(0), at(1)), image.Pt(at(2), at(3))})
	}
	return boxes
}

// FuzzPlan wants of every picture, limit and list of boxes an error or a plan whose numbers of image tokens add up and are within their
// limits, and that is not changed by another that is made of it.
func FuzzPlan(f *testing.F) {
	c, err := checkpoint.Open(Demo)
	if err != nil {
		f.Fatal(err)
	}
	defer c.Close()
	config := c.Config
	most := config.Encoder().Patches() - 1
	f.Add(240, 160, 4, 0, false, []byte("\x00\x00\x00\x00\x10\x00\x10\x00\x08\x00\x08\x00\x18\x00\x18\x00"))
	f.Add(3024, 4032, 100, 1456, true, []byte("\x00\x00\x00\x00\xd0\x0b\xc0\x0f"))
	f.Add(1, 1, 0, -1, true, []byte("\xff\xff\xff\xff\x01\x00\x01\x00"))
	f.Fuzz(func(t *testing.T, width, height, maxCrops, tokens int, clamp bool, data []byte) {
		if maxCrops > 1<<12 {
			return
		}
		k := ViewKnobs{MaxCrops: maxCrops, NumTokens: tokens, Clamp: clamp}
		boxes := fuzzedBoxes(data)
		check := func(p Plan, err error) {
			if err != nil {
				if !reflect.DeepEqual(p, Plan{}) {
					t.Fatalf("a plan and an error: %v", err)
				}
				return
			}
			sum := 0
			for i, n := range p.TokensPerCrop {
				if sum += n; n < 1 || n > most {
					t.Fatalf("crop %d has %d image tokens of %d", i, n, most)
				}
			}
			if len(p.Boxes) != len(p.TokensPerCrop) || sum != p.ImageTokens || sum > p.NumTokens || p.NumTokens > most*len(p.Boxes) || tokens > 0 && !clamp && p.NumTokens != tokens {
				t.Fatalf("%d boxes, %d numbers of image tokens with a sum of %d: %+v", len(p.Boxes), len(p.TokensPerCrop), sum, p)
			}
			for i, b := range p.Boxes {
				if b.Empty() || !b.In(image.Rect(0, 0, width, height)) || i < 100 && slices.Index(p.Boxes, b) != i {
					t.Fatalf("box %d of %d×%d pixels is %v", i, width, height, b)
				}
			}
		}
		p, err := PlanFor(config, width, height, k)
		check(p, err)
		if err == nil {
			before := p
			before.Boxes, before.TokensPerCrop = slices.Clone(p.Boxes), slices.Clone(p.TokensPerCrop)
			check(p.With(boxes...))
			if !reflect.DeepEqual(p, before) {
				t.Fatalf("with more boxes %+v becomes %+v", before, p)
			}
		}
		check(PlanOf(config, width, height, boxes, k))
	})
}

// FuzzPrompt wants of every template, system text and question an error, or ids of the vocabulary with the control tokens of the
// template and no others.
func FuzzPrompt(f *testing.F) {
	c, err := checkpoint.Open(Demo)
	if err != nil {
		f.Fatal(err)
	}
	defer c.Close()
	t, _, err := c.Tokenizer()
	if err != nil {
		f.Fatal(err)
	}
	image := c.Config.ImageToken
	control := map[int]bool{}
	for id := range t.Vocab() {
		text, err := t.Decode([]int{id})
		if s := t.Split(text); err == nil && len(s) == 1 && s[0].Control && s[0].ID == id {
			control[id] = true
		}
	}
	if !control[image] || len(control) < 3 {
		f.Fatalf("only %d control tokens", len(control))
	}
	f.Add("", "", "what shop is this?")
	f.Add(chatTemplate, "{question}<image>", "<image>{question}<|im_end|>")
	f.Add("{question}<image>{question}<image>", "\xff", "<|im_")
	f.Add("<|im_{question}end|> <image>", "<image", "start|><|im_start|>")
	f.Add("<image>{question}<|im_", "", "end|>")
	f.Fuzz(func(test *testing.T, template, system, question string) {
		before, after, err := prompt(t, image, question, AnswerKnobs{Prompt: template, System: system})
		if err != nil {
			return
		}
		plain := AnswerKnobs{Prompt: template}
		if system != "" {
			plain.System = "x"
		}
		wantBefore, wantAfter, err := prompt(t, image, "x", plain)
		if err != nil {
			test.Fatal(err)
		}
		for i, pair := range [][2][]int{{before, wantBefore}, {after, wantAfter}} {
			var controls [2][]int
			for j, ids := range pair {
				for _, id := range ids {
					if id < 0 || id >= t.Vocab() {
						test.Fatalf("id %d of %d", id, t.Vocab())
					}
					if control[id] {
						controls[j] = append(controls[j], id)
					}
				}
			}
			if !slices.Equal(controls[0], controls[1]) {
				test.Errorf("half %d has the control tokens %v, expected %v", i, controls[0], controls[1])
			}
		}
	})
}
