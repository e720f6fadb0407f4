package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// bind fills the flags that were not given from MCLLAVA_* variables, then from the config file: --config, or config.yaml,
// .toml or .json in the folder mcllava below the user's configuration folder. A command without --config has no such flags.
func bind(c *cobra.Command) error {
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
	if err := knownKeys(c, v); err != nil {
		return err
	}
	var err error
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if err != nil || f.Changed || !v.IsSet(f.Name) || !settable(f) {
			return
		}
		if setErr := set(c.Flags(), f, v); setErr != nil {
			err = usageError{setErr}
		}
		annotate(f, fromSettings, whence(f))
	})
	return err
}

// set gives a flag what the environment or the file has for it: a list to one that takes several values.
func set(flags *pflag.FlagSet, f *pflag.Flag, v *viper.Viper) error {
	if _, list := v.Get(f.Name).([]any); !list {
		return badValue(origin(f, v), flags.Set(f.Name, v.GetString(f.Name)))
	}
	several, ok := f.Value.(pflag.SliceValue)
	if !ok {
		return fmt.Errorf("%s is a list, expected one value", origin(f, v))
	}
	f.Changed = true
	return several.Replace(v.GetStringSlice(f.Name))
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
	fromSettings = "from the settings" // was not given, and has a value of the environment or the config file
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
func knownKeys(c *cobra.Command, v *viper.Viper) error {
	known, flags := map[string]bool{}, map[string]bool{}
	for _, command := range c.Root().Commands() {
		configured := command.Flags().Lookup(configFlag) != nil
		command.Flags().VisitAll(func(f *pflag.Flag) {
			flags[f.Name] = true
			known[f.Name] = known[f.Name] || configured && settable(f)
		})
	}
	if v.ConfigFileUsed() == "" {
		return nil
	}
	file := viper.New()
	file.SetConfigFile(v.ConfigFileUsed())
	if err := file.ReadInConfig(); err != nil {
		return badConfig(v.ConfigFileUsed(), err)
	}
	for _, key := range file.AllKeys() {
		switch {
		case known[key]:
		case flags[key]:
			return usageError{fmt.Errorf("config file %s: %s is no setting, since it is of one call; give --%[2]s on the command line", v.ConfigFileUsed(), key)}
		default:
			return usageError{fmt.Errorf("config file %s: unknown setting %s", v.ConfigFileUsed(), key)}
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
