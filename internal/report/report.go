// Package report writes the page of results: one HTML file about the records of one or more runs, with their pictures in it, that
// works from the disk and asks for nothing else.
package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/records"
)

// DefaultBytes is the most bytes of a page unless Options say otherwise.
const DefaultBytes = 30_000_000

// Options say how a page is made. The zero value is the default.
type Options struct {
	Title    string                 // "" for the names of the runs
	Version  string                 // of the program, for the page's foot
	Command  []string               // words of the command line that the runs are of; nil where it is not known
	Figures  []Figure               // what else is known of the runs, for the page's head
	Overall  *float64               // score of the last run as its benchmark has it, 0…1; nil for the mean
	Others   []Other                // other systems that are set beside
	MaxBytes int                    // of the page; 0 for DefaultBytes. Texts are always whole; what is left of it goes to pictures
	Link     bool                   // the large pictures are the files themselves, which the page then needs
	Folder   string                 // where the page will be, for links
	Pictures mcllava.PictureOptions // how pictures are decoded

	// Open reads a picture that is no file of its own, by its name in the records. It is nil, or says false, where it knows of none.
	Open func(name string) (data []byte, known bool, err error)
}

// Figure is a text under a name.
type Figure struct{ Name, Value string }

// Other is another system's scores, in percent.
type Other struct {
	Name    string
	Overall float64
	By      map[string]float64 // by the names of categories
	Source  string
}

// Summary says what became of a page.
type Summary struct {
	Items     int
	Pictures  int      // that were read
	Large     int      // of them, those that are in the page also in large, or linked
	Unseen    int      // pictures that are missing, changed or broken, so that the page has their rows alone
	LeftOut   int      // pictures that had no room in the page, not even small
	Numbers   *Numbers // as the page shows them
	FirstNote string   // why the first picture of Unseen is not seen
}

// Write writes the page about some runs. The error is of ctx or of w; what is wrong with a picture stands in its row.
func Write(ctx context.Context, w io.Writer, runs []*Run, o Options) (Summary, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultBytes
	}
	r := arrange(runs)
	r.count()
	page, err := r.page(o)
	if err != nil {
		return Summary{}, err
	}
	shown, err := r.look(ctx, o, page.size())
	if err != nil {
		return Summary{}, err
	}
	summary := Summary{Items: len(r.items), Numbers: &r.numbers}
	for _, p := range shown {
		switch {
		case p.note != "":
			if summary.Unseen++; summary.FirstNote == "" {
				summary.FirstNote = p.name + ": " + p.note
			}
			continue
		case p.small == nil:
			summary.LeftOut++
		}
		summary.Pictures++
		if p.large != nil || p.link != "" {
			summary.Large++
		}
	}
	return summary, page.write(w, shown)
}

// mark tells a page from other files, which are not overwritten.
const mark = `<meta name="generator" content="mcllava report">`

// WriteFile is Write to a file, which has what it had before or the whole page. A file that is there already is an error, unless overwrite
// is true and it is a page of this package.
func WriteFile(ctx context.Context, path string, overwrite bool, runs []*Run, o Options) (summary Summary, err error) {
	if err := Spare(path, overwrite); err != nil {
		return Summary{}, err
	}
	err = records.WriteFile(ctx, path, overwrite, func(w io.Writer) error {
		summary, err = Write(ctx, w, runs, o)
		return err
	})
	return summary, err
}

// Spare is the error that WriteFile would give before it writes anything; nil if it would write.
func Spare(path string, overwrite bool) error {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		_, err := os.Stat(filepath.Dir(path))
		return err
	case err != nil:
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s: is a folder, expected a file", path)
	case !info.Mode().IsRegular() || info.Size() == 0:
		return nil
	}
	head := make([]byte, 1024)
	n, err := io.ReadFull(f, head)
	switch {
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: %w", path, err)
	case !bytes.Contains(head[:n], []byte(mark)):
		return fmt.Errorf("%s: exists and is no page of results, expected another file", path)
	case !overwrite:
		return fmt.Errorf("%s: exists; --overwrite replaces it", path)
	}
	return nil
}
