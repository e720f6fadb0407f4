package run

import (
	"os"
	"slices"
	"testing"

	"github.com/mcllava/mcllava"
)

type notes struct {
	Silent
	texts []string
}

func (n *notes) Note(text string) { n.texts = append(n.texts, text) }

func TestFramesAreNotedOnce(t *testing.T) {
	for path, want := range map[string][]string{
		"../../testdata/cases/multi-page/three-pages.tif": {"a: has 3 pages, of which the first is seen"},
		"../../crop/testdata/kinds/pages-3.webp":          {"a: has 3 frames, of which the first is seen"},
		"../../crop/testdata/kinds/pages-2.gif":           {"a: has 2 frames, of which the first is seen"},
		"../../crop/testdata/kinds/plain.gif":             nil,
	} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		p, err := mcllava.OpenPicture(data)
		if err != nil {
			t.Fatal(err)
		}
		seen := &notes{}
		r := &Run{observer: seen}
		for _, image := range []string{"a", "b"} {
			r.noteFrames(task{image: image, picture: p})
		}
		if !slices.Equal(seen.texts, want) {
			t.Errorf("%s: %q, expected %q", path, seen.texts, want)
		}
	}
}
