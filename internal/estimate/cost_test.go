package estimate

import (
	"image"
	"math"
	"testing"

	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
	"github.com/mcllava/mcllava/llm"
)

var published = Shape{
	encoder.Config{Hidden: 1152, Intermediate: 4304, Layers: 27, Heads: 16, ImageSize: 384, PatchSize: 14, Projected: 2560},
	llm.Config{Hidden: 2560, Intermediate: 10240, Layers: 32, Heads: 32, Vocab: 51200, Context: 2048},
}

// small has sizes that are easy to count by hand: two patches a side.
var small = Shape{
	encoder.Config{Hidden: 10, Intermediate: 20, Layers: 2, Heads: 2, ImageSize: 5, PatchSize: 2, Projected: 6},
	llm.Config{Hidden: 6, Intermediate: 7, Layers: 3, Heads: 2, Vocab: 11},
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestCounts(t *testing.T) {
	const exact = 1e-12
	// 4 tokens: patches 2·4·12·10; layer 2·4·10·10 for each of q, k, v and out, 2·4·10·20 for each of the MLP's two,
	// 2·4·4·10 for scores and for sums.
	near(t, "a small crop", CropFLOP(small.Vision, 4), 960+2*(4*800+2*1600+2*320), exact)
	// Of one row: q, out, MLP and attention a quarter.
	near(t, "its last row", CropFLOP(small.Vision, 1), 960+(4*800+2*1600+2*320)+(2*800+2*200+2*400+2*80), exact)
	near(t, "a small projector", ProjectorFLOP(small.Vision, 3), 2*3*10*6+2*3*6*6, exact)
	// Three positions look at 1 + 2 + 3, in the last layer one at 3: keys and values 2·3·6·6 each, queries and output 2·6·6 each.
	near(t, "a small prefill", PrefillFLOP(small.Text, 3), 2*(4*2*3*6*6+2*2*3*6*7+2*2*6*6)+(2*2*3*6*6+2*2*6*6+2*2*6*7+2*2*3*6)+2*6*11, exact)

	near(t, "a crop", CropFLOP(published.Vision, 729), 667e9, 0.005)
	near(t, "a prefill", PrefillFLOP(published.Text, 768), 3.86e12, 0.005)
	// 2.65 billion weights less the biases, norms and the embeddings.
	near(t, "a token in f16", TokenBytes(published.Text, tensor.F16, 0), 2*2.647e9, 0.001)
	near(t, "a token in q8", TokenBytes(published.Text, tensor.Q8, 0), (1+4./128)*2.647e9, 0.001)
	near(t, "768 positions", TokenBytes(published.Text, tensor.F16, 768)-TokenBytes(published.Text, tensor.F16, 0), 768*2*4*32*2560, 1e-6)
	near(t, "768 positions in bf16", TokenBytes(published.Text, tensor.Q8, 768)-TokenBytes(published.Text, tensor.Q8, 0), 768*2*2*32*2560, 1e-6)
	// A head in 8 bits.
	near(t, "a token in q4", TokenBytes(published.Text, tensor.Q4, 0), (0.5+2./32)*2.516e9+(1+4./128)*0.131e9, 0.001)
}

func TestMemory(t *testing.T) {
	// 3.2 billion parameters of 2 bytes, as published.
	f16 := weights.Forms{Vision: tensor.F16, Text: tensor.F16}
	near(t, "weights in f16", float64(WeightBytes(published, f16)), 6.4e9, 0.02)
	near(t, "weights in q8", float64(WeightBytes(published, weights.Forms{Vision: tensor.Q8, Text: tensor.Q8})), 3.5e9, 0.05)
	q := Question{Width: 1000, Height: 500, Keep: []int{300, 100}, Text: 40, Answer: 20}
	// A decoder that is smaller than the tower; keys and values in float32.
	want := 8*1000*500 + 460*CacheBytes(published.Text, tensor.F16) + 4*max(729*(5*1152+4304+588)+3*384*384, 440*(7*2560+10240))
	near(t, "a question", float64(q.WorkingBytes(published, f16)), want, 1e-9)
}

func TestSecondsAddUp(t *testing.T) {
	q := Question{Width: 100, Height: 50, Boxes: []image.Rectangle{image.Rect(0, 0, 100, 50), image.Rect(0, 0, 50, 50)}, Keep: []int{1, 2}, Text: 4, Answer: 3}
	s := q.Seconds(small, weights.Forms{Vision: tensor.F16, Text: tensor.Q8}, Speed{Pixels: 10, Encode: 20, Project: 5, Prefill: 40, Decode: 80})
	near(t, "preprocess", s.Preprocess, (5000+(5000+50)+(2500+50))/10., 1e-12)
	near(t, "encode", s.Encode, (LayersFLOP(small.Vision, 1)+LayersFLOP(small.Vision, 2))/20+(2*960+ProjectorFLOP(small.Vision, 3))/5, 1e-12)
	near(t, "prefill", s.Prefill, PrefillFLOP(small.Text, 7)/40, 1e-12)
	near(t, "decode", s.Decode, (TokenBytes(small.Text, tensor.Q8, 8)+TokenBytes(small.Text, tensor.Q8, 9))/80, 1e-12)
	near(t, "total", s.Total(), s.Preprocess+s.Encode+s.Prefill+s.Decode, 1e-12)
}
