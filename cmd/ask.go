package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
)

type askOptions struct {
	Image, Question string
	Model           string
	Precision       mcllava.Precision
	Threads         int
	MaxCrops        int
	NumTokens       int // 0 for the default
	MaxNewTokens    int
	Temperature     float64
	TopP            float64
	Seed            uint64
	System, Prompt  string
	JSON, Quiet     bool
	Progress        bool
	Dump            string
	Timeout         time.Duration
}

func newAsk(s Streams, run func(context.Context, Streams, askOptions) error) *cobra.Command {
	if run == nil {
		run = ask
	}
	var o askOptions
	var config string
	c := &cobra.Command{
		Use:   "ask IMAGE QUESTION",
		Short: "Answer a question about a picture",
		Long: `Answer a question about a picture (JPEG, PNG, GIF, WebP, BMP or TIFF); "-" reads it from standard input.

The answer goes to standard output and nothing else does. Every flag can be set in the environment
(--max-crops as MCLLAVA_MAX_CROPS) or in the config file.`,
		Example: `  mcllava ask photo.jpg "what shop is this"
  mcllava ask --max-crops 200 --num-tokens 1456 photo.jpg "what does the logo say?"
  curl -s https://example.org/photo.jpg | mcllava ask - "is it day or night?"`,
		Args: exactly(2, "an IMAGE and a QUESTION"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := bind(c, config); err != nil {
				return err
			}
			if err := defaultTokens(c, &o.NumTokens); err != nil {
				return err
			}
			o.Image, o.Question = args[0], args[1]
			return run(c.Context(), s, o)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.IntVar(&o.MaxCrops, "max-crops", mcllava.DefaultMaxCrops, "most crops besides the whole picture")
	f.IntVar(&o.NumTokens, "num-tokens", mcllava.DefaultNumTokens, "image tokens; unless given, no more than the crops have")
	f.IntVar(&o.MaxNewTokens, "max-new-tokens", mcllava.DefaultMaxNewTokens, "most tokens of the answer")
	f.Float64Var(&o.Temperature, "temperature", 0, "randomness of the answer; 0 takes the likeliest token each time")
	f.Float64Var(&o.TopP, "top-p", 1, "share of probability that tokens are drawn from")
	f.Uint64Var(&o.Seed, "seed", 0, "seed of the randomness")
	f.StringVar(&o.System, "system", "", "`TEXT` of a system message")
	f.StringVar(&o.Prompt, "prompt", "", "raw `TEMPLATE` with <image> and {question} in place of the published one")
	addModel(c, &o.Model)
	addPrecision(c, &o.Precision, "", ownPrecision)
	f.IntVar(&o.Threads, "threads", 0, "threads to use; 0 for the cores that the process may use")
	f.BoolVar(&o.JSON, "json", false, "print one JSON object a line")
	f.StringVar(&o.Dump, "dump", "", "write the stages of the run to `FILE` (safetensors), to debug a port of the model")
	f.BoolVar(&o.Quiet, "quiet", false, "no progress and no notes")
	f.BoolVar(&o.Progress, "progress", false, "progress also where standard error is no terminal")
	f.DurationVar(&o.Timeout, "timeout", 0, "give up after this time, such as 90s; 0 for never")
	addConfig(c, &config)
	return c
}

func ask(ctx context.Context, s Streams, o askOptions) error {
	if o.Timeout < 0 || o.Threads < 0 {
		return usageError{fmt.Errorf("timeout is %v and threads %d, expected 0 or more", o.Timeout, o.Threads)}
	}
	if err := checkPrecision(o.Precision); err != nil {
		return err
	}
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Timeout)
		defer cancel()
	}
	picture, err := s.readPicture(o.Image)
	if err != nil {
		return err
	}
	if o.Model == "" && !o.Quiet {
		fmt.Fprintln(s.Err, "mcllava: using the small embedded demo, which reads drawn shop signs; --model FOLDER (or MCLLAVA_MODEL) uses a real MC-LLaVA checkpoint")
	}
	m, err := openModel(s, o)
	if err != nil {
		return err
	}
	defer m.Close()

	options := mcllava.Options{
		MaxCrops: o.MaxCrops, NumTokens: o.NumTokens, MaxNewTokens: o.MaxNewTokens, Temperature: o.Temperature, TopP: o.TopP,
		Seed: o.Seed, System: o.System, Prompt: o.Prompt,
	}
	if o.Dump != "" {
		options.Stages = &mcllava.Stages{}
	}
	announce(ctx, s, m, o, picture)
	bar := newProgress(s, o)
	options.Progress = bar.report
	if s.OutTerminal && !o.JSON {
		options.Piece = func(text string) {
			bar.clear()
			_, _ = io.WriteString(s.Out, text)
		}
	}
	a, err := m.Ask(ctx, picture, o.Question, options)
	bar.clear()
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: no answer within the timeout of %v", o.Image, o.Timeout)
	case err != nil:
		return fmt.Errorf("%s: %w", o.Image, err)
	}
	if o.Dump != "" {
		if err := options.Stages.WriteFile(o.Dump); err != nil {
			return err
		}
	}
	return printAnswer(s, o, m, a)
}

// longLoad is the time from which on it is worth a note how to save it.
const longLoad = time.Second

func openModel(s Streams, o askOptions) (*mcllava.Model, error) {
	start := time.Now()
	m, err := mcllava.OpenWith(o.Model, mcllava.OpenOptions{Threads: o.Threads, Precision: o.Precision})
	took := time.Since(start)
	if err == nil && m.ConvertedWhileLoading() && took > longLoad && s.ErrTerminal && !o.Quiet {
		fmt.Fprintf(s.Err, "mcllava: loaded the checkpoint as %s in %.0f s; mcllava convert writes one that needs no loading\n", m.Precision(), took.Seconds())
	}
	return m, err
}

// record is a line of --json.
type record struct {
	Image        string          `json:"image"`
	Question     string          `json:"question"`
	Answer       string          `json:"answer"`
	Tokens       []int           `json:"tokens"`
	Finish       mcllava.Finish  `json:"finish"`
	Crops        int             `json:"crops"`
	ImageTokens  int             `json:"image_tokens"`
	PromptTokens int             `json:"prompt_tokens"`
	MaxCrops     int             `json:"max_crops"`
	NumTokens    int             `json:"num_tokens"`
	Model        string          `json:"model"`
	Precision    string          `json:"precision"`
	Seed         uint64          `json:"seed"`
	Seconds      mcllava.Seconds `json:"seconds"`
}

func printAnswer(s Streams, o askOptions, m *mcllava.Model, a *mcllava.Answer) error {
	var err error
	switch {
	case o.JSON:
		encoder := json.NewEncoder(s.Out)
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(record{
			Image: o.Image, Question: o.Question, Answer: a.Text, Tokens: append([]int{}, a.Tokens...), Finish: a.Finish,
			Crops: a.Crops, ImageTokens: a.ImageTokens, PromptTokens: a.PromptTokens, MaxCrops: o.MaxCrops, NumTokens: a.NumTokens,
			Model: m.Name(), Precision: m.Precision(), Seed: o.Seed, Seconds: a.Seconds,
		})
	case s.OutTerminal:
		_, err = fmt.Fprintln(s.Out)
	default:
		_, err = fmt.Fprintln(s.Out, a.Text)
	}
	return err
}
