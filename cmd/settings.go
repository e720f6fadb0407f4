package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// bind fills the flags that were not given from MCLLAVA_* variables, then from the config file: --config, or config.yaml,
// .toml or .json in the folder mcllava below the user's configuration folder. A command without --config has no such flags.
func bind(c *cobra.Command, s Streams) error {
	flag := c.Flags().Lookup(configFlag)
	if flag == nil {
		return nil
	}
	config := flag.Value.String()
	v := viper.New()
	v.SetEnvPrefix("mcllava")
	v.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
	v.AutomaticEnv()
	if config != "" {
		v.SetConfigFile(config)
	} else if folder, err := os.UserConfigDir(); err == nil {
		v.SetConfigName("config")
		v.AddConfigPath(filepath.Join(folder, "mcllava"))
	}
	var none viper.ConfigFileNotFoundError
	if err := v.ReadInConfig(); err != nil && !errors.As(err, &none) {
		return badConfig(v.ConfigFileUsed(), err)
	}
	var settings []written
	if file := v.ConfigFileUsed(); file != "" {
		var err error
		if settings, err = readWritten(file); err != nil {
			return err
		}
		if err := knownKeys(c, v, settings); err != nil {
			return err
		}
	}
	var err error
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if err != nil || f.Changed || !v.IsSet(f.Name) || !settable(f) {
			return
		}
		if setErr := set(c.Flags(), f, v, settings); setErr != nil {
			err = usageError{setErr}
		}
		annotate(f, fromSettings, whence(f), origin(f, v))
	})
	if err == nil {
		notePassedOver(c, s)
	}
	return err
}

// otherVariables are read elsewhere, and are no settings.
var otherVariables = []string{"MCLLAVA_CPU", "MCLLAVA_SHARDS"}

// notePassedOver says which variables are no settings, though they have the names of flags, or names like those of settings.
func notePassedOver(c *cobra.Command, s Streams) {
	if quiet := c.Flags().Lookup("quiet"); quiet != nil && quiet.Value.String() == "true" {
		return
	}
	var settings []string
	here := map[string]*pflag.Flag{}
	there := map[string]bool{}
	for _, command := range c.Root().Commands() {
		command.Flags().VisitAll(func(f *pflag.Flag) {
			there[variable(f.Name)] = true
			if settable(f) && command.Flags().Lookup(configFlag) != nil {
				settings = append(settings, variable(f.Name))
			}
		})
	}
	c.Flags().VisitAll(func(f *pflag.Flag) { here[variable(f.Name)] = f })
	slices.Sort(settings)
	settings = slices.Compact(settings)
	for _, one := range os.Environ() {
		name, value, _ := strings.Cut(one, "=")
		if !strings.HasPrefix(name, variable("")) || value == "" || slices.Contains(otherVariables, name) {
			continue
		}
		if f := here[name]; f != nil && annotated(f, notASetting) && !f.Changed {
			note(s, "%s is passed over: --%s is of one call, and stands on the command line alone", name, f.Name)
		}
		if near := variablesLike(name, settings); !there[name] && near != nil {
			note(s, "%s is passed over, since there is no such setting; did you mean %s?", name, listed(near[:min(len(near), mostSuggestions)], "or"))
		}
	}
}

// variablesLike are the variables of settings that a misspelt one may stand for.
func variablesLike(misspelt string, settings []string) []string {
	lower := make([]string, len(settings))
	for i, name := range settings {
		lower[i] = strings.ToLower(strings.TrimPrefix(name, variable("")))
	}
	near := like(strings.TrimPrefix(misspelt, variable("")), lower)
	for i := range near {
		near[i] = variable(near[i])
	}
	return near
}

// set gives a flag what the environment or the file has for it: a list to one that takes several values, and a number digit for digit.
func set(flags *pflag.FlagSet, f *pflag.Flag, v *viper.Viper, settings []written) error {
	if _, list := v.Get(f.Name).([]any); list {
		return setList(f, v, settings)
	}
	if n := find(settings, f.Name).number(); n != "" && whence(f) == inFile {
		err := flags.Set(f.Name, n)
		if err == nil || flags.Set(f.Name, v.GetString(f.Name)) == nil { // which is how a format writes a number that Go does not
			return nil
		}
		return badValue(origin(f, v), err)
	}
	return badValue(origin(f, v), flags.Set(f.Name, v.GetString(f.Name)))
}

func setList(f *pflag.Flag, v *viper.Viper, settings []written) error {
	several, ok := f.Value.(pflag.SliceValue)
	if !ok {
		return fmt.Errorf("%s is a list, expected one value", origin(f, v))
	}
	values := v.GetStringSlice(f.Name)
	if exact := find(settings, f.Name).numbers; len(exact) == len(values) {
		values = exact
	}
	f.Changed = true
	var bad *strconv.NumError
	switch err := several.Replace(values); {
	case errors.Is(err, strconv.ErrRange) && errors.As(err, &bad):
		return fmt.Errorf("%s has %s, which is too large or too small", origin(f, v), bad.Num)
	case errors.As(err, &bad):
		return fmt.Errorf("%s has %q, expected a whole number", origin(f, v), bad.Num)
	default:
		return err
	}
}

// origin is what a setting is called where it comes from.
func origin(f *pflag.Flag, v *viper.Viper) string {
	if whence(f) == inEnvironment {
		return variable(f.Name)
	}
	return "config file " + v.ConfigFileUsed() + ": " + f.Name
}

// Where settings are, as the annotation fromSettings has it.
const (
	inEnvironment = "environment"
	inFile        = "file"
)

// whence is where a flag that is set by a setting has it from.
func whence(f *pflag.Flag) string {
	if os.Getenv(variable(f.Name)) != "" {
		return inEnvironment
	}
	return inFile
}

// variable is the name of a flag in the environment.
func variable(flag string) string {
	return "MCLLAVA_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Annotations of flags.
const (
	notASetting  = "not a setting"     // given for one call, and not in the environment or the config file
	fromSettings = "from the settings" // was not given, and has a value of the environment or the config file: which of both, and origin
	flagGroup    = "group"             // of the flags that help shows together
)

func annotate(f *pflag.Flag, name string, values ...string) {
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[name] = values
}

func annotated(f *pflag.Flag, name string) bool {
	_, ok := f.Annotations[name]
	return ok
}

// onlyHere marks flags that say what one call reads and writes, and can be given only as flags.
func onlyHere(c *cobra.Command, names ...string) {
	for _, name := range names {
		annotate(c.Flags().Lookup(name), notASetting)
	}
}

// group puts the flags that add adds under a heading of help.
func group(c *cobra.Command, heading string, add func()) {
	before := map[string]bool{}
	c.Flags().VisitAll(func(f *pflag.Flag) { before[f.Name] = true })
	add()
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !before[f.Name] {
			annotate(f, flagGroup, heading)
		}
	})
}

// settable says whether a flag may come from the environment and the config file.
func settable(f *pflag.Flag) bool { return f.Name != "help" && !annotated(f, notASetting) }

// pathFlags are those whose value may begin with the user's home folder, as ~.
var pathFlags = []string{"model", "cache"}

func isPathFlag(name string) bool { return slices.Contains(pathFlags, name) }

// expandHomes puts the home folder in the place of ~, which no shell does in a config file and few do behind an equals sign.
func expandHomes(c *cobra.Command) error {
	for _, name := range pathFlags {
		f := c.Flags().Lookup(name)
		if f == nil {
			continue
		}
		rest, ok := strings.CutPrefix(f.Value.String(), "~")
		if !ok || rest != "" && !os.IsPathSeparator(rest[0]) {
			continue
		}
		home, err := os.UserHomeDir()
		if err != nil {
			return usageError{fmt.Errorf("%s is %s: %w", name, f.Value, err)}
		}
		if err := f.Value.Set(filepath.Join(home, rest)); err != nil {
			return err
		}
	}
	return nil
}

// knownKeys refuses a key of the config file that is no setting of any command. One that is of other commands is passed over.
func knownKeys(c *cobra.Command, v *viper.Viper, settings []written) error {
	known, flags := map[string]bool{}, map[string]bool{}
	for _, command := range c.Root().Commands() {
		configured := command.Flags().Lookup(configFlag) != nil
		command.Flags().VisitAll(func(f *pflag.Flag) {
			flags[f.Name] = true
			known[f.Name] = known[f.Name] || configured && settable(f)
		})
	}
	file := viper.New()
	file.SetConfigFile(v.ConfigFileUsed())
	if err := file.ReadInConfig(); err != nil {
		return badConfig(v.ConfigFileUsed(), err)
	}
	keys := file.AllKeys()
	line := func(key string) int { return find(settings, key).line }
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(line(a), line(b)), cmp.Compare(a, b)) })
	for _, key := range keys {
		at := find(settings, key).at(v.ConfigFileUsed())
		above, _, below := strings.Cut(key, ".")
		switch {
		case known[key]:
		case flags[key]:
			return usageError{fmt.Errorf("%s: %s is no setting, since it is of one call; give --%[2]s on the command line", at, key)}
		case below && known[above]:
			return usageError{fmt.Errorf("%s: %s has settings of its own, expected one value", at, above)}
		default:
			names := slices.Sorted(maps.Keys(known))
			names = slices.DeleteFunc(names, func(name string) bool { return !known[name] })
			return usageError{fmt.Errorf("%s: unknown setting %s%s", at, key, didYouMean(like(key, names), c))}
		}
	}
	return nil
}

const configFlag = "config"

// addConfig adds --config to a command whose flags may come from the environment and a file.
func addConfig(c *cobra.Command) {
	c.Flags().String(configFlag, "", "config `FILE` with settings under the names of the flags")
	onlyHere(c, configFlag)
}

// addModel adds --model.
func addModel(c *cobra.Command, model *string) {
	c.Flags().StringVar(model, "model", "", "checkpoint, published or converted: a `FOLDER`, or the OWNER/NAME of one that was pulled (default: the embedded demo)")
}
