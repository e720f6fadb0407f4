package encoder

import (
	"context"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// Encoder is the way from crops to image tokens.
type Encoder struct {
	tower       tower       // vision_model.vision_tower.vision_model
	coordinates coordinates // vision_model.coord_embed
	projector   projector   // multi_modal_projector
}

// Load reads the encoder's weights: the tower's layers in the vision form, all else at least in bfloat16. Errors are kept by w.
func Load(c Config, w *weights.Source) *Encoder {
	w = w.Vision()
	fine := w.AtLeast(tensor.BF16)
	return &Encoder{
		tower:       loadTower(c, w.Under("vision_model.vision_tower.vision_model.")),
		coordinates: loadCoordinates(c, fine.Under("vision_model.")),
		projector:   loadProjector(c, fine.Under("multi_modal_projector.")),
	}
}

// Config is the encoder's shape.
func (e *Encoder) Config() Config { return e.tower.Config }

// Encode runs a batch of B crops through the tower: pixels [B, 3·S·S] in [-1, 1], each crop channel by channel and row by row;
// centres [B, 2] as shares of the picture's width and height; keep [B] features wanted of each crop, at most T-1.
// The features stand until the next Encode. The error is the context's.
func (e *Encoder) Encode(ctx context.Context, pixels, centres blas32.General, keep []int) (Features, error) {
	return e.encode(ctx, pixels, centres, keep, blas32.General{})
}

// EncodeMapped is Encode, and returns the map of each crop too, [B, T]: what its features look at, a share for each patch, row by
// row from the top left. It is what the last patches attend to in the later half of the layers, MapRows of them whatever keep is.
func (e *Encoder) EncodeMapped(ctx context.Context, pixels, centres blas32.General, keep []int) (Features, blas32.General, error) {
	maps := tensor.New(pixels.Rows, e.tower.Patches())
	f, err := e.encode(ctx, pixels, centres, keep, maps)
	return f, maps, err
}

// encode sets maps [B, T], if it has rows.
func (e *Encoder) encode(ctx context.Context, pixels, centres blas32.General, keep []int, maps blas32.General) (Features, error) {
	rows, err := e.tower.forward(ctx, pixels, keep, maps)
	if err != nil {
		return Features{}, err
	}
	e.coordinates.addTo(rows, centres, keep)
	return Features{keep, rows}, nil
}

// Project turns image features [N, Dv] into embeddings [N, D] of the decoder.
func (e *Encoder) Project(features blas32.General) blas32.General {
	return e.projector.forward(features)
}
