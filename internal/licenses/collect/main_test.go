package main

import (
	"os"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/licenses"
)

// TestStored compares what is stored with what is linked in.
func TestStored(t *testing.T) {
	t.Parallel()
	want, err := collect(program)
	if err != nil {
		t.Fatal(err)
	}
	if licenses.Notices != want {
		t.Error("texts.txt is not of what is linked in; run: go generate ./internal/licenses")
	}
}

// TestNotices looks for what every list has to have.
func TestNotices(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"\n  mcllava\n", "\n  the Go standard library\n", "\n  github.com/spf13/cobra v", "mcllava: LICENSE\n", "LICENSE.libheif\n", "GNU LESSER GENERAL PUBLIC LICENSE", "THIRD_PARTY_LICENSES/Cephes-LICENSE", "The Go Authors"} {
		if !strings.Contains(licenses.Notices, part) {
			t.Errorf("the notices lack %q", part)
		}
	}
}

func TestNoLicence(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	_, err := write(map[string]map[string]bool{own: {folder: true}}, map[string]string{own: folder})
	if err == nil || !strings.Contains(err.Error(), "mcllava has no licence in "+folder) {
		t.Errorf("error %v for a part without a licence", err)
	}
	if err := os.WriteFile(folder+"/COPYING", []byte("Do as you like.\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := write(map[string]map[string]bool{own: {folder: true}}, map[string]string{own: folder})
	if err != nil || !strings.HasSuffix(text, "mcllava: COPYING\n"+strings.Repeat("=", 80)+"\n\nDo as you like.\n") {
		t.Errorf("error %v and notices\n%s", err, text)
	}
}
