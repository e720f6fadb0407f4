//go:build noheif

package heif

import (
	"errors"
	"image"
)

// Built says that decoders are no part of this build.
const Built = false

// Decode is an error.
func (p *Picture) Decode() (image.Image, error) {
	return nil, errors.New("this build was made without decoders")
}

// DecodeAlpha is an error.
func (p *Picture) DecodeAlpha() (*image.Gray, error) {
	return nil, errors.New("this build was made without decoders")
}
