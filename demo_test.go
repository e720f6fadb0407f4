package mcllava

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestDemoGivesTheRecordedAnswers asks what the PyTorch model was asked, of the same pictures and with the same knobs.
func TestDemoGivesTheRecordedAnswers(t *testing.T) {
	m := open(t, Demo)
	type look struct {
		image         string
		crops, tokens int
	}
	pictures, seen := map[string]*Picture{}, map[look]*View{}
	for i, r := range recordedAnswers(t) {
		const few = 6 // all that a short run asks, about one crop
		if testing.Short() && i >= few {
			break
		}
		o := Defaults()
		o.MaxCrops, o.NumTokens = r.MaxCrops, r.NumTokens
		l := look{r.Image, r.MaxCrops, r.NumTokens}
		v, ok := seen[l]
		if !ok {
			picture := pictures[r.Image]
			if picture == nil {
				var err error
				if picture, err = OpenPicture(read(t, filepath.Join(demoFolder, r.Image))); err != nil {
					t.Fatal(err)
				}
				pictures[r.Image] = picture
			}
			var err error
			if v, err = m.see(t, picture, o); err != nil {
				t.Fatal(err)
			}
			if len(v.Plan().Boxes) != r.Crops {
				t.Errorf("%+v: %d crops, want %d", l, len(v.Plan().Boxes), r.Crops)
			}
			seen[l] = v
		}
		a, err := m.ask(t, v, r.Question, o)
		if err != nil {
			t.Fatal(err)
		}
		if a.Text != r.Answer || !slices.Equal(a.Tokens, r.Tokens) || a.Finish != FinishStop {
			t.Errorf("%+v, %q: %q %v (%s), want %q %v", l, r.Question, a.Text, a.Tokens, a.Finish, r.Answer, r.Tokens)
		}
	}
}
