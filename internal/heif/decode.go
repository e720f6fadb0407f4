//go:build !noheif

package heif

import (
	"errors"
	"image"
)

// Built says that decoders are part of this build.
const Built = true

// errDecoder is a picture that its decoder refuses, which does not say why.
var errDecoder = errors.New("its data are broken, or of a kind that the decoder does not know")

// Decode returns the picture as it is stored, neither cropped nor turned: planes of 8 bits, whose colours are those of
// [Picture.Colour], luma alone, or red, green and blue. The alpha of a HEIC is left out.
// What its decoder may spend is bounded by the picture's size.
func (p *Picture) Decode() (image.Image, error) {
	if p.codec == "av01" {
		return p.decodeAV1()
	}
	return p.decodeHEVC()
}

// DecodeAlpha returns the alpha of a picture that is [Picture.Transparent]; it may be smaller than the picture.
func (p *Picture) DecodeAlpha() (*image.Gray, error) { return p.alpha.decodeLuma() }
