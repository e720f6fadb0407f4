package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/hub"
)

// publishedRepo is the repository of the published checkpoint.
const publishedRepo = "visheratin/MC-LLaVA-3b"

type pullOptions struct {
	Repo, Revision  string
	Convert         string // form to convert the checkpoint to; "" to leave it as it is
	Quiet, Progress bool
}

func newPull(s Streams, run func(context.Context, Streams, pullOptions) error) *cobra.Command {
	if run == nil {
		run = pull
	}
	var o pullOptions
	c := &cobra.Command{
		Use:   "pull [REPO]",
		Short: "Fetch a checkpoint from the Hugging Face hub",
		Long: `Fetch a checkpoint from the Hugging Face hub: the repository REPO, as OWNER/NAME or the URL of its page, or
` + publishedRepo + `.

The files go to the cache that huggingface_hub uses, ~/.cache/huggingface/hub. What is there already is compared with its
checksum once, and fetched again only if it differs. A pull that was interrupted resumes where it ended. The folder of the
checkpoint is printed on standard output.
With --convert the checkpoint is also converted, into the folder mcllava of your cache folder, and that folder is printed.
HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HUB_DISABLE_IMPLICIT_TOKEN and HF_HUB_OFFLINE mean what they
mean to huggingface_hub.`,
		Example: `  mcllava pull
  mcllava ask --model ` + publishedRepo + ` photo.jpg "what shop is this"
  mcllava ask --model "$(mcllava pull --revision v1 OWNER/NAME)" photo.jpg "what shop is this"`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Errorf("pull takes at most a REPO, got %s; see %s --help", counted(args), c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.Repo = publishedRepo
			if len(args) > 0 {
				if err := o.setRepo(args[0], c.Flags().Changed("revision")); err != nil {
					return usageError{err}
				}
			}
			return run(c.Context(), s, o)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.Revision, "revision", hub.DefaultRevision, "branch, tag or commit")
	f.StringVar(&o.Convert, "convert", "", "also convert the checkpoint to the `FORM` f32, f16, bf16, q8 or q4; see mcllava convert --help")
	f.BoolVar(&o.Quiet, "quiet", false, "no progress and no notes")
	f.BoolVar(&o.Progress, "progress", false, "progress also where standard error is no terminal")
	addConfig(c)
	return c
}

// setRepo takes OWNER/NAME, or the URL of its page, which may say the revision where none is given.
func (o *pullOptions) setRepo(text string, revisionGiven bool) error {
	o.Repo = text
	if repo, revision, ok := hub.RepoOfURL(text); ok {
		o.Repo = repo
		if revision != "" && revisionGiven && revision != o.Revision {
			return fmt.Errorf("%q names the revision %s, and --revision says %s, expected one revision", text, revision, o.Revision)
		}
		if revision != "" {
			o.Revision = revision
		}
	}
	if !hub.IsRepo(o.Repo) {
		return fmt.Errorf("%q is no repository of the hub: %s; expected OWNER/NAME, such as %s", text, noRepo(o.Repo), publishedRepo)
	}
	return nil
}

// noRepo says why a name is none of a repository.
func noRepo(name string) string {
	owner, rest, found := strings.Cut(name, "/")
	switch {
	case strings.Contains(name, "://"):
		return "it is a URL of another site or page"
	case !found:
		return "it has no slash"
	case owner == "" || rest == "":
		return "nothing stands on one side of the slash"
	case strings.Contains(rest, "/"):
		return fmt.Sprintf("it has %d slashes", strings.Count(name, "/"))
	case strings.Contains(name, "--"), strings.Contains(name, ".."):
		return "it has -- or .. in it"
	case len(owner) > hub.MostName || len(rest) > hub.MostName:
		return fmt.Sprintf("the owner or the name has more than %d characters", hub.MostName)
	}
	return "the owner and the name have other signs than letters, digits, _, - and ., or begin with one of these"
}

func pull(ctx context.Context, s Streams, o pullOptions) error {
	if form := (mcllava.Precision{Form: o.Convert}); form.Check() != nil {
		return usageError{fmt.Errorf("convert is %q, expected f32, f16, bf16, q8 or q4", o.Convert)}
	}
	client, err := hub.FromEnvironment()
	if err != nil {
		return err
	}
	bar := newBar(s, o.Quiet, o.Progress)
	client.Progress = bar.file
	if !o.Quiet {
		client.Note = func(text string) {
			bar.clear()
			note(s, "%s", text)
		}
	}
	pulled, err := client.Pull(ctx, o.Repo, o.Revision)
	bar.clear()
	if err != nil {
		return err
	}
	if !o.Quiet {
		note(s, "%s", pullOutcome(o.Repo, pulled))
	}
	folder := pulled.Folder
	if o.Convert != "" {
		if folder, err = pullConverted(ctx, s, o, folder); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(s.Out, folder)
	return err
}

// pullOutcome says what a pull has done.
func pullOutcome(repo string, p hub.Pulled) string {
	if p.Fetched == 0 {
		return fmt.Sprintf("all %d files of %s were there", p.Files, repo)
	}
	return fmt.Sprintf("fetched %d of %d files of %s, %s", p.Fetched, p.Files, repo, size(p.Bytes))
}

// convertedFolder is where pull --convert puts checkpoints.
func convertedFolder() (string, error) {
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder for the converted checkpoint: %w", err)
	}
	return filepath.Join(folder, "mcllava"), nil
}

// pullConverted converts the snapshot of a commit, unless that has been done, and returns the folder of the outcome.
func pullConverted(ctx context.Context, s Streams, o pullOptions, snapshot string) (string, error) {
	converted, err := convertedFolder()
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("%s--%s-%s", strings.ReplaceAll(o.Repo, "/", "--"), filepath.Base(snapshot), o.Convert)
	folder := filepath.Join(converted, name)
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", err
	}
	return folder, convert(ctx, s, convertOptions{
		From: snapshot, To: folder, Precision: mcllava.Precision{Form: o.Convert}, Quiet: o.Quiet, Progress: o.Progress,
	})
}
