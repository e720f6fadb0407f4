package dataset

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Options say which part of a benchmark is read.
type Options struct {
	Split string // "" is the one that results are reported on
}

// Open reads what a benchmark asks, and what is right where that is published. path is the folder of its published files, or one file of
// kinds that are TSV or parquet. Pictures are not opened, and need not be there. An error is one line that names the file, the record
// and the field, or lists the splits that are there.
func Open(kind Kind, path string, o Options) (*Set, error) {
	s, err := open(kind, path, o)
	return s, oneLine(err)
}

func open(kind Kind, path string, o Options) (*Set, error) {
	read := readers[kind]
	if read == nil {
		return nil, fmt.Errorf("no data set is called %q; there are %s", kind, listed(Kinds()))
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() && !readsFiles(kind) {
		return nil, fmt.Errorf("%s: is a file, expected the folder with the files of %s", path, kind)
	}
	s := &Set{Kind: kind, Name: string(kind), Split: o.Split, Path: path}
	var sum sums
	if err := read(s, &sum); err != nil {
		return nil, err
	}
	if len(s.Items) == 0 {
		return nil, fmt.Errorf("%s: has no questions", path)
	}
	s.Hash = sum.hash()
	return s, nil
}

// readers fill in a set of a kind, and note what they read.
var readers map[Kind]func(*Set, *sums) error

func init() {
	readers = map[Kind]func(*Set, *sums) error{
		VStar:   readVStar,
		VQAv2:   readVQAv2,
		TextVQA: readTextVQA,
		VizWiz:  readVizWiz,
		GQA:     readGQA,
		HRBench: readHRBench,
		DocVQA:  readDocVQA,
		InfoVQA: readInfoVQA,
		ChartQA: readChartQA,
		MMERW:   readMME,
		TSV:     readTable,
		Scenes:  readScenes,
	}
}

// readsFiles says whether the path of a kind may be a file.
func readsFiles(kind Kind) bool {
	return slices.Contains([]Kind{HRBench, DocVQA, InfoVQA, ChartQA, MMERW, TSV}, kind)
}

// wrong is an error about a field of a record of a file. record or field may be "".
func wrong(file, record, field, format string, args ...any) error {
	at := ""
	for _, part := range []string{file, record, field} {
		if part != "" {
			at += part + ": "
		}
	}
	return fmt.Errorf("%s%w", at, fmt.Errorf(format, args...))
}

// oneLine is an error whose text has control characters escaped, as what a file has may be in it.
func oneLine(err error) error {
	if err == nil || !strings.ContainsFunc(err.Error(), unicode.IsControl) {
		return err
	}
	return escapedError{err}
}

type escapedError struct{ error }

func (e escapedError) Unwrap() error { return e.error }

func (e escapedError) Error() string {
	var b strings.Builder
	for _, r := range e.error.Error() {
		if unicode.IsControl(r) {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// listed are names with commas.
func listed[T ~string](names []T) string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = string(name)
	}
	return strings.Join(all, ", ")
}

// add appends an item. record says where it is, for an error if its ID is one that seen has; seen is where each ID was.
func (s *Set) add(item Item, file, record string, seen map[string]string) error {
	if item.ID == "" {
		return wrong(file, record, "id", "is empty")
	}
	if first, ok := seen[item.ID]; ok {
		return wrong(file, record, "", "has the id %s, which %s has already", item.ID, first)
	}
	if item.Question = strings.TrimSpace(item.Question); item.Question == "" {
		return wrong(file, record, "question", "is empty")
	}
	seen[item.ID] = record
	item.Doc = len(s.Items)
	if item.Options == nil {
		item.Right = -1
	}
	s.Items = append(s.Items, item)
	return nil
}

// noSplit is the error for a split whose file is not there.
func noSplit(s *Set, file string, there []string) error {
	if len(there) == 0 {
		return fmt.Errorf("%s: has no %s, nor another split of %s", s.Path, file, s.Kind)
	}
	return fmt.Errorf("%s: has no %s, the split %q; there are the splits %s", s.Path, file, s.Split, listed(there))
}

// unknownSplit is the error for a split that the benchmark does not have.
func unknownSplit(s *Set, known []string) error {
	return fmt.Errorf("%s has no split %q; it has %s", s.Kind, s.Split, listed(known))
}

// isFile says whether a path has something that is no folder.
func isFile(parts ...string) bool {
	info, err := os.Stat(filepath.Join(parts...))
	return err == nil && !info.IsDir()
}

func isFolder(parts ...string) bool {
	info, err := os.Stat(filepath.Join(parts...))
	return err == nil && info.IsDir()
}

// openFile opens a regular file, or one that a link leads to. It does not wait for what is no file, such as a pipe.
func openFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("is no regular file")}
	}
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}
