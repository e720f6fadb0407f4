package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava/internal/hub"
)

// publishedRepo is the repository of the published checkpoint.
const publishedRepo = "visheratin/MC-LLaVA-3b"

type pullOptions struct {
	Repo, Revision  string
	Quiet, Progress bool
}

func newPull(s Streams, run func(context.Context, Streams, pullOptions) error) *cobra.Command {
	if run == nil {
		run = pull
	}
	var o pullOptions
	var config string
	c := &cobra.Command{
		Use:   "pull [REPO]",
		Short: "Fetch a checkpoint from the Hugging Face hub",
		Long: `Fetch a checkpoint from the Hugging Face hub: the repository REPO, or ` + publishedRepo + `.

The files go to the cache that huggingface_hub uses, ~/.cache/huggingface/hub, and what is there is not fetched again.
A pull that was interrupted goes on where it ended. The folder of the checkpoint is printed on standard output.
HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE mean what they mean to huggingface_hub.`,
		Example: `  mcllava pull
  mcllava ask --model ` + publishedRepo + ` photo.jpg "what shop is this"
  mcllava ask --model "$(mcllava pull --revision v1 OWNER/NAME)" photo.jpg "what shop is this"`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Errorf("pull takes at most a REPO, got %d arguments; see %s --help", len(args), c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := bind(c, config); err != nil {
				return err
			}
			o.Repo = publishedRepo
			if len(args) > 0 {
				o.Repo = args[0]
			}
			if !hub.IsRepo(o.Repo) {
				return usageError{fmt.Errorf("REPO is %q, expected OWNER/NAME", o.Repo)}
			}
			return run(c.Context(), s, o)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.Revision, "revision", hub.DefaultRevision, "branch, tag or commit")
	f.BoolVar(&o.Quiet, "quiet", false, "no progress and no notes")
	f.BoolVar(&o.Progress, "progress", false, "progress also where standard error is no terminal")
	addConfig(c, &config)
	return c
}

func pull(ctx context.Context, s Streams, o pullOptions) error {
	client, err := hub.FromEnvironment()
	if err != nil {
		return err
	}
	bar := fileProgress{out: s.Err}
	if !o.Quiet {
		client.Note = bar.note
		if s.ErrTerminal || o.Progress {
			client.Progress = bar.report
		}
	}
	folder, err := client.Pull(ctx, o.Repo, o.Revision)
	bar.clear()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.Out, folder)
	return err
}

// fileProgress shows on standard error how much of a file is there.
type fileProgress struct {
	out  io.Writer
	file string
	bar  *progressbar.ProgressBar
}

func (p *fileProgress) report(file string, done, total int64) {
	if p.bar == nil || p.file != file {
		p.clear()
		p.file = file
		p.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(file), progressbar.OptionShowBytes(true),
			progressbar.OptionShowCount(), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(), progressbar.OptionEnableColorCodes(os.Getenv("NO_COLOR") == ""),
			progressbar.OptionSetPredictTime(true))
	}
	_ = p.bar.Set64(done)
}

func (p *fileProgress) note(text string) {
	p.clear()
	fmt.Fprintln(p.out, "mcllava:", text)
}

func (p *fileProgress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}
