package mcllava

import (
	"context"

	"github.com/mcllava/mcllava/internal/checkpoint"
	"github.com/mcllava/mcllava/tokenizer"
)

// Demo is the name of the checkpoint that the program carries.
const Demo = checkpoint.Demo

// ModelType is the model_type of every checkpoint that can be opened.
const ModelType = checkpoint.ModelType

// What is known of a checkpoint before it is opened, and how it is to be held.
type (
	// Config is a checkpoint's config.json, with the published defaults where a key is missing.
	Config = checkpoint.Config

	// TextConfig is the decoder's part of config.json.
	TextConfig = checkpoint.TextConfig

	// VisionConfig is the vision tower's part of config.json.
	VisionConfig = checkpoint.VisionConfig

	// Precision names the forms that weights are held and computed in. The zero value is that of the checkpoint.
	Precision = checkpoint.Precision

	// ConvertOptions say what is converted to what.
	ConvertOptions = checkpoint.ConvertOptions

	// Info is what can be said of a checkpoint without running it.
	Info = checkpoint.Info

	// Part is a part of the model as it is held in memory.
	Part = checkpoint.Part
)

// PublishedConfig is the shape of visheratin/MC-LLaVA-3b.
func PublishedConfig() Config { return checkpoint.PublishedConfig() }

// ReadConfig reads the shape of a checkpoint without its weights; of the embedded one if the folder is "" or Demo.
func ReadConfig(folder string) (Config, error) { return checkpoint.ReadConfig(folder) }

// ReadPrecision names the form of each part of a checkpoint, of the embedded one if the folder is "" or Demo, as it would be used.
func ReadPrecision(folder string, p Precision) (Precision, error) {
	return checkpoint.ReadPrecision(folder, p)
}

// OpenTokenizer reads the tokenizer of a folder that may hold nothing else, or of the embedded checkpoint if it is "" or Demo.
func OpenTokenizer(folder string) (*tokenizer.Tokenizer, error) {
	return checkpoint.OpenTokenizer(folder)
}

// Inspect reads the headers of a checkpoint, of the embedded one if the folder is "" or Demo, and says how it would be held in
// a precision.
func Inspect(folder string, p Precision) (*Info, error) { return checkpoint.Inspect(folder, p) }

// Convert writes the checkpoint o.From to the folder o.To as the model holds it in a precision, so that it is opened by mapping
// it. What an interrupted conversion has written is kept. If the folder has the whole of it already, nothing is written and
// already is true. The error names what is wrong with either checkpoint, or is the context's.
func Convert(ctx context.Context, o ConvertOptions) (already bool, err error) {
	return checkpoint.Convert(ctx, o)
}

// Verify compares the weights of a checkpoint that Convert wrote with their checksums, on threads goroutines, and calls progress
// with the bytes done. The error names a tensor that is damaged.
func Verify(ctx context.Context, folder string, threads int, progress func(done, total int64)) error {
	return checkpoint.Verify(ctx, folder, threads, progress)
}
