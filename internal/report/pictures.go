package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/nfnt/resize"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/crop"
	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/terminal"
)

// picture is what a page shows of an image.
type picture struct {
	name          string // as the records have it
	path          string
	beside        string // the output in whose folder the image may be, too
	hash          string // hex; "" where no record has it
	width, height int    // upright; 0 if it is not seen
	small, large  []byte // JPEG; nil for none
	link          string // to the file, in place of large; "" for none
	note          string // why it is not seen; "" if it is
}

// The sides of pictures, pixels, and the quality of their JPEG.
const (
	largeSide    = 1600
	largeQuality = 82
	smallQuality = 78
)

// smallSides are the sides of thumbnails that are tried until one has room.
var smallSides = []int{320, 240, 160, 96}

// What a page's parts take, bytes.
const (
	mostOfThumbnail = 24_000 // JPEG of one, where there is room for all
	textOfPicture   = 700    // sizes, grids and the like
)

// The parts of what is left beside the texts that thumbnails may take.
const thumbnailShare = 0.7

// decodedBytes is the memory for decoded pictures, bytes.
const decodedBytes = 1 << 30

// look reads the pictures of the items, of which the large ones have room in the order of the items.
func (r *results) look(ctx context.Context, o Options, text int) ([]*picture, error) {
	if len(r.pictures) == 0 {
		return nil, ctx.Err()
	}
	left := o.MaxBytes - text - textOfPicture*len(r.pictures)
	each := min(mostOfThumbnail, int(thumbnailShare*float64(max(0, left)))*3/4/len(r.pictures))
	forLarge := left - encoded(each)*len(r.pictures)
	decoder := decoder{o, semaphore.NewWeighted(decodedBytes)}
	workers := min(4, runtime.GOMAXPROCS(0))
	full := o.Link
	for from := 0; from < len(r.pictures); from += 4 * workers {
		some := r.pictures[from:min(from+4*workers, len(r.pictures))]
		group, within := errgroup.WithContext(ctx)
		group.SetLimit(workers)
		for _, p := range some {
			group.Go(func() error { return decoder.see(within, p, each, !full) })
		}
		if err := group.Wait(); err != nil {
			return nil, err
		}
		for _, p := range some {
			if forLarge -= encoded(len(p.large)); forLarge < 0 {
				full, p.large = true, nil
			}
		}
	}
	return r.pictures, nil
}

// encoded is the bytes of base64.
func encoded(n int) int { return base64.StdEncoding.EncodedLen(n) }

type decoder struct {
	Options
	memory *semaphore.Weighted
}

// see reads one picture, with a thumbnail of at most so many bytes. The error is ctx's.
func (d decoder) see(ctx context.Context, p *picture, most int, large bool) error {
	err := d.decode(ctx, p, most, large)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fs.ErrNotExist):
		p.note = "is not there any more"
	default:
		var file *fs.PathError
		if errors.As(err, &file) {
			err = file.Err
		}
		p.note = terminal.OneLine(err)
	}
	return nil
}

var (
	errStdin   = errors.New("came from standard input, which is gone")
	errURL     = errors.New("is a URL, which a page does not fetch")
	errChanged = errors.New("is not the picture any more that the answer is about")
	errUnnamed = errors.New("has no name, since its line of the input was broken")
)

// read reads a picture's bytes.
func (d decoder) read(p *picture) ([]byte, error) {
	if d.Open != nil {
		if data, known, err := d.Open(p.name); known {
			return data, err
		}
	}
	return p.read()
}

func (d decoder) decode(ctx context.Context, p *picture, most int, large bool) error {
	data, err := d.read(p)
	if err != nil {
		return err
	}
	if hash := sha256.Sum256(data); p.hash != "" && hex.EncodeToString(hash[:]) != p.hash {
		return errChanged
	}
	options := crop.DecodeOptions{Limits: crop.Limits{MaxPixels: d.Pictures.MaxPixels}, IgnoreICC: d.Pictures.IgnoreICC}
	width, height, _, err := crop.DecodeSize(data, options.Limits)
	if err != nil {
		return err
	}
	const pixelBytes = 8 // of the picture and what decoding it takes
	weight := min(pixelBytes*int64(width)*int64(height), decodedBytes)
	if err := d.memory.Acquire(ctx, weight); err != nil {
		return err
	}
	defer d.memory.Release(weight)
	upright, err := crop.Decode(ctx, data, options)
	if err != nil {
		return err
	}
	p.width, p.height = width, height
	fitted := fit(upright, largeSide)
	if large {
		if p.large, err = encode(fitted, largeQuality); err != nil {
			return err
		}
	}
	if d.Link {
		p.link = link(d.Folder, p.path)
	}
	for _, side := range smallSides {
		if p.small, err = encode(fit(fitted, side), smallQuality); err != nil {
			return err
		}
		if len(p.small) <= most {
			return nil
		}
	}
	p.small = nil
	return nil
}

// read is the bytes of the image's file, which is looked for by its name and then, if that does not begin at the root, beside the output.
func (p *picture) read() ([]byte, error) {
	switch {
	case p.name == "":
		return nil, errUnnamed
	case p.name == inputs.Stdin:
		return nil, errStdin
	case inputs.IsURL(p.name):
		return nil, errURL
	}
	p.path = p.name
	info, err := os.Stat(p.path)
	if errors.Is(err, fs.ErrNotExist) && !filepath.IsAbs(p.name) {
		p.path = filepath.Join(filepath.Dir(p.beside), p.name)
		info, err = os.Stat(p.path)
	}
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("is no regular file")
	case info.Size() > mcllava.MaxPictureBytes:
		return nil, fmt.Errorf("has %d bytes, expected at most %d", info.Size(), mcllava.MaxPictureBytes)
	}
	f, err := os.Open(p.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, mcllava.MaxPictureBytes))
}

// fit is an image with its longer side at most so many pixels.
func fit(img image.Image, side int) image.Image {
	width, height := img.Bounds().Dx(), img.Bounds().Dy()
	longer := max(width, height)
	if longer <= side {
		return img
	}
	scaled := func(n int) uint { return uint(max(1, (n*side+longer/2)/longer)) }
	return resize.Resize(scaled(width), scaled(height), img, resize.Bicubic)
}

func encode(img image.Image, quality int) ([]byte, error) {
	var out bytes.Buffer
	err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}

// link is the address of a file as a page in a folder has it: from there on if that can be said, else from the root.
func link(folder, path string) string {
	from, err := filepath.Abs(folder)
	if err != nil {
		return ""
	}
	to, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	prefix := "./"
	if relative, err := filepath.Rel(from, to); err == nil {
		to = relative
	} else if prefix = "file://"; !strings.HasPrefix(filepath.ToSlash(to), "/") {
		prefix += "/"
	}
	segments := strings.Split(filepath.ToSlash(to), "/")
	for i, s := range segments {
		if segments[i] = url.PathEscape(s); prefix == "file:///" && i == 0 {
			segments[i] = s // the drive
		}
	}
	return prefix + strings.Join(segments, "/")
}
