package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/cache"
)

// cacheOff is the --cache of a run without one.
const cacheOff = "off"

// defaultCacheSize is room for about 1200 pictures of 728 image tokens at the published shape.
const defaultCacheSize byteSize = 4e9

// cacheOptions are which cache of pictures' features is used.
type cacheOptions struct {
	Folder string // "" for the user's, cacheOff for none
	Limit  byteSize
	Rows   rowsFlag
	Prompt bool
}

// addCache adds --cache and --cache-size.
func addCache(c *cobra.Command, o *cacheOptions) {
	addCacheFolder(c, o)
	o.Limit = defaultCacheSize
	c.Flags().Var(&o.Limit, "cache-size", "maximum `SIZE` of the cache, such as 500M, 4G or 4GiB; least recently used entries are evicted; 0 stores nothing")
}

func addCacheFolder(c *cobra.Command, o *cacheOptions) {
	c.Flags().StringVar(&o.Folder, "cache", "", "`FOLDER` that keeps the features of pictures for the next question about them, or off (default: mcllava/features in the user's cache folder)")
}

// folder is where the cache is, "" if it is off. The error is that of a user without a cache folder.
func (o cacheOptions) folder() (string, error) {
	switch o.Folder {
	case cacheOff:
		return "", nil
	case "":
		folder, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no cache folder, name one with --cache: %w", err)
		}
		return filepath.Join(folder, "mcllava", "features"), nil
	}
	return o.Folder, nil
}

// open opens the cache; one that holds nothing if it is off.
func (o cacheOptions) open() (*cache.Cache, error) {
	folder, err := o.folder()
	if err != nil {
		return nil, err
	}
	return cache.Open(folder, int64(o.Limit))
}

// use has a model use the cache. A user without a cache folder has none.
func (o cacheOptions) use(m interface {
	UseCache(mcllava.CacheOptions) error
},
) error {
	folder, err := o.folder()
	if err != nil {
		folder = ""
	}
	return m.UseCache(mcllava.CacheOptions{Folder: folder, Limit: int64(o.Limit), KeptRows: o.Rows == rowsKept, Prompts: o.Prompt})
}

// What --cache-rows takes.
const (
	rowsAll  = "all"
	rowsKept = "kept"
)

// rowsFlag is a --cache-rows.
type rowsFlag string

// Set takes all or kept.
func (r *rowsFlag) Set(text string) error {
	if text != rowsAll && text != rowsKept {
		return errors.New("expected all or kept")
	}
	*r = rowsFlag(text)
	return nil
}

// String is the value.
func (r *rowsFlag) String() string { return string(*r) }

// Type is how help calls a value.
func (r *rowsFlag) Type() string { return "ROWS" }

// addCacheContent adds --cache-rows and --cache-prompt.
func addCacheContent(c *cobra.Command, o *cacheOptions) {
	o.Rows = rowsAll
	c.Flags().Var(&o.Rows, "cache-rows", "keep `ROWS` of each crop: all, as long as the cache is not half full, so that more --num-tokens encode nothing; or kept, those that the question used")
	c.Flags().BoolVar(&o.Prompt, "cache-prompt", false, "also keep the picture's part of the prompt, so that a later run answers at once; a few hundred MB a picture")
}

// byteSize is a flag of bytes, such as 500M, 4G or 4GiB.
type byteSize int64

var (
	byteSizeForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?(?i:([KMGT])(i?))?(?i:B)?$`)
	byteUnits    = "KMGT"
)

// Set takes a number and a unit: powers of 1000, or of 1024 with an i.
func (b *byteSize) Set(text string) error {
	parts := byteSizeForm.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return errors.New("expected bytes such as 500M, 4G or 4GiB")
	}
	n, err := strconv.ParseFloat(parts[1], 64)
	if parts[2] != "" {
		n *= float64(byteUnit(strings.Index(byteUnits, strings.ToUpper(parts[2])), parts[3] != ""))
	}
	if err != nil || n >= 1<<62 {
		return errors.New("expected less than 4 million TiB")
	}
	*b = byteSize(n)
	return nil
}

// byteUnit is 1000, or 1024 if it is binary, to the power of i+1.
func byteUnit(i int, binary bool) byteSize {
	base, unit := byteSize(1000), byteSize(1)
	if binary {
		base = 1024
	}
	for range i + 1 {
		unit *= base
	}
	return unit
}

// String is a text that Set takes, with the largest unit that leaves no fraction.
func (b *byteSize) String() string {
	for i := len(byteUnits) - 1; i >= 0 && *b > 0; i-- {
		for _, binary := range []bool{false, true} {
			if unit := byteUnit(i, binary); *b%unit == 0 {
				return fmt.Sprintf("%d%c%s", *b/unit, byteUnits[i], map[bool]string{true: "iB"}[binary])
			}
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}

// Type is how help calls a value.
func (b *byteSize) Type() string { return "SIZE" }

func newCache(s Streams) *cobra.Command {
	var o cacheOptions
	var asJSON bool
	c := &cobra.Command{
		Use:   "cache",
		Short: "Show, check or empty the cache of pictures' features",
		Long: `Show the cache of pictures' features, which saves encoding a picture again for another question about it.

Its entries hold for one picture, one way to cut it, one checkpoint and one precision of the vision tower. A damaged entry is
never used.`,
		Args: exactly(0, "no arguments but verify or clear"),
		RunE: func(c *cobra.Command, _ []string) error {
			return showCache(s, o, asJSON)
		},
	}
	c.Flags().SortFlags = false
	addCache(c, &o)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	addConfig(c)
	c.AddCommand(
		cacheCommand(s, "verify", "Check every entry and remove damaged ones", verifyCache),
		cacheCommand(s, "clear", "Remove all entries", clearCache),
	)
	return c
}

// cacheCommand is a command of cache, which needs one that is not off.
func cacheCommand(s Streams, use, short string, run func(context.Context, Streams, *cache.Cache) error) *cobra.Command {
	var o cacheOptions
	c := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Folder == cacheOff {
				return usageError{errors.New("the cache is off, name its folder with --cache")}
			}
			opened, err := o.open()
			if err != nil {
				return err
			}
			return run(c.Context(), s, opened)
		},
	}
	c.Flags().SortFlags = false
	addCacheFolder(c, &o)
	addConfig(c)
	return c
}

func showCache(s Streams, o cacheOptions, asJSON bool) error {
	opened, err := o.open()
	if err != nil {
		return err
	}
	stats, err := opened.Stats()
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(s, struct {
			Folder   string    `json:"folder"`
			Entries  int       `json:"entries"`
			Pictures int       `json:"pictures"`
			Prompts  int       `json:"prompts"`
			Bytes    int64     `json:"bytes"`
			Limit    int64     `json:"limit"`
			Oldest   time.Time `json:"oldest_use,omitzero"`
			Newest   time.Time `json:"newest_use,omitzero"`
		}(stats))
	}
	if stats.Folder == "" {
		_, err := fmt.Fprintln(s.Out, "the cache is off")
		return err
	}
	var b table
	line := b.line
	line("folder", "%s", stats.Folder)
	line("entries", "%d", stats.Entries)
	line("pictures", "%d", stats.Pictures)
	line("prompts", "%d", stats.Prompts)
	line("size", "%s of at most %s", size(stats.Bytes), size(stats.Limit))
	if stats.Entries > 0 {
		const minutes = "2006-01-02 15:04"
		line("oldest use", "%s", stats.Oldest.Format(minutes))
		line("newest use", "%s", stats.Newest.Format(minutes))
	}
	_, err = io.WriteString(s.Out, b.text(s.foldColumns()))
	return err
}

func verifyCache(ctx context.Context, s Streams, c *cache.Cache) error {
	var printErr error
	v, err := c.Verify(ctx, func(path, reason string) {
		if _, err := fmt.Fprintf(s.Out, "%s: %s\n", path, reason); err != nil {
			printErr = err
		}
	})
	switch {
	case err != nil:
		return err
	case printErr != nil:
		return printErr
	case v.Damaged.Entries > 0:
		return fmt.Errorf("%d of %d entries were damaged and have been removed (%s)", v.Damaged.Entries, v.Damaged.Entries+v.Whole.Entries, size(v.Damaged.Bytes))
	}
	_, err = fmt.Fprintf(s.Out, "%d entries (%s), all as they were stored\n", v.Whole.Entries, size(v.Whole.Bytes))
	return err
}

func clearCache(_ context.Context, s Streams, c *cache.Cache) error {
	cleared, err := c.Clear()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.Out, "%d entries removed (%s)\n", cleared.Entries, size(cleared.Bytes))
	return err
}
