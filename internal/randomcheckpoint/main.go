// Synth writes a checkpoint of MC-LLaVA-3b's shape with random weights, for
// measuring speed and memory without the published one:
//
//	go run ./internal/randomcheckpoint -o FOLDER [-seed 1] [-tokenizer testdata/tokenizer]
//
// The folder takes 6.4 GB. The same seed gives the same files.
package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mcllava/mcllava/internal/safetensors"
)

// shardLimit is the most bytes of tensor data in one file.
const shardLimit = 5_000_000_000

func main() {
	out := flag.String("o", "", "the `folder` to write, which must be new or empty")
	seed := flag.Uint64("seed", 1, "the seed of the weights")
	tokenizer := flag.String("tokenizer", "testdata/tokenizer", "the `folder` of tokenizer.json and tokenizer_config.json, gzipped or not")
	flag.Parse()
	if *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := write(*out, mcLLaVA3B(), *seed, *tokenizer, shardLimit); err != nil {
		fmt.Fprintln(os.Stderr, "randomcheckpoint:", err)
		os.Exit(1)
	}
}

// write writes a checkpoint folder, its index last.
func write(dir string, c config, seed uint64, tokenizer string, limit int64) error {
	if err := claim(dir); err != nil {
		return err
	}
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
		if err := copyPlain(filepath.Join(dir, name), filepath.Join(tokenizer, name)); err != nil {
			return err
		}
	}
	if err := writeJSON(filepath.Join(dir, "config.json"), c); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, "preprocessor_config.json"), preprocessor(c.Vision.Image)); err != nil {
		return err
	}
	l := describe(c)
	shards := divide(l.tensors, limit)
	g := &generator{seed: seed, of: l.of, tables: map[normal]*[1 << 16]uint16{}}
	files := map[string]string{}
	var total int64
	for i, shard := range shards {
		file := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(shards))
		err := safetensors.WriteFileFunc(filepath.Join(dir, file), shard, map[string]string{"format": "pt"}, g.data)
		if err != nil {
			return err
		}
		for _, t := range shard {
			files[t.Name] = file
			total += size(t)
		}
	}
	return writeJSON(filepath.Join(dir, "model.safetensors.index.json"), map[string]any{
		"metadata":   map[string]int64{"total_size": total},
		"weight_map": files,
	})
}

// claim makes the folder, and refuses one that holds anything.
func claim(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s: not empty, will not overwrite", dir)
	}
	return nil
}

// size is in bytes.
func size(t safetensors.Tensor) int64 {
	return int64(t.Elements()) * int64(t.DType.Size())
}

// divide puts the tensors, in alphabetical order, into shards of at most limit
// bytes, or one tensor where that alone is larger.
func divide(tensors []safetensors.Tensor, limit int64) [][]safetensors.Tensor {
	tensors = slices.SortedFunc(slices.Values(tensors), func(a, b safetensors.Tensor) int {
		return strings.Compare(a.Name, b.Name)
	})
	var shards [][]safetensors.Tensor
	room := int64(-1)
	for _, t := range tensors {
		if size(t) > room {
			shards = append(shards, nil)
			room = limit
		}
		room -= size(t)
		last := len(shards) - 1
		shards[last] = append(shards[last], t)
	}
	return shards
}

func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o666)
}

// copyPlain copies from, or decompresses from.gz if that is there instead.
func copyPlain(to, from string) (err error) {
	f, err := os.Open(from)
	zipped := errors.Is(err, fs.ErrNotExist)
	if zipped {
		f, err = os.Open(from + ".gz")
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	var r io.Reader = f
	if zipped {
		if r, err = gzip.NewReader(f); err != nil {
			return fmt.Errorf("%s.gz: %w", from, err)
		}
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return os.WriteFile(to, text, 0o666)
}
