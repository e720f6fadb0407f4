package cmd

import (
	"bytes"
	"context"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
)

// savedName is that of savedCrop.
var savedName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\d{3,})-(\d+)-(\d+)-(\d+)-(\d+)\.png$`)
})

// mostSaved is the size of crops, in pixels a side, up to which a file is looked into.
const mostSaved = 2048

// removeFormer removes from a folder the crops that an earlier save of the same picture wrote and the present one, of some boxes, did not.
// Such a file has the name of a crop, and the pixels that this picture has there: any other file stays.
func removeFormer(ctx context.Context, folder string, upright *image.RGBA, boxes []image.Rectangle) error {
	saved := map[string]bool{}
	for i, box := range boxes {
		saved[filepath.Base(savedCrop(folder, i, box))] = true
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		box, ok := savedBox(e.Name())
		if !ok || saved[e.Name()] || !e.Type().IsRegular() || !box.In(upright.Rect) {
			continue
		}
		path := filepath.Join(folder, e.Name())
		same, err := isCrop(ctx, path, upright, box)
		if err != nil {
			return err
		}
		if same {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// savedBox is the box in the name of a saved crop.
func savedBox(name string) (box image.Rectangle, ok bool) {
	parts := savedName().FindStringSubmatch(name)
	if parts == nil {
		return box, false
	}
	var n [5]int
	for i := range n {
		var err error
		if n[i], err = strconv.Atoi(parts[i+1]); err != nil {
			return box, false
		}
	}
	box = image.Rectangle{Min: image.Pt(n[1], n[2]), Max: image.Pt(n[3], n[4])} // as it stands: image.Rect would swap sides
	return box, !box.Empty() && filepath.Base(savedCrop("", n[0], box)) == name
}

// isCrop says whether a file is a crop of a picture, as an encoder of its size gets it. The error is the context's.
func isCrop(ctx context.Context, path string, upright *image.RGBA, box image.Rectangle) (bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return false, nil //nolint:nilerr // what cannot be read stays
	}
	header, err := png.DecodeConfig(bytes.NewReader(text))
	if err != nil || header.Width != header.Height || header.Width > mostSaved {
		return false, nil //nolint:nilerr // nor is what is no crop
	}
	there, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		return false, nil //nolint:nilerr // likewise
	}
	tiles, err := tilesOf(ctx, upright, []image.Rectangle{box}, header.Width)
	if err != nil {
		return false, ctx.Err()
	}
	plain := image.NewRGBA(tiles[0].Pixels.Rect)
	draw.Draw(plain, plain.Rect, there, there.Bounds().Min, draw.Src)
	return bytes.Equal(plain.Pix, tiles[0].Pixels.Pix), nil
}
