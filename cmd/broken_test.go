package cmd

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/safetensors"
)

// inProcess calls what main calls.
func inProcess(args ...string) (code int, out, message string) {
	var stdout, stderr bytes.Buffer
	code = Main(args, Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

// refuses fails the test unless asking ends with exit code 1, nothing on standard output and one line that says all this.
func refuses(t *testing.T, says []string, args ...string) {
	t.Helper()
	code, out, message := inProcess(append([]string{"ask", "--quiet", "--max-new-tokens", "2"}, args...)...)
	if code != exitFailed || out != "" || strings.Count(message, "\n") != 1 || !containsAll(message, says) {
		t.Errorf("exit code %d, standard output %q, standard error %q; want 1, nothing and %q", code, out, message, says)
	}
}

func containsAll(text string, parts []string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
}

func encoded(t *testing.T, encode func(io.Writer, image.Image) error, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, image.NewRGBA(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// hugePNG is a PNG whose header claims 100000×100000 pixels.
func hugePNG(t *testing.T) []byte {
	t.Helper()
	data := encoded(t, png.Encode, 16, 16)
	binary.BigEndian.PutUint32(data[16:], 100000)
	binary.BigEndian.PutUint32(data[20:], 100000)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

func TestBrokenPictures(t *testing.T) {
	t.Parallel()
	photo := encoded(t, func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }, 200, 200)
	for name, c := range map[string]struct {
		data []byte
		say  string
	}{
		"truncated.jpg": {photo[:len(photo)/2], "truncated.jpg: "},
		"huge.png":      {hugePNG(t), "100000×100000"},
		"one.png":       {encoded(t, png.Encode, 1, 1), "one.png: picture is 1×1 pixels, expected at least 8×8"},
		"thin.png":      {encoded(t, png.Encode, 10000, 3), "thin.png: picture is 10000×3 pixels, expected at least 8×8"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, c.data, 0o600); err != nil {
				t.Fatal(err)
			}
			refuses(t, []string{c.say}, path, "what")
		})
	}
}

// copied is a copy of a checkpoint's folder that a test may damage.
func copied(t *testing.T, folder string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestBrokenCheckpoints(t *testing.T) {
	t.Parallel()
	const mini, sharded, picture = "../testdata/mini", "../testdata/mini-f16-sharded", "../testdata/images/a.png"
	for name, c := range map[string]struct {
		folder string
		damage func(t *testing.T, folder string) error
		say    string
	}{
		"missing shard": {sharded, func(_ *testing.T, f string) error {
			return os.Remove(filepath.Join(f, "model-00002-of-00003.safetensors"))
		}, "model-00002-of-00003.safetensors"},
		"shard cut short": {sharded, func(_ *testing.T, f string) error {
			return os.Truncate(filepath.Join(f, "model-00003-of-00003.safetensors"), 200000)
		}, "model-00003-of-00003.safetensors"},
		"NaN weight": {mini, func(t *testing.T, f string) error {
			return rewrite(t, f, func(w map[string]safetensors.Tensor) {
				const name = "language_model.model.layers.1.mlp.fc2.weight"
				binary.LittleEndian.PutUint32(w[name].Data[40:], math.Float32bits(float32(math.NaN())))
			})
		}, "language_model.model.layers.1.mlp.fc2.weight holds NaN at position 10"},
		"other model": {mini, func(_ *testing.T, f string) error {
			return replaceIn(filepath.Join(f, "config.json"), `"mc-llava"`, `"llava"`)
		}, `config.json: model_type is "llava", expected "mc-llava"`},
		"no config":    {mini, func(_ *testing.T, f string) error { return os.Remove(filepath.Join(f, "config.json")) }, "config.json"},
		"no tokenizer": {mini, func(_ *testing.T, f string) error { return os.Remove(filepath.Join(f, "tokenizer.json")) }, "tokenizer.json"},
		"no weights":   {mini, func(_ *testing.T, f string) error { return os.Remove(filepath.Join(f, "model.safetensors")) }, "model.safetensors"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := copied(t, c.folder)
			if err := c.damage(t, folder); err != nil {
				t.Fatal(err)
			}
			refuses(t, []string{c.say, folder}, "--model", folder, picture, "what")
		})
	}
}

// TestEveryTensorIsNeeded removes, renames, reshapes and retypes each tensor of a checkpoint in turn.
func TestEveryTensorIsNeeded(t *testing.T) {
	t.Parallel()
	const mini = "../testdata/mini"
	picture := filepath.Join(t.TempDir(), "tiny.png")
	if err := os.WriteFile(picture, encoded(t, png.Encode, 16, 16), 0o600); err != nil {
		t.Fatal(err)
	}
	whole, err := safetensors.OpenFolder(mini)
	if err != nil {
		t.Fatal(err)
	}
	names := slices.DeleteFunc(whole.Names(), func(name string) bool {
		return strings.Contains(name, ".post_layernorm.") || strings.Contains(name, ".vision_model.head.")
	})
	if err := whole.Close(); err != nil {
		t.Fatal(err)
	}
	folder := copied(t, mini)
	good, err := tensorsOf(filepath.Join(folder, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		if testing.Short() && i%40 > 0 {
			continue
		}
		for say, change := range map[string]func(w map[string]safetensors.Tensor){
			"is missing": func(w map[string]safetensors.Tensor) { delete(w, name) },
			"has shape": func(w map[string]safetensors.Tensor) {
				x := w[name]
				x.Shape = append([]int{1}, x.Shape...)
				w[name] = x
			},
			"is I32, expected": func(w map[string]safetensors.Tensor) { x := w[name]; x.DType = safetensors.I32; w[name] = x },
			"is not used by the model": func(w map[string]safetensors.Tensor) {
				x := w[name]
				x.Name += "x"
				w[x.Name] = x
			},
		} {
			tensors := maps.Clone(good)
			change(tensors)
			if err := safetensors.WriteFile(filepath.Join(folder, "model.safetensors"), slices.Collect(maps.Values(tensors)), nil); err != nil {
				t.Fatal(err)
			}
			refuses(t, []string{say, name}, "--model", folder, picture, "what")
		}
	}
}

// tensorsOf is the tensors of a file by their names, with values that are not the file's.
func tensorsOf(path string) (map[string]safetensors.Tensor, error) {
	c, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	tensors := map[string]safetensors.Tensor{}
	for _, name := range c.Names() {
		x, _ := c.Tensor(name)
		x.Data = slices.Clone(x.Data)
		tensors[name] = x
	}
	return tensors, c.Close()
}

// rewrite changes the tensors of a one-file checkpoint.
func rewrite(t *testing.T, folder string, change func(map[string]safetensors.Tensor)) error {
	t.Helper()
	path := filepath.Join(folder, "model.safetensors")
	tensors, err := tensorsOf(path)
	if err != nil {
		return err
	}
	change(tensors)
	return safetensors.WriteFile(path, slices.Collect(maps.Values(tensors)), nil)
}

func replaceIn(path, old, new string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Contains(text, []byte(old)) {
		return os.ErrNotExist
	}
	return os.WriteFile(path, bytes.Replace(text, []byte(old), []byte(new), 1), 0o600)
}

func TestJSONIsOneObject(t *testing.T) {
	code, out, _ := inProcess("ask", "--quiet", "--json", "--max-crops", "0", "../testdata/street.png", "what shop is this")
	var r records.Record
	if err := json.Unmarshal([]byte(out), &r); code != 0 || err != nil || r.Answer != "The sign is too small to read." || r.Finish != "stop" || r.Crops != 1 || r.NumTokens != 63 {
		t.Errorf("exit code %d, %v, %s", code, err, out)
	}
}
