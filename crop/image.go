package crop

import (
	"context"
	"fmt"
	"image"
	"math"
	"strconv"
	"time"
)

// MinSide is the smallest side, in pixels, of a picture worth reading.
const MinSide = 8

// Limits bound what a picture may cost. A field that is not positive takes its value from [DefaultLimits].
type Limits struct {
	Bytes     int64 // of the encoded picture
	MaxPixels int64 // width × height, as the header claims it
}

// DefaultLimits admits a camera's largest pictures (200 megapixels).
var DefaultLimits = Limits{Bytes: 1 << 29, MaxPixels: 250e6}

// DecodeOptions are what [Decode] may be told. The zero value is the default.
type DecodeOptions struct {
	Limits
	IgnoreICC bool // takes the pixels for sRGB, whatever the picture's profile says
	Threads   int  // that colours are converted on; the most Go uses where it is not positive
}

// header is what is known of a picture before it is decoded.
type header struct {
	format
	width, height int // as stored
	turn          orientation
}

// Decode turns an encoded picture (JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC or AVIF, told apart by content; of several pages or
// frames, which [Frames] counts, the first) into upright, opaque sRGB: turned as its EXIF orientation says, or its XMP's where
// there is none, or the boxes of a HEIC or AVIF, transparency over white (that of a HEIC's alpha picture too), 16-bit channels
// cut to 8, the colours of a [profile] converted. The result's bounds begin at (0, 0).
//
// It is an error if the picture is truncated or broken, of an unknown format, above a limit, or has a side below
// [MinSide]. Limits are checked before anything is decoded. What follows a complete first frame is not looked at.
//
// Once ctx is done, its error comes within about a second. A decoder that cannot be stopped goes on in the background until it has
// its picture, which is thrown away.
func Decode(ctx context.Context, data []byte, o DecodeOptions) (*image.RGBA, error) {
	h, err := readHeader(data, o.Limits)
	if err != nil {
		return nil, err
	}
	type result struct {
		m   *image.RGBA
		err error
	}
	done := make(chan result, 1)
	go func() {
		defer spare(h.width, h.height)()
		m, err := h.upright(ctx, data, o)
		done <- result{m, err}
	}()
	select {
	case r := <-done:
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return r.m, r.err
	case <-ctx.Done():
	}
	const patience = time.Second // so that the memory is most often free when the next picture begins
	select {
	case <-done:
	case <-time.After(patience):
	}
	return nil, ctx.Err()
}

// upright decodes, converts and turns.
func (h header) upright(ctx context.Context, data []byte, o DecodeOptions) (img *image.RGBA, err error) {
	defer func() {
		if p := recover(); p != nil {
			img, err = nil, fmt.Errorf("%s cannot be decoded: the file is broken", h.name)
		}
	}()
	m, err := h.decode(ctx, data, o.Threads)
	if err != nil {
		return nil, h.fault(err)
	}
	if m.Rect != image.Rect(0, 0, h.width, h.height) {
		return nil, fmt.Errorf("%s holds %d×%d pixels, its header claims %d×%d", h.name, m.Rect.Dx(), m.Rect.Dy(), h.width, h.height)
	}
	if !o.IgnoreICC {
		if err := toSRGB(ctx, m, h.profile(data), o.Threads); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return h.turn.apply(m), nil
}

// DecodeSize reads only the headers: the picture's width and height in pixels when it is upright, and the name of
// its format ("JPEG", "PNG", "GIF", "WebP", "BMP", "TIFF", "HEIC", "AVIF"). It makes every check of [Decode] that needs no more.
func DecodeSize(data []byte, lim Limits) (width, height int, format string, err error) {
	h, err := readHeader(data, lim)
	if err != nil {
		return 0, 0, "", err
	}
	width, height = h.turn.size(h.width, h.height)
	return width, height, h.name, nil
}

func readHeader(data []byte, lim Limits) (h header, err error) {
	if lim.Bytes <= 0 {
		lim.Bytes = DefaultLimits.Bytes
	}
	if lim.MaxPixels <= 0 {
		lim.MaxPixels = DefaultLimits.MaxPixels
	}
	if int64(len(data)) > lim.Bytes {
		return header{}, fmt.Errorf("file has %d bytes, the limit is %d", len(data), lim.Bytes)
	}
	f, err := sniff(data)
	if err != nil {
		return header{}, err
	}
	defer func() {
		if p := recover(); p != nil {
			h, err = header{}, fmt.Errorf("%s cannot be decoded: its header is broken", f.name)
		}
	}()
	c, err := f.config(data)
	if err != nil {
		return header{}, f.fault(err)
	}
	pixels := float64(c.Width) * float64(c.Height)
	switch {
	case pixels > float64(lim.MaxPixels):
		return header{}, fmt.Errorf("%s header claims %d×%d = %s megapixels, the limit is %s (--max-pixels)",
			f.name, c.Width, c.Height, megapixels(pixels), megapixels(float64(lim.MaxPixels)))
	case c.Width < MinSide || c.Height < MinSide:
		return header{}, fmt.Errorf("picture is %d×%d pixels, expected at least %d×%d", c.Width, c.Height, MinSide, MinSide)
	case f.memory(data)*pixels > limitMemory(lim):
		return header{}, fmt.Errorf("%s of %d×%d pixels takes %.2f GB to decode, the limit is %.2f GB (7 bytes a pixel of --max-pixels, and 0.2 GB)",
			f.name, c.Width, c.Height, f.memory(data)*pixels/1e9, limitMemory(lim)/1e9)
	case float64(len(data)) < f.leastBytes(data, c.Width, c.Height):
		return header{}, f.truncated()
	}
	return header{f, c.Width, c.Height, f.turn(data)}, nil
}

// megapixels is exact below a million pixels, and rounded up to a tenth above.
func megapixels(pixels float64) string {
	m := pixels / 1e6
	if m > 1 {
		m = math.Ceil(10*m) / 10
	}
	return strconv.FormatFloat(m, 'f', -1, 64)
}
