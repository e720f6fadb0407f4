package cmd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcllava/mcllava/internal/checkpoint"
	"github.com/mcllava/mcllava/internal/evaluation"
	"github.com/mcllava/mcllava/internal/hub"
	"github.com/mcllava/mcllava/internal/models"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/score"
)

type completion = cobra.CompletionFunc

// forms are what --precision takes.
var forms = []string{"f32", "f16", "bf16", "q8", "q4"}

// flagValues are what the shell offers as the values of flags.
var flagValues = map[string]completion{
	"model":      completeModels,
	"precision":  oneOf(forms...),
	"vision":     oneOf(forms...),
	"text":       oneOf(forms...),
	"convert":    oneOf(forms...),
	"icc":        oneOf("on", "off"),
	"cache":      completeFolders(cacheOff),
	"cache-rows": oneOf(rowsAll, rowsKept),
	"columns":    severalOf(records.ColumnNames()...),
	"estimate":   oneOf(estimateAuto, estimateAlways, estimateNever),
	"config":     filesEnding("yaml", "yml", "toml", "json"),
	"revision":   completeNothing,
	"shard":      completeNothing,
	"region":     completeNothing,

	"show":             oneOf(showNames()...),
	"attention-word":   completeNothing,
	"attention-layers": completeNothing,
	"plot":             filesEnding(plotEndings()...),

	"split":        completeNothing,
	"prompt-style": oneOf(string(evaluation.StyleShort), string(evaluation.StyleNone), string(evaluation.StyleLetters)),
	"choices-by":   oneOf(string(evaluation.Likelihood), string(evaluation.Letter)),
	"scoring":      oneOf(string(score.Official), string(score.LMMs), string(score.LLaVA), string(score.Letters)),
}

// arguments are what the shell offers as the arguments of commands, by the commands' paths below the program.
var arguments = map[string]completion{
	"":             completeNothing,
	"ask":          completeFiles,
	"look":         first(completeFiles, completeNothing),
	"sweep":        completeFiles,
	"eval":         first(oneOf(kinds()...), completeFiles),
	"eval compare": completeFiles,
	"crops":        first(completeFiles),
	"convert":      first(completeSources, completeFolders()),
	"merge":        completeFiles,
	"report":       completeFiles,
	"models rm":    completeStored,
	"pull":         first(completePulled),
	"man":          first(completeFolders()),
	"scenes":       first(completeFolders()),
	"bench":        completeNothing,
	"cache":        completeNothing,
	"cache clear":  completeNothing,
	"cache verify": completeNothing,
	"info":         completeNothing,
	"licenses":     completeNothing,
	"models":       completeNothing,
	"tokenize":     completeNothing,
	"version":      completeNothing,
}

// completeValues has the shell offer values for every flag and argument below a command: files for those that are called so.
func completeValues(c *cobra.Command) {
	_, path, _ := strings.Cut(c.CommandPath(), " ")
	if complete, ok := arguments[path]; ok {
		c.ValidArgsFunction = complete
	}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.NoOptDefVal != "" {
			return
		}
		complete, ok := flagValues[f.Name]
		if _, several := f.Value.(pflag.SliceValue); several && f.Name == "precision" {
			complete = severalOf(forms...)
		}
		if !ok {
			switch name, _ := valueName(f); name {
			case "FILE":
				complete = completeFiles
			case "FOLDER":
				complete = completeFolders()
			default:
				complete = completeNothing
			}
		}
		_ = c.RegisterFlagCompletionFunc(f.Name, complete)
	})
	for _, below := range c.Commands() {
		completeValues(below)
	}
}

func completeNothing(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

func completeFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func filesEnding(endings ...string) completion {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return endings, cobra.ShellCompDirectiveFilterFileExt
	}
}

func oneOf(values ...string) completion {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return beginning(values, typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// severalOf completes the last of several values with commas between them, each of which is given once.
func severalOf(values ...string) completion {
	return func(_ *cobra.Command, _ []string, typed string) (lists []string, _ cobra.ShellCompDirective) {
		at := strings.LastIndexByte(typed, ',') + 1
		before := strings.Split(typed[:at], ",")
		for _, value := range beginning(values, typed[at:]) {
			if !slices.Contains(before, value) {
				lists = append(lists, typed[:at]+value)
			}
		}
		return lists, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
	}
}

// first completes the first arguments, each in its way, and nothing more.
func first(each ...completion) completion {
	return func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= len(each) {
			return completeNothing(c, args, typed)
		}
		return each[len(args)](c, args, typed)
	}
}

func beginning(values []string, with string) (begin []string) {
	for _, value := range values {
		if strings.HasPrefix(value, with) {
			begin = append(begin, value)
		}
	}
	return begin
}

// completeFolders completes folders and some other values.
func completeFolders(others ...string) completion {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return withFolders(beginning(others, typed), typed)
	}
}

// completeModels completes names of checkpoints on this machine, and folders.
func completeModels(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, m := range storedModels() {
		switch {
		case m.Type != models.Type:
		case m.Converted:
			names = append(names, m.Path)
		default:
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return withFolders(beginning(slices.Compact(names), typed), typed)
}

// completeSources completes what convert reads.
func completeSources(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	names, directive := completeModels(c, args, typed)
	return append(beginning([]string{checkpoint.Demo}, typed), names...), directive
}

// completeStored completes the names that models rm takes, each once.
func completeStored(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	all := storedModels()
	count := map[string]int{}
	for _, m := range all {
		count[m.Name]++
	}
	var names []string
	for _, m := range all {
		name := m.Name
		switch {
		case count[name] == 1:
		case len(m.Revisions) > 0:
			name += "@" + m.Revisions[0]
		default:
			name += "@" + m.Commit[:min(len(m.Commit), hub.ShortCommit)]
		}
		if !slices.Contains(args, name) {
			names = append(names, name)
		}
	}
	return beginning(names, typed), cobra.ShellCompDirectiveNoFileComp
}

// completePulled completes the repositories that have been pulled, and the published one.
func completePulled(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	names := []string{publishedRepo}
	for _, m := range storedModels() {
		if !m.Converted && m.Type == models.Type {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return beginning(slices.Compact(names), typed), cobra.ShellCompDirectiveNoFileComp
}

// storedModels are the checkpoints on this machine; none if they cannot be listed.
func storedModels() []models.Model {
	store, err := openStore()
	if err != nil {
		return nil
	}
	all, err := store.List()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(m models.Model) bool { return strings.ContainsAny(m.Name+m.Path, "\n\t") })
}

// withFolders adds the folders that a path may go on with. A folder that holds a checkpoint is whole, others may go on.
func withFolders(values []string, typed string) ([]string, cobra.ShellCompDirective) {
	directive := cobra.ShellCompDirectiveNoFileComp
	before := typed[:strings.LastIndexByte(typed, '/')+1]
	folder := before
	if home, err := os.UserHomeDir(); err == nil && strings.HasPrefix(folder, "~/") {
		folder = filepath.Join(home, folder[1:])
	}
	if folder == "" {
		folder = "."
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return values, directive
	}
	for _, e := range entries {
		name := before + e.Name()
		info, err := os.Stat(filepath.Join(folder, e.Name()))
		hidden := strings.HasPrefix(e.Name(), ".") && before == typed
		if err != nil || !info.IsDir() || hidden || !strings.HasPrefix(name, typed) || strings.ContainsAny(name, "\n\t") {
			continue
		}
		if _, err := os.Stat(filepath.Join(folder, e.Name(), "config.json")); err != nil {
			name += "/"
			directive |= cobra.ShellCompDirectiveNoSpace
		}
		values = append(values, name)
	}
	return values, directive
}
