package cmd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/tokenizer"
)

type tokenizeOptions struct {
	Model        string
	JSON, Decode bool
}

func newTokenize(s Streams, run func(context.Context, Streams, tokenizeOptions) error) *cobra.Command {
	if run == nil {
		run = tokenize
	}
	var o tokenizeOptions
	c := &cobra.Command{
		Use:   "tokenize",
		Short: "Turn lines of text into token ids, or back",
		Long: `Turn each line of standard input into token ids, control tokens such as <image> included.
With --json a line in is a JSON string and a line out a JSON array of ids, so that texts may hold line breaks.
With --decode it goes the other way.`,
		Args: exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return run(c.Context(), s, o)
		},
	}
	c.Flags().BoolVar(&o.Decode, "decode", false, "ids in, text out")
	c.Flags().BoolVar(&o.JSON, "json", false, "JSON strings and arrays")
	c.Flags().StringVar(&o.Model, "model", "", "`FOLDER` with a tokenizer's files (default: the embedded demo's)")
	addConfig(c)
	return c
}

func tokenize(ctx context.Context, s Streams, o tokenizeOptions) error {
	t, err := mcllava.OpenTokenizer(o.Model)
	if err != nil {
		return err
	}
	what := "lines of text"
	if o.Decode {
		what = "lines of token ids"
	}
	s.noteTyping(what)
	in, out := bufio.NewReader(interruptible{ctx, s.In}), bufio.NewWriter(s.Out)
	for n := 1; ; n++ {
		line, err := in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("standard input: %w", err)
		}
		if err != nil && line == "" {
			return out.Flush()
		}
		answer, err := tokenizeLine(t, strings.TrimSuffix(line, "\n"), o)
		if err != nil {
			_ = out.Flush()
			return fmt.Errorf("standard input, line %d: %w", n, err)
		}
		if _, err := fmt.Fprintln(out, answer); err != nil {
			return err
		}
	}
}

func tokenizeLine(t *tokenizer.Tokenizer, line string, o tokenizeOptions) (string, error) {
	if o.Decode {
		ids, err := parseIDs(line, o.JSON)
		if err != nil {
			return "", err
		}
		text, err := t.Decode(ids)
		if err != nil || !o.JSON {
			return text, err
		}
		return marshal(text)
	}
	if o.JSON {
		var text string
		if err := json.Unmarshal([]byte(line), &text); err != nil {
			return "", fmt.Errorf("expected a JSON string: %w", err)
		}
		return marshal(append([]int{}, t.Encode(text)...))
	}
	return strings.Trim(fmt.Sprint(t.Encode(line)), "[]"), nil
}

func parseIDs(line string, asJSON bool) ([]int, error) {
	if asJSON {
		var ids []int
		if err := json.Unmarshal([]byte(line), &ids); err != nil {
			return nil, fmt.Errorf("expected a JSON array of ids: %w", err)
		}
		return ids, nil
	}
	var ids []int
	for _, field := range strings.Fields(line) {
		id, err := strconv.Atoi(field)
		if err != nil {
			return nil, fmt.Errorf("unknown token id %q, expected numbers", field)
		}
		ids = append(ids, id)
	}
	return ids, nil
}
