package cache

import (
	"image"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// rounded is Round of a row in float64: to 11 digits, and to no less than float16 has.
func rounded(row []float32) []float32 {
	digits := func(v, least float64) float64 {
		if v == 0 {
			return v
		}
		unit := max(math.Ldexp(1, math.Ilogb(v)-10), least)
		return math.RoundToEven(v/unit) * unit
	}
	largest := 0.0
	for _, v := range row {
		largest = max(largest, math.Abs(float64(v)))
	}
	least := math.Ldexp(1, max(math.Ilogb(digits(largest, 0)), -112)-14-24)
	if largest == 0 {
		least = 0
	}
	all := make([]float32, len(row))
	for i, v := range row {
		all[i] = float32(math.Copysign(digits(float64(v), least), float64(v)))
	}
	return all
}

func bitsOf(row []float32) []uint32 {
	all := make([]uint32, len(row))
	for i, v := range row {
		all[i] = math.Float32bits(v)
	}
	return all
}

func TestRound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	c := cacheOf(t, 1<<24)
	const width = 70
	minus0 := float32(math.Copysign(0, -1))
	rows := [][]float32{
		make([]float32, width),
		{0: minus0, 1: 1, 69: 0},
		{0: 1 + 0x1p-11, 1: 1 + 3*0x1p-11, 2: 2 - 0x1p-12, 3: 0x1p-24, 4: 0x1p-40, 5: 3 * 0x1p-39, 6: 0x1p-38},
		{0: 2 - 0x1p-23, 1: 0x1p-38, 2: 3 * 0x1p-38, 3: -0x1p-37},
		{0: 0x1p-149, 1: -3 * 0x1p-149, 69: 2049 * 0x1p-149},
		{0: 0x1p-126, 1: 0x1.fffffep-126},
		{0: 0x1.fffffep-113, 1: 0x1p-140},
		{0: 0x1.ffcp127, 1: -0x1p-149, 2: 1},
	}
	for range 300 {
		row := make([]float32, width)
		spread := r.IntN(60) + 1
		for i := range row {
			row[i] = float32(math.Ldexp(r.NormFloat64(), r.IntN(spread)-spread/2))
		}
		rows = append(rows, row)
	}
	for i, row := range rows {
		row = append(slices.Clone(row), make([]float32, width-len(row))...)
		want := rounded(row)
		Round(row, width)
		if !slices.Equal(bitsOf(row), bitsOf(want)) {
			t.Fatalf("row %d is rounded to\n%v, want\n%v", i, row, want)
		}
		Round(row, width)
		if !slices.Equal(bitsOf(row), bitsOf(want)) {
			t.Fatalf("row %d is rounded to\n%v the second time, want\n%v", i, row, want)
		}
		crop := Crop{Box: box(0), Keep: 1, Rows: rows[i]}
		crop.Rows = append(slices.Clone(crop.Rows), make([]float32, width-len(crop.Rows))...)
		if err := c.Store(picture(i), width, []Crop{crop}); err != nil {
			t.Fatal(err)
		}
		got := c.Load(picture(i), width, []image.Rectangle{box(0)}, []int{1})[0]
		if !slices.Equal(bitsOf(got.Rows), bitsOf(want)) {
			t.Fatalf("row %d is loaded as\n%v, want\n%v", i, got.Rows, want)
		}
	}
}

// TestRoundIsByRow has rows of very different size.
func TestRoundIsByRow(t *testing.T) {
	rows := []float32{1e30, 1, 3e-10, 1e-20, 5, 1e-9}
	want := slices.Concat(rounded(rows[:2]), rounded(rows[2:4]), rounded(rows[4:]))
	Round(rows, 2)
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("%v, want %v", rows, want)
	}
	if rows[1] != 0 || rows[3] == 0 {
		t.Errorf("%v: a value was rounded by another row's scale", rows)
	}
}

func TestRoundLeavesWhatIsNotFinite(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), math.MaxFloat32} {
		rows := []float32{1 + 0x1p-20, bad, 1 + 0x1p-20, 2}
		Round(rows, 2)
		if rows[0] != 1+0x1p-20 || math.Float32bits(rows[1]) != math.Float32bits(bad) || rows[2] != 1 {
			t.Errorf("%v", rows)
		}
	}
}
