//go:build noheif

package crop

import (
	"strings"
	"testing"
)

func TestBuildWithoutHEIF(t *testing.T) {
	for name, want := range map[string]string{
		"testdata/420.heic": "HEIC cannot be decoded: this build was made without HEIC and AVIF, convert it first",
		"testdata/420.avif": "AVIF cannot be decoded: this build was made without HEIC and AVIF, convert it first",
	} {
		data := read(t, name)
		if m, err := Decode(t.Context(), data, DecodeOptions{}); m != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, _, err := DecodeSize(data, Limits{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
