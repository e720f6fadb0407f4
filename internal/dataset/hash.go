package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"path/filepath"
)

// sums are the SHA-256 of files that were read.
//
// The hash of a set that was read from one file of text is that file's, as sha256sum prints it. That of several is the SHA-256 of what
// sha256sum prints of them: for each a line of its hash, two spaces and its path below the set's, with slashes, in the order in which
// they were read. In the place of a TSV's or parquet file's own hash stands one over its cells, see cells, as its pictures do not count.
type sums []fileSum

type fileSum struct {
	name string
	hash hash.Hash
}

// begin returns what the file's bytes are to be written to.
func (s *sums) begin(set *Set, file string) hash.Hash {
	name, err := filepath.Rel(set.Path, file)
	if err != nil {
		name = filepath.Base(file)
	}
	h := sha256.New()
	*s = append(*s, fileSum{filepath.ToSlash(name), h})
	return h
}

func (s *sums) hash() string {
	if len(*s) == 1 {
		return hex.EncodeToString((*s)[0].hash.Sum(nil))
	}
	all := sha256.New()
	for _, f := range *s {
		_, _ = fmt.Fprintf(all, "%x  %s\n", f.hash.Sum(nil), f.name)
	}
	return hex.EncodeToString(all.Sum(nil))
}
