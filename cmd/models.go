package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rivo/uniseg"
	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava/internal/hub"
	"github.com/mcllava/mcllava/internal/models"
	"github.com/mcllava/mcllava/internal/terminal"
)

type modelsOptions struct{ All, JSON bool }

func newModels(s Streams, run func(context.Context, Streams, modelsOptions) error) *cobra.Command {
	if run == nil {
		run = listModels
	}
	var o modelsOptions
	c := &cobra.Command{
		Use:   "models",
		Short: "List or remove the checkpoints that were pulled or converted",
		Long: `List the checkpoints on this machine: those in the hub's cache, which pull and huggingface_hub share, and those that
pull --convert made. Of the hub's cache only MC-LLaVA checkpoints are listed, unless --all is given.`,
		Example: `  mcllava models
  mcllava models rm ` + publishedRepo,
		Args: exactly(0, "no arguments but rm"),
		RunE: func(c *cobra.Command, _ []string) error {
			return run(c.Context(), s, o)
		},
	}
	c.Flags().SortFlags = false
	c.Flags().BoolVar(&o.All, "all", false, "also list checkpoints that mcllava cannot run")
	c.Flags().BoolVar(&o.JSON, "json", false, "print JSON, one object a line")
	addConfig(c)
	c.AddCommand(newModelsRemove(s, nil))
	return c
}

type modelsRemoveOptions struct {
	Names []string
	Yes   bool
}

func newModelsRemove(s Streams, run func(context.Context, Streams, modelsRemoveOptions) error) *cobra.Command {
	if run == nil {
		run = removeModels
	}
	var o modelsRemoveOptions
	c := &cobra.Command{
		Use:   "rm NAME[@REVISION]...",
		Short: "Remove checkpoints from the disk",
		Long: `Remove checkpoints from the disk: OWNER/NAME, with @ and a branch, a tag or the begin of a commit where there are several
of that name; or the folder's name of a converted one. A file that another checkpoint of the hub's cache uses is kept.

On a terminal it asks first. Elsewhere --yes is needed.`,
		Example: `  mcllava models rm ` + publishedRepo + `
  mcllava models rm --yes OWNER/NAME@v1 OWNER/NAME@0123456789ab`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{fmt.Errorf("rm takes names of models, got none; see %s --help", c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.Names = args
			return run(c.Context(), s, o)
		},
	}
	c.Flags().BoolVarP(&o.Yes, "yes", "y", false, "do not ask")
	return c
}

// openStore is where pull and pull --convert put checkpoints.
func openStore() (models.Store, error) {
	cache, err := hub.DefaultCache()
	if err != nil {
		return models.Store{}, err
	}
	converted, err := convertedFolder()
	return models.Store{Hub: cache, Converted: converted, Checks: hub.DefaultChecks()}, err
}

func listModels(_ context.Context, s Streams, o modelsOptions) error {
	store, err := openStore()
	if err != nil {
		return err
	}
	all, err := store.List()
	if err != nil {
		return err
	}
	var listed []models.Model
	for _, m := range all {
		if o.All || m.Type == models.Type {
			listed = append(listed, m)
		}
	}
	switch {
	case o.JSON:
		return printModelsJSON(s, listed)
	case len(listed) == 0:
		note(s, "no checkpoint in %s; run: mcllava pull", string(store.Hub))
		return nil
	}
	return printModels(s, listed)
}

func printModelsJSON(s Streams, listed []models.Model) error {
	for _, m := range listed {
		missing := ""
		if m.Missing != nil {
			missing = m.Missing.Error()
		}
		err := printJSON(s, struct {
			Name      string    `json:"name"`
			Revisions []string  `json:"revisions"`
			Commit    string    `json:"commit,omitempty"`
			Type      string    `json:"model_type,omitempty"`
			StoredAs  string    `json:"stored_as,omitempty"`
			Bytes     int64     `json:"bytes"`
			Modified  time.Time `json:"modified"`
			Path      string    `json:"path"`
			Converted bool      `json:"converted"`
			Missing   string    `json:"missing,omitempty"`
		}{m.Name, append([]string{}, m.Revisions...), m.Commit, m.Type, m.StoredAs, m.Bytes, m.Modified, m.Path, m.Converted, missing})
		if err != nil {
			return err
		}
	}
	return nil
}

func printModels(s Streams, listed []models.Model) error {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	var rows [][]string
	row := func(cells ...string) {
		for i, cell := range cells {
			cells[i] = terminal.Escape(cell)
			if cell == "" {
				cells[i] = "-"
			}
		}
		rows = append(rows, cells)
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	row("NAME", "REVISION", "COMMIT", "STORED AS", "SIZE", "MODIFIED", "PATH")
	for _, m := range listed {
		stored := m.StoredAs
		if m.Missing != nil {
			stored = "incomplete"
		}
		row(m.Name, strings.Join(m.Revisions, ","), m.Commit[:min(len(m.Commit), hub.ShortCommit)], stored, size(m.Bytes),
			m.Modified.Format("2006-01-02 15:04"), m.Path)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	text := b.String()
	if columns := s.foldColumns(); columns > 0 && slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool { return uniseg.StringWidth(line) > columns }) {
		text = stackedModels(rows, columns)
	}
	_, err := io.WriteString(s.Out, text)
	return err
}

// stackedModels has what is known of each model below its name. A path is not broken, so that it can be copied.
func stackedModels(rows [][]string, columns int) string {
	var b strings.Builder
	for _, cells := range rows[1:] {
		b.WriteString(terminal.Fold(cells[0]+"\n", columns))
		last := len(cells) - 1
		for i, cell := range cells[1:last] {
			b.WriteString(terminal.Fold("  "+strings.ToLower(rows[0][i+1])+" "+cell+"\n", columns))
		}
		b.WriteString("  " + cells[last] + "\n")
	}
	return b.String()
}

func removeModels(ctx context.Context, s Streams, o modelsRemoveOptions) error {
	store, err := openStore()
	if err != nil {
		return err
	}
	all, err := store.List()
	if err != nil {
		return err
	}
	var chosen []models.Model
	seen := map[string]bool{}
	for _, name := range o.Names {
		m, err := models.Find(all, name)
		if err != nil {
			return err
		}
		if !seen[m.Path] {
			seen[m.Path] = true
			chosen = append(chosen, m)
		}
	}
	if !o.Yes {
		if !s.InTerminal || !s.ErrTerminal {
			return usageError{errors.New("nobody can be asked whether to remove it: expected --yes")}
		}
		if yes, err := confirm(ctx, s, chosen); err != nil || !yes {
			return err
		}
	}
	for _, m := range chosen {
		freed, err := store.Remove(m)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(s.Out, "removed %s, freed %s\n", terminal.Escape(m.String()), size(freed)); err != nil {
			return err
		}
	}
	return nil
}

// confirm asks whether to remove models. No answer is no.
func confirm(ctx context.Context, s Streams, chosen []models.Model) (bool, error) {
	for _, m := range chosen {
		fmt.Fprintf(s.Err, "%s  %s  %s\n", terminal.Escape(m.String()), size(m.Bytes), terminal.Escape(m.Path))
	}
	fmt.Fprint(s.Err, "Remove from the disk? [y/N] ")
	answer, _ := bufio.NewReader(interruptible{ctx, s.In}).ReadString('\n')
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true, nil
	}
	note(s, "nothing was removed")
	return false, nil
}
