package run

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/inputs"
)

// unprepared leaves pictures as they are.
type unprepared struct{}

func (unprepared) openPicture(data []byte) (*mcllava.Picture, error) {
	return mcllava.OpenPicture(data)
}

func (unprepared) room(*mcllava.Picture) int64 { return 0 }

func (unprepared) prepare(context.Context, *mcllava.Picture) error { return nil }

// TestHashIsOfThePictureThatIsSeen writes a picture anew between the two times that it is read.
func TestHashIsOfThePictureThatIsSeen(t *testing.T) {
	var pictures [2][]byte
	for i, name := range []string{"scene0.png", "scene1.png"} {
		data, err := os.ReadFile(filepath.Join("..", "demo", "scenes", name))
		if err != nil {
			t.Fatal(err)
		}
		pictures[i] = data
	}
	path := filepath.Join(t.TempDir(), "1.png")
	if err := os.WriteFile(path, pictures[0], 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := inputs.New(inputs.Options{Images: []string{path}, Questions: []string{"what shop is this"}})
	if err != nil {
		t.Fatal(err)
	}
	wanted := func(hash [32]byte, read error, _ pair) bool {
		if read != nil || hash != sha256.Sum256(pictures[0]) {
			t.Errorf("the first picture is not hashed: %v", read)
		}
		if err := os.WriteFile(path, pictures[1], 0o600); err != nil {
			t.Error(err)
		}
		return true
	}
	seen := 0
	for task := range lookAhead(t.Context(), all, 1, wanted, unprepared{}) {
		if seen++; task.err != nil || task.hash != sha256.Sum256(pictures[1]) || task.picture.Hash != task.hash {
			t.Errorf("hash %x is not of the picture: %v", task.hash, task.err)
		}
	}
	if seen != 1 {
		t.Errorf("%d tasks, expected 1", seen)
	}
}
