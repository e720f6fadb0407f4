package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

const (
	singleFile = "model.safetensors"
	indexFile  = "model.safetensors.index.json"
)

// needed lists the files that the program reads of a checkpoint, given which it has: configuration, tokenizer, then weights.
// For weights in shards it lists only their index; see shards. The error says what the checkpoint lacks.
func needed(has func(name string) bool) ([]string, error) {
	var files []string
	for _, name := range []string{"config.json", "tokenizer_config.json"} {
		if !has(name) {
			return nil, fmt.Errorf("no %s", name)
		}
		files = append(files, name)
	}
	optional := []string{"preprocessor_config.json", "generation_config.json", "special_tokens_map.json"}
	switch {
	case has("tokenizer.json"):
		files = append(files, "tokenizer.json")
	case has("vocab.json") && has("merges.txt"):
		files = append(files, "vocab.json", "merges.txt")
		optional = append(optional, "added_tokens.json")
	default:
		return nil, errors.New("no tokenizer, expected tokenizer.json or vocab.json and merges.txt")
	}
	for _, name := range optional {
		if has(name) {
			files = append(files, name)
		}
	}
	for _, name := range []string{singleFile, indexFile} {
		if has(name) {
			return append(files, name), nil
		}
	}
	for _, name := range []string{"pytorch_model.bin", "pytorch_model.bin.index.json"} {
		if has(name) {
			return nil, fmt.Errorf("only %s, expected weights as safetensors: %s or %s", name, singleFile, indexFile)
		}
	}
	return nil, fmt.Errorf("no weights, expected %s or %s", singleFile, indexFile)
}

// shards lists the files that hold the tensors of an index, in alphabetical order.
func shards(index string) ([]string, error) {
	text, err := os.ReadFile(index)
	if err != nil {
		return nil, err
	}
	var content struct {
		ShardOf map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &content); err != nil {
		return nil, fmt.Errorf("%s: %w", index, err)
	}
	if len(content.ShardOf) == 0 {
		return nil, fmt.Errorf("%s: weight_map is missing or empty", index)
	}
	files := slices.Compact(slices.Sorted(maps.Values(content.ShardOf)))
	for _, name := range files {
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return nil, fmt.Errorf("%s: weight_map: %q leads out of the folder", index, name)
		}
	}
	return files, nil
}

// whole says what of a checkpoint's files a folder lacks. A link to a missing file is a missing file.
func whole(folder string) error {
	has := func(name string) bool {
		info, err := os.Stat(filepath.Join(folder, filepath.FromSlash(name)))
		return err == nil && info.Mode().IsRegular()
	}
	files, err := needed(has)
	if err != nil {
		return err
	}
	if files[len(files)-1] != indexFile {
		return nil
	}
	parts, err := shards(filepath.Join(folder, indexFile))
	if err != nil {
		return err
	}
	for _, name := range parts {
		if !has(name) {
			return fmt.Errorf("no %s", name)
		}
	}
	return nil
}
