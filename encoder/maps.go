package encoder

import (
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/tensor"
)

// mapped says whether a layer has part in the maps: the later half of them, in which patches have learnt what they show.
func (c Config) mapped(layer int) bool { return layer >= c.Layers/2 }

// mapRows is enough of them: the demo looks at the sign as often with 7, 16, 32 or all 63, and hardly less often with one.
const mapRows = 8

// MapRows is how many patches make a crop's map, by what they attend to. They are the crop's last ones, whatever is kept of it, so that
// a crop has one map whatever a question asks for.
func (c Config) MapRows() int { return min(mapRows, c.Patches()-1) }

// looks gathers what the last rows of each crop attend to.
type looks struct {
	maps    blas32.General // [B, T] sums over rows, heads and layers; no rows in a layer that has no part in them
	queries blas32.General // [B·MapRows, Dv] of the layer
	room    blas32.General // [MapRows, T]
}

// watch readies the state for a layer.
func (s *state) watch(c Config, layer int, maps blas32.General) {
	l := &s.looks
	if l.maps = (blas32.General{}); maps.Rows == 0 || !c.mapped(layer) {
		return
	}
	l.maps = maps
	if l.queries.Rows == 0 {
		l.queries, l.room = tensor.New(s.crops*c.MapRows(), c.Hidden), tensor.New(c.MapRows(), s.tokens)
	}
}

// keepQueries copies the queries of the last rows of each crop before those that nothing else needs are overwritten.
func (l *looks) keepQueries(s *state) {
	n := l.room.Rows
	for b := range l.maps.Rows {
		end := (b + 1) * s.tokens
		tensor.Copy(tensor.Rows(l.queries, b*n, (b+1)*n), tensor.Rows(s.q, end-n, end))
	}
}

// add adds what the last rows of crop b attend to, of which kv has the keys.
func (l *looks) add(p *tensor.Pool, kv *tensor.KV, b int) {
	if l.maps.Rows == 0 {
		return
	}
	n := l.room.Rows
	clear(l.room.Data)
	tensor.AddAttended(p, l.room, tensor.Rows(l.queries, b*n, (b+1)*n), kv, 0, false)
	for i := range n {
		tensor.Add(tensor.Rows(l.maps, b, b+1), tensor.Rows(l.room, i, i+1))
	}
}

// normalise makes each map's values shares, whose sum is 1.
func normalise(maps blas32.General) {
	for b := range maps.Rows {
		sum, row := 0.0, tensor.Row(maps, b)
		for _, v := range row {
			sum += float64(v)
		}
		for i := range row {
			row[i] = float32(float64(row[i]) / sum)
		}
	}
}
