package cmd

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/crop"
	"github.com/mcllava/mcllava/internal/overlay"
	"github.com/mcllava/mcllava/internal/records"
)

// drawCrops writes the pictures of a plan that are asked for.
func drawCrops(ctx context.Context, o cropsOptions, c mcllava.Config, picture []byte, p mcllava.Plan) error {
	if o.Grid == "" && o.Sheet == "" && o.Folder == "" {
		return nil
	}
	if o.Image == "" {
		return usageError{errors.New("-o, --sheet and --save draw a picture, expected an IMAGE and not --size")}
	}
	for _, path := range []string{o.Grid, o.Sheet} {
		if path != "" {
			if err := spareFile(path, o.Overwrite, o.Image); err != nil {
				return err
			}
			if err := checkPNG(path); err != nil {
				return err
			}
		}
	}
	if info, err := os.Stat(o.Folder); o.Folder != "" && err == nil && info.IsDir() {
		for i, box := range p.Boxes {
			if err := spareFile(savedCrop(o.Folder, i, box), o.Overwrite, o.Image); err != nil {
				return err
			}
		}
	}
	upright, err := crop.Decode(ctx, picture, crop.DecodeOptions{Limits: crop.Limits{MaxPixels: o.Pictures.MaxPixels}, IgnoreICC: o.Pictures.IgnoreICC, Threads: o.Threads})
	if err != nil {
		return fmt.Errorf("%s: %w", o.Image, err)
	}
	if o.Grid != "" {
		drawn, err := overlay.Grid(upright, p.Boxes)
		if err == nil {
			err = writePNG(ctx, o.Grid, drawn)
		}
		if err != nil {
			return err
		}
	}
	if o.Sheet == "" && o.Folder == "" {
		return nil
	}
	tiles, err := tilesOf(ctx, upright, p.Boxes, c.Vision.ImageSize)
	if err != nil {
		return err
	}
	if o.Sheet != "" {
		drawn, err := overlay.Sheet(tiles)
		if err == nil {
			err = writePNG(ctx, o.Sheet, drawn)
		}
		if err != nil {
			return err
		}
	}
	if o.Folder != "" {
		if err := saveCrops(ctx, o.Folder, o.Overwrite, tiles); err != nil {
			return err
		}
		if o.Overwrite {
			return removeFormer(ctx, o.Folder, upright, p.Boxes)
		}
	}
	return nil
}

// tilesOf are the crops as an encoder of a size gets them.
func tilesOf(ctx context.Context, upright *image.RGBA, boxes []image.Rectangle, size int) ([]overlay.Tile, error) {
	pixels := make([]uint8, 3*size*size)
	tiles := make([]overlay.Tile, len(boxes))
	for i, box := range boxes {
		if err := crop.Pixels(ctx, pixels, upright, box, size, 0, size); err != nil {
			return nil, err
		}
		tiles[i] = overlay.Tile{Box: box, Pixels: crop.Image(pixels, size)}
	}
	return tiles, nil
}

// savedCrop is the file of a crop in a folder, such as 012-864-0-1296-432.png for crop 12, from x 864 to 1296 and y 0 to 432.
func savedCrop(folder string, number int, box image.Rectangle) string {
	return filepath.Join(folder, fmt.Sprintf("%03d-%d-%d-%d-%d.png", number, box.Min.X, box.Min.Y, box.Max.X, box.Max.Y))
}

// saveCrops writes crops into a folder.
func saveCrops(ctx context.Context, folder string, overwrite bool, tiles []overlay.Tile) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for i, t := range tiles {
		path := savedCrop(folder, i, t.Box)
		if err := records.WriteFile(ctx, path, overwrite, func(w io.Writer) error { return png.Encode(w, t.Pixels) }); err != nil {
			return err
		}
	}
	return nil
}

// checkPNG refuses a name that ends as those of pictures in another format do.
func checkPNG(path string) error {
	switch ending := strings.ToLower(filepath.Ext(path)); ending {
	case ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".svg", ".pdf":
		return usageError{fmt.Errorf("%s: ends with %q, expected .png", path, ending)}
	}
	return nil
}

func writePNG(ctx context.Context, path string, img image.Image) error {
	return records.WriteFile(ctx, path, true, func(w io.Writer) error { return png.Encode(w, img) })
}
