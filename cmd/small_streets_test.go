package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/mcllava/mcllava/internal/demo/draw"
)

// writeStreets fills a folder with small streets: 1.png, 2.png and so on.
func writeStreets(folder string, count int) error {
	for number := 1; number <= count; number++ {
		picture, err := draw.Small(number)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.png", number)), picture, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// smallStreets is a folder of so many small streets.
func smallStreets(t *testing.T, count int) string {
	t.Helper()
	folder := t.TempDir()
	if err := writeStreets(folder, count); err != nil {
		t.Fatal(err)
	}
	return folder
}
