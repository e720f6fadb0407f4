package hub

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/mcllava/mcllava/internal/terminal"
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
	const longest = 16 << 20
	text, err := ReadSmall(index, longest)
	if err != nil {
		return nil, err
	}
	var content struct {
		ShardOf map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &content); err != nil {
		return nil, fmt.Errorf("%s: not JSON: %w", index, err)
	}
	if len(content.ShardOf) == 0 {
		return nil, fmt.Errorf("%s: weight_map is missing or empty", index)
	}
	files := slices.Compact(slices.Sorted(maps.Values(content.ShardOf)))
	for _, name := range files {
		if !localName(name) {
			return nil, fmt.Errorf("%s: weight_map: %.80q leads out of the folder", index, name)
		}
		if terminal.Escape(name) != name {
			return nil, fmt.Errorf("%s: weight_map: %.80q is no name of a file that can be printed", index, name)
		}
	}
	return files, nil
}

// whole counts the files of a checkpoint's folder that the program reads, or says what is missing. A link to a missing file is a
// missing file; what is no regular file is an errNotRegular.
func whole(folder string) (files int, err error) {
	var odd error
	has := func(name string) bool {
		path := filepath.Join(folder, filepath.FromSlash(name))
		odd = cmp.Or(odd, checkRegular(path))
		info, err := os.Stat(path)
		return err == nil && info.Mode().IsRegular()
	}
	names, err := needed(has)
	if err := cmp.Or(odd, err); err != nil {
		return 0, err
	}
	files = len(names)
	if names[len(names)-1] != indexFile {
		return files, nil
	}
	parts, err := shards(filepath.Join(folder, indexFile))
	if err != nil {
		return 0, err
	}
	for _, name := range parts {
		if there := has(name); odd != nil {
			return 0, odd
		} else if !there {
			return 0, fmt.Errorf("no %s", name)
		}
	}
	return files + len(parts), nil
}
