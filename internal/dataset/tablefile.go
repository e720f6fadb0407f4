package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// tableSplit is a split of a set in TSV or parquet: one file, or the shards of it.
type tableSplit struct {
	name  string // of the file without the suffix and the shard's number
	files []string
}

// shard is what the name of a shard ends with, as Hugging Face's writer has it.
var shard = regexp.MustCompile(`^(.*)-(\d{5})-of-(\d{5})$`)

// tableSplits are those below a path: files in it, in its data, and in further folders, or the path itself. Of a TSV and a parquet file
// that have the same name the TSV is taken, as its pictures are found without reading those before them.
func tableSplits(path string, folders ...string) ([]tableSplit, error) {
	if !isFolder(path) {
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		if m := shard.FindStringSubmatch(name); m != nil {
			name = m[1]
		}
		return []tableSplit{{name, []string{path}}}, nil
	}
	var all []tableSplit
	for _, folder := range append([]string{"", "data"}, folders...) {
		if !isFolder(path, folder) {
			continue
		}
		entries, err := os.ReadDir(filepath.Join(path, folder))
		if err != nil {
			return nil, err
		}
		found, err := splitsOf(filepath.Join(path, folder), entries)
		if err != nil {
			return nil, err
		}
		for _, split := range found {
			if !slices.ContainsFunc(all, func(other tableSplit) bool { return other.name == split.name }) {
				all = append(all, split)
			}
		}
	}
	return all, nil
}

// splitsOf are those of one folder, by name.
func splitsOf(folder string, entries []os.DirEntry) ([]tableSplit, error) {
	var names []string
	shards := map[string][]string{} // by name, and by number
	for _, suffix := range []string{".tsv", ".parquet"} {
		for _, entry := range entries {
			name := entry.Name()
			if entry.IsDir() || strings.HasPrefix(name, ".") || filepath.Ext(name) != suffix {
				continue
			}
			path, number, count := filepath.Join(folder, name), 0, 1
			name = strings.TrimSuffix(name, suffix)
			if m := shard.FindStringSubmatch(name); m != nil {
				name = m[1]
				number, _ = strconv.Atoi(m[2])
				count, _ = strconv.Atoi(m[3])
			}
			if _, ok := shards[name]; !ok {
				names = append(names, name)
				shards[name] = make([]string, count)
			} else if count == 1 {
				continue
			}
			if count != len(shards[name]) || number >= count {
				return nil, wrong(path, "", "", "is the shard %d of %d, beside shards of %d", number, count, len(shards[name]))
			}
			shards[name][number] = path
		}
	}
	slices.Sort(names)
	var all []tableSplit
	for _, name := range names {
		if missing := slices.Index(shards[name], ""); missing >= 0 {
			return nil, fmt.Errorf("%s: has no %s-%05d-of-%05d.parquet", folder, name, missing, len(shards[name]))
		}
		all = append(all, tableSplit{name, shards[name]})
	}
	return all, nil
}

// tables reads the split that matches, or without one that is wanted the only one there. Each table is a shard.
func (s *Set) tables(sum *sums, splits []tableSplit, matches func(name string) bool, keep func(column string) bool) ([]*table, error) {
	var names []string
	var chosen *tableSplit
	for i, split := range splits {
		names = append(names, split.name)
		if chosen == nil && matches(split.name) {
			chosen = &splits[i]
		}
	}
	switch {
	case len(splits) == 0:
		return nil, fmt.Errorf("%s: has no *.tsv and no *.parquet of %s", s.Path, s.Kind)
	case chosen == nil && s.Split != "":
		return nil, fmt.Errorf("%s: has no split %q; there are %s", s.Path, s.Split, listed(names))
	case chosen == nil && len(splits) > 1:
		return nil, fmt.Errorf("%s: has several splits, %s; one has to be chosen", s.Path, listed(names))
	case chosen == nil:
		chosen = &splits[0]
	}
	s.Split = chosen.name
	for _, file := range chosen.files {
		var b *table
		var err error
		switch filepath.Ext(file) {
		case ".tsv":
			b, err = readTSV(s, file, sum)
		case ".parquet":
			b, err = readParquet(s, file, sum, keep)
		default:
			err = wrong(file, "", "", "has the suffix %q, expected .tsv or .parquet", filepath.Ext(file))
		}
		if err != nil {
			return nil, err
		}
		s.tablesRead = append(s.tablesRead, b)
	}
	return s.tablesRead, nil
}
