package cache

import (
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(workerFolder); folder != "" {
		task := work
		if os.Getenv(writerFrom) != "" {
			task = write
		}
		if err := task(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func cacheOf(t testing.TB, limit int64) *Cache {
	t.Helper()
	c, err := Open(filepath.Join(t.TempDir(), "picture", "features"), limit)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// picture is the key of the i-th picture.
func picture(i int) Key {
	k := Key{Cutting: "2: 384", Precision: "q8", Checkpoint: "abc"}
	k.Picture[0], k.Picture[31] = byte(i), byte(i>>8)
	return k
}

const testCrops, testWidth, testPatches = 3, 5, 7

// value is a feature of a crop of the i-th picture, of which a row is known by its distance from the crop's end. No rounding
// changes it.
func value(i, crop, fromEnd, column int) float32 {
	return float32((((i*97+crop)*1009+fromEnd)*testWidth+column)*7919%2039 - 1019)
}

func box(crop int) image.Rectangle { return image.Rect(10*crop, 3, 10*crop+20, 30) }

// oneCrop is a crop of the i-th picture with so many rows.
func oneCrop(i, crop, rows int) Crop {
	c := Crop{Box: box(crop), Keep: rows, Rows: []float32{}}
	for fromEnd := rows; fromEnd > 0; fromEnd-- {
		for column := range testWidth {
			c.Rows = append(c.Rows, value(i, crop, fromEnd, column))
		}
	}
	return c
}

// mapped is a crop with a map.
func mapped(i int, c Crop) Crop {
	for p := range testPatches {
		c.Map = append(c.Map, float32(i+p)/64)
	}
	return c
}

// features is the crops of the i-th picture, with so many rows of the first, and one more of each other.
func features(i, rows int) []Crop {
	var all []Crop
	for crop := range testCrops {
		all = append(all, oneCrop(i, crop, rows+crop))
	}
	return all
}

func boxes(crops []Crop) (boxes []image.Rectangle, keep []int) {
	for _, c := range crops {
		boxes, keep = append(boxes, c.Box), append(keep, c.Keep)
	}
	return boxes, keep
}

// load asks for as much of each crop as is given.
func load(c *Cache, k Key, like []Crop) []Crop {
	boxes, keep := boxes(like)
	return c.Load(k, testWidth, boxes, keep)
}

func has(c *Cache, k Key, like []Crop) []bool {
	boxes, keep := boxes(like)
	return c.Has(k, testWidth, boxes, keep, false)
}

func store(t testing.TB, c *Cache, k Key, crops []Crop) {
	t.Helper()
	if err := c.Store(k, testWidth, crops); err != nil {
		t.Fatal(err)
	}
}

func wantCrops(t testing.TB, c *Cache, k Key, want []Crop) {
	t.Helper()
	if got := has(c, k, want); slices.Contains(got, false) {
		t.Errorf("%v: has %v, want all", k, got)
	}
	if got := load(c, k, want); !reflect.DeepEqual(got, want) {
		t.Errorf("%v: %v, want %v", k, got, want)
	}
}

func wantMiss(t testing.TB, c *Cache, k Key, like []Crop) {
	t.Helper()
	if got := has(c, k, like); slices.Contains(got, true) {
		t.Errorf("%v: has %v, want nothing", k, got)
	}
	if got := load(c, k, like); !reflect.DeepEqual(got, make([]Crop, len(like))) {
		t.Errorf("%v: %v, want nothing", k, got)
	}
}

// segmentsOf are the files of a key.
func segmentsOf(t testing.TB, c *Cache, k Key) []string {
	t.Helper()
	paths, err := filepath.Glob(c.path(k.name(), "-*"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestRoundTrip(t *testing.T) {
	c := cacheOf(t, 1<<20)
	wantMiss(t, c, picture(1), features(1, 1))
	if exists(c.folder) {
		t.Error("the folder is there before the first Store")
	}
	for i := range 9 {
		store(t, c, picture(i), features(i, i))
	}
	for i := range 9 {
		wantCrops(t, c, picture(i), features(i, i))
	}
	wantMiss(t, c, picture(9), features(9, 1))
	other, err := Open(c.folder, 1)
	if err != nil {
		t.Fatal(err)
	}
	wantCrops(t, other, picture(8), features(8, 8))
}

// TestPlansShareCrops has plans of which each has boxes of the one before, and other counts of rows.
func TestPlansShareCrops(t *testing.T) {
	c, k := cacheOf(t, 1<<20), picture(1)
	first := []Crop{oneCrop(1, 0, 4), oneCrop(1, 1, 4), oneCrop(1, 2, 4)}
	store(t, c, k, first)
	second := []Crop{oneCrop(1, 2, 3), oneCrop(1, 5, 3), oneCrop(1, 0, 4), oneCrop(1, 1, 5)}
	if got := has(c, k, second); !slices.Equal(got, []bool{true, false, true, false}) {
		t.Errorf("has %v", got)
	}
	got := load(c, k, second)
	if !reflect.DeepEqual(got, []Crop{second[0], {}, second[2], {}}) {
		t.Errorf("%v", got)
	}
	store(t, c, k, []Crop{second[1], second[3]})
	wantCrops(t, c, k, second)
	wantCrops(t, c, k, first)
	if n := len(segmentsOf(t, c, k)); n != 2 {
		t.Errorf("%d segments, want 2", n)
	}
	store(t, c, k, second)
	store(t, c, k, nil)
	if n := len(segmentsOf(t, c, k)); n != 2 {
		t.Errorf("%d segments after what was there, want 2", n)
	}
}

func TestLastRows(t *testing.T) {
	c, k := cacheOf(t, 1<<20), picture(7)
	store(t, c, k, features(7, 4))
	for rows := range 5 {
		wantCrops(t, c, k, features(7, rows))
	}
	wantMiss(t, c, k, []Crop{oneCrop(7, 0, 5), oneCrop(7, 2, 7)})
	if got := c.Load(k, testWidth, []image.Rectangle{box(0)}, []int{-1}); got[0].Found() {
		t.Errorf("%v of -1 rows", got)
	}
	boxes, keep := boxes(features(7, 1))
	if got := c.Load(k, testWidth+1, boxes, keep); got[0].Found() || c.Has(k, testWidth-1, boxes, keep, false)[0] {
		t.Errorf("%v of another width", got)
	}
	wantCrops(t, c, k, features(7, 4))
}

// TestManyRows has crops of more rows than are read at once.
func TestManyRows(t *testing.T) {
	const atOnce = chunk / (2 * testWidth)
	if atOnce < mostRows {
		t.Fatal("rows are read at once")
	}
	const width = 1152
	var rows []float32
	for i := range 700 * width {
		rows = append(rows, float32(i*7919%2039))
	}
	c := cacheOf(t, 1<<24)
	if err := c.Store(picture(1), width, []Crop{{Box: box(0), Keep: 700, Rows: rows}}); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 112, 113, 114, 226, 227, 228, 474, 475, 586, 587, 588, 699, 700} {
		got := c.Load(picture(1), width, []image.Rectangle{box(0)}, []int{n})[0]
		if !got.Found() || !slices.Equal(got.Rows, rows[(700-n)*width:]) {
			t.Errorf("%d rows are other ones", n)
		}
	}
}

func TestWiderKeepSupersedes(t *testing.T) {
	c, k := cacheOf(t, 1<<20), picture(1)
	for _, rows := range []int{3, 2, 0, 5, 4, 5} {
		store(t, c, k, features(1, rows))
		wantCrops(t, c, k, features(1, rows))
		if n := len(segmentsOf(t, c, k)); n != 1 {
			t.Errorf("%d segments with %d rows, want 1", n, rows)
		}
	}
	wantCrops(t, c, k, features(1, 5))
	// A segment stays as long as it has one crop that no other has.
	store(t, c, k, features(1, 6)[1:])
	if n := len(segmentsOf(t, c, k)); n != 2 {
		t.Errorf("%d segments, want 2", n)
	}
	wantCrops(t, c, k, []Crop{oneCrop(1, 0, 5), oneCrop(1, 1, 7), oneCrop(1, 2, 8)})
}

func TestMaps(t *testing.T) {
	c, k := cacheOf(t, 1<<20), picture(1)
	plain, both := oneCrop(1, 0, 4), mapped(1, oneCrop(1, 0, 2))
	store(t, c, k, []Crop{plain})
	wantCrops(t, c, k, []Crop{plain})
	hasMaps := func(want ...bool) {
		t.Helper()
		for range 2 {
			if got := c.Has(k, testWidth, []image.Rectangle{box(0), box(1), box(2)}, []int{4, 0, 0}, true); !slices.Equal(got, want) {
				t.Errorf("has with maps %v, want %v", got, want)
			}
		}
	}
	hasMaps(false, false, false)
	store(t, c, k, []Crop{both, mapped(2, oneCrop(1, 1, 0))})
	hasMaps(true, true, false)
	wantCrops(t, c, k, []Crop{mapped(1, plain), mapped(2, oneCrop(1, 1, 0))})
	wantCrops(t, c, k, []Crop{both})
	store(t, c, k, []Crop{oneCrop(1, 0, 1), both, plain})
	if n := len(segmentsOf(t, c, k)); n != 2 {
		t.Errorf("%d segments, want 2", n)
	}
	if err := c.merge(k, testWidth); err != nil {
		t.Fatal(err)
	}
	if n := len(segmentsOf(t, c, k)); n != 1 {
		t.Errorf("%d segments, want 1", n)
	}
	hasMaps(true, true, false)
	wantCrops(t, c, k, []Crop{mapped(1, plain), mapped(2, oneCrop(1, 1, 0))})
}

// TestManySegments stores crop by crop, as a run does that is interrupted again and again.
func TestManySegments(t *testing.T) {
	c, k := cacheOf(t, 1<<20), picture(1)
	var all []Crop
	for crop := range 4 * mostSegments {
		all = append(all, oneCrop(1, crop, crop%9))
		store(t, c, k, all[crop:])
		if n := len(segmentsOf(t, c, k)); n > mostSegments {
			t.Fatalf("%d segments after %d crops", n, crop+1)
		}
		wantCrops(t, c, k, all)
	}
	if v, err := c.Verify(t.Context(), func(path, reason string) { t.Error(path, reason) }); err != nil || v.Whole.Entries == 0 {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestKilledWhileMerging leaves what a process leaves that is killed after it has placed what it merged.
func TestKilledWhileMerging(t *testing.T) {
	c, k := cacheOf(t, 1<<20), picture(1)
	store(t, c, k, features(1, 2))
	store(t, c, k, []Crop{oneCrop(1, 8, 3)})
	before := segmentsOf(t, c, k)
	saved := t.TempDir()
	for i, path := range before {
		copyFile(t, path, filepath.Join(saved, fmt.Sprint(i)))
	}
	if err := c.merge(k, testWidth); err != nil || len(segmentsOf(t, c, k)) != 1 {
		t.Fatal(err)
	}
	for i, path := range before {
		copyFile(t, filepath.Join(saved, fmt.Sprint(i)), path)
		all := append(features(1, 2), oneCrop(1, 8, 3))
		wantCrops(t, c, k, all)
		store(t, c, k, all)
	}
	store(t, c, k, append(features(1, 3), oneCrop(1, 8, 4)))
	if n := len(segmentsOf(t, c, k)); n != 1 {
		t.Errorf("%d segments, want 1", n)
	}
}

// TestMergedIsNotPlacedAfterClear clears between the reading of segments and the placing of what was merged of them.
func TestMergedIsNotPlacedAfterClear(t *testing.T) {
	c, k := cacheOf(t, 1<<20), picture(1)
	store(t, c, k, features(1, 2))
	all := c.segments(k, testWidth)
	crops, ok := all[0].all()
	if _, err := c.Clear(); err != nil || !ok {
		t.Fatal(err, ok)
	}
	if err := c.store(k, testWidth, crops, all); err != nil {
		t.Fatal(err)
	}
	wantMiss(t, c, k, features(1, 2))
}

func TestKeysAreApart(t *testing.T) {
	c := cacheOf(t, 1<<20)
	one := picture(1)
	store(t, c, one, features(1, 2))
	for what, change := range map[string]func(*Key){
		"picture":     func(k *Key) { k.Picture[13]++ },
		"cutting":     func(k *Key) { k.Cutting += " " },
		"precision":   func(k *Key) { k.Precision = "q4" },
		"checkpoint":  func(k *Key) { k.Checkpoint = "" },
		"quotes":      func(k *Key) { k.Cutting, k.Precision = k.Cutting+`" "`+k.Precision, "" },
		"line breaks": func(k *Key) { k.Checkpoint = "é\n\"\\\x00" },
	} {
		other := one
		change(&other)
		if load(c, other, features(1, 0))[0].Found() {
			t.Errorf("another %s has crops", what)
		}
		store(t, c, other, features(2, 1))
		wantCrops(t, c, other, features(2, 1))
		wantCrops(t, c, one, features(1, 2))
	}
}

func TestNothingIsHeld(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "features")
	for _, c := range []*Cache{nil, {}, {folder: folder}, {limit: 1 << 20}} {
		store(t, c, picture(1), features(1, 1))
		wantMiss(t, c, picture(1), features(1, 1))
		if err := c.StorePrompt([32]byte{1}, 4, whole([]byte("keys"))); err != nil {
			t.Error(err)
		}
		if _, ok := c.Prompt([32]byte{1}); ok || c.HasPrompt([32]byte{1}) {
			t.Error("a prompt is held")
		}
		s, err := c.Stats()
		if err != nil || s.Entries != 0 {
			t.Errorf("%+v, %v", s, err)
		}
		if n, err := c.Clear(); n != (Count{}) || err != nil {
			t.Error(n, err)
		}
		if v, err := c.Verify(t.Context(), nil); v != (Verified{}) || err != nil {
			t.Errorf("%+v, %v", v, err)
		}
	}
	if exists(folder) {
		t.Error("the folder was made")
	}
}

func TestWrongCropsAreNotStored(t *testing.T) {
	c := cacheOf(t, 1<<20)
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for what, crop := range map[string]Crop{
		"no box":        {Rows: []float32{}},
		"empty box":     {Box: image.Rect(5, 0, 5, 9), Rows: []float32{}},
		"huge box":      {Box: image.Rect(0, 0, 1<<40, 9), Rows: []float32{}},
		"fewer values":  {Box: box(0), Keep: 1, Rows: []float32{1}},
		"more values":   {Box: box(0), Keep: 1, Rows: make([]float32, 6)},
		"negative rows": {Box: box(0), Keep: -1, Rows: []float32{}},
		"many rows":     {Box: box(0), Keep: mostRows + 1, Rows: make([]float32, 5*(mostRows+1))},
		"large map":     {Box: box(0), Rows: []float32{}, Map: make([]float32, mostPatches+1)},
		"NaN":           {Box: box(0), Keep: 1, Rows: []float32{1, 2, nan, 4, 5}},
		"Inf":           {Box: box(0), Keep: 1, Rows: []float32{1, 2, 3, 4, inf}},
		"nearly Inf":    {Box: box(0), Keep: 1, Rows: []float32{1, 2, 3, 4, math.MaxFloat32}},
		"NaN in a map":  {Box: box(0), Rows: []float32{}, Map: []float32{0, nan}},
	} {
		if err := c.Store(picture(1), testWidth, []Crop{oneCrop(1, 3, 1), crop}); err == nil || !strings.Contains(err.Error(), crop.Box.String()) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, width := range []int{-1, 0, mostWidth + 1} {
		if err := c.Store(picture(1), width, []Crop{{Box: box(0), Rows: []float32{}}}); err == nil {
			t.Errorf("width %d was stored", width)
		}
	}
	wantMiss(t, c, picture(1), []Crop{oneCrop(1, 3, 1)})
}

func TestVerifyAndClear(t *testing.T) {
	c := cacheOf(t, 1<<20)
	for i := range 20 {
		store(t, c, picture(i), features(i, 2))
		storePrompt(t, c, i, 100)
	}
	paths := make([]string, 20)
	for i := range paths {
		paths[i] = segmentsOf(t, c, picture(i))[0]
	}
	promptPath := func(i int) string { return c.path(promptName(i), promptSuffix) }
	flip(t, paths[3], -1, 8)
	copyFile(t, paths[4], paths[5])
	flip(t, promptPath(6), -1, 8)
	copyFile(t, promptPath(7), promptPath(8))
	mine := []string{
		filepath.Join(c.folder, "notes.txt"),
		filepath.Join(filepath.Dir(paths[6]), "cat.jpg"),
		filepath.Join(filepath.Dir(paths[6]), "cat.crops"),
		filepath.Join(c.folder, "cat.crops"),
	}
	for _, path := range mine {
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before, err := c.Stats()
	if err != nil || before.Entries != 40 || before.Pictures != 20 || before.Prompts != 20 {
		t.Errorf("%+v, %v", before, err)
	}
	var got []string
	v, err := c.Verify(t.Context(), func(path, reason string) { got = append(got, path+" "+reason) })
	slices.Sort(got)
	want := []string{
		paths[3] + " does not match its checksum", paths[5] + " has the name of another key",
		promptPath(6) + " does not match its checksum", promptPath(8) + " has the name of another prompt",
	}
	slices.Sort(want)
	if v.Whole.Entries != 36 || v.Damaged.Entries != 4 || v.Whole.Bytes+v.Damaged.Bytes != before.Bytes || err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v of %+v, %v, damaged:\n%q, want\n%q", v, before, err, got, want)
	}
	v, err = c.Verify(t.Context(), func(path, reason string) { t.Error(path, reason) })
	if v.Whole.Entries != 36 || v.Damaged != (Count{}) || err != nil {
		t.Errorf("%+v, %v, want 36", v, err)
	}

	unfinished := filepath.Join(c.folder, ".mcllava-1")
	copyFile(t, paths[4], unfinished)
	if n, err := c.Clear(); err != nil || n != v.Whole {
		t.Errorf("%+v, %v, want %+v", n, err, v.Whole)
	}
	if s, err := c.Stats(); err != nil || s.Entries != 0 || s.Bytes != 0 || !s.Oldest.IsZero() {
		t.Errorf("%+v, %v", s, err)
	}
	if exists(unfinished) {
		t.Error("an unfinished file is still there")
	}
	for _, path := range mine {
		if !exists(path) {
			t.Errorf("%s was removed", path)
		}
	}
	store(t, c, picture(1), features(1, 1))
	wantCrops(t, c, picture(1), features(1, 1))
}

func TestStats(t *testing.T) {
	c := cacheOf(t, 1<<20)
	if s, err := c.Stats(); err != nil || s != (Stats{Folder: c.folder, Limit: 1 << 20}) {
		t.Errorf("%+v, %v", s, err)
	}
	oldest, newest := time.Now().Add(-72*time.Hour), time.Now().Add(-time.Hour)
	var size int64
	for i, used := range []time.Time{newest, oldest, newest.Add(-time.Hour)} {
		store(t, c, picture(i), features(i, i))
		usedAt(t, c, picture(i), used)
		info, err := os.Stat(segmentsOf(t, c, picture(i))[0])
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	s, err := c.Stats()
	if err != nil || s.Entries != 3 || s.Bytes != size || s.Oldest.Sub(oldest).Abs() > time.Second || s.Newest.Sub(newest).Abs() > time.Second {
		t.Errorf("%+v, %v; want 3 entries, %d bytes, %v, %v", s, err, size, oldest, newest)
	}
}

// TestOldEntriesGo has the files of version 1.
func TestOldEntriesGo(t *testing.T) {
	c := cacheOf(t, 1<<20)
	store(t, c, picture(1), features(1, 1))
	name := picture(2).name()
	old := []string{c.path(name, ".features"), filepath.Join(c.folder, "features-123.tmp")}
	other := []string{filepath.Join(c.folder, "features-x.tmp"), filepath.Join(filepath.Dir(old[0]), "cat.features")}
	if err := os.MkdirAll(filepath.Dir(old[0]), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Concat(old, other) {
		if err := os.WriteFile(path, make([]byte, 1000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := c.Stats(); err != nil || s.Entries != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, path := range slices.Concat(old, other) {
		if exists(path) != slices.Contains(other, path) {
			t.Errorf("%s is there: %v", path, exists(path))
		}
	}
	wantCrops(t, c, picture(1), features(1, 1))
}

func usedAt(t *testing.T, c *Cache, k Key, used time.Time) {
	t.Helper()
	for _, path := range segmentsOf(t, c, k) {
		if err := os.Chtimes(path, used, used); err != nil {
			t.Fatal(err)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// flip changes a byte of a file, counted from the end if at is negative.
func flip(t *testing.T, path string, at int, mask byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if at < 0 {
		at += len(data)
	}
	data[at] ^= mask
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
