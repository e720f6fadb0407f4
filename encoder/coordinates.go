package encoder

import (
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// coordinates embeds the place of a crop in the picture: Linear(2→Dv), GELU, Linear(Dv→Dv).
//
// Reference: visheratin/MC-LLaVA-3b, modeling_llava.py, coord_embed.
type coordinates struct {
	pool   *tensor.Pool
	first  tensor.Linear // [Dv, 2]  coord_embed.0
	second tensor.Linear // [Dv, Dv] coord_embed.2
}

func loadCoordinates(c Config, w *weights.Source) coordinates {
	return coordinates{w.Pool(), w.Linear("coord_embed.0", c.Hidden, 2), w.Linear("coord_embed.2", c.Hidden, c.Hidden)}
}

// embed turns centres [B, 2], as shares of the picture's width and height, into vectors [B, Dv].
func (c *coordinates) embed(centres blas32.General) blas32.General {
	return twoLayers(c.pool, &c.first, &c.second, centres)
}

// addTo adds the embedding of each crop's centre, [B, 2], to the keep[b] features of that crop, features [Σ keep, Dv].
func (c *coordinates) addTo(features, centres blas32.General, keep []int) {
	embedded := c.embed(centres)
	at := 0
	for b, n := range keep {
		for i := range n {
			tensor.Add(tensor.Rows(features, at+i, at+i+1), tensor.Rows(embedded, b, b+1))
		}
		at += n
	}
}

// twoLayers is second(GELU(first(x))), the form of both the coordinate embedding and the projector.
func twoLayers(p *tensor.Pool, first, second *tensor.Linear, x blas32.General) blas32.General {
	h, y := tensor.New(x.Rows, first.Out()), tensor.New(x.Rows, second.Out())
	first.ApplyThen(p, h, x, tensor.GELUErf)
	second.Apply(p, y, h)
	return y
}
