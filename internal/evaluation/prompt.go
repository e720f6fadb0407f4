package evaluation

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/mcllava/mcllava/internal/dataset"
)

// Style is what a prompt says of the answer that is wanted.
type Style string

// The styles. The sentences of the others are LLaVA's, which most published figures were measured with.
const (
	StyleNone    Style = "none"    // the question alone
	StyleShort   Style = "short"   // a word or a phrase
	StyleLetters Style = "letters" // the letter of an option
)

// Choosing is how an option is chosen.
type Choosing string

// The ways.
const (
	Likelihood Choosing = "likelihood" // the option that the model would most likely write, by the mean over its tokens
	Letter     Choosing = "letter"     // the one whose letter the model writes
)

const (
	askShort      = "\nAnswer the question using a single word or phrase."
	askLetter     = "\nAnswer with the option's letter from the given choices directly."
	orUnanswered  = "\nWhen the provided information is insufficient, respond with 'Unanswerable'."
	leastOptions  = 2
	shufflingName = "options 1 "
)

// styleOf is the style of a data set unless another is asked for.
func styleOf(kind dataset.Kind, by Choosing, options bool) Style {
	switch {
	case options && by == Letter:
		return StyleLetters
	case options, kind == dataset.Scenes:
		return StyleNone
	}
	return StyleShort
}

// choosingOf is how options of a data set are chosen unless another way is asked for: as V*'s script and VLMEvalKit do.
func choosingOf(kind dataset.Kind) Choosing {
	if kind == dataset.VStar || kind == dataset.Scenes {
		return Likelihood
	}
	return Letter
}

// prompt is the question as the model is asked it.
func prompt(kind dataset.Kind, it *dataset.Item, style Style) string {
	text := it.Question
	switch style {
	case StyleShort:
		if kind == dataset.VizWiz {
			text += orUnanswered
		}
		text += askShort
	case StyleLetters:
		for i, option := range it.Options {
			text += fmt.Sprintf("\n%s. %s", it.Letters[i], option)
		}
		if len(it.Options) > 0 {
			text += askLetter
		}
	}
	return text
}

// shuffled is an item with its options in an order that its id alone decides, and the letters in theirs. Where a data set has the right
// option in the first place, as V* has, its letter would give it away.
func shuffled(it dataset.Item) dataset.Item {
	hash := sha256.Sum256([]byte(shufflingName + it.ID))
	dice := rand.New(rand.NewPCG(binary.LittleEndian.Uint64(hash[:]), binary.LittleEndian.Uint64(hash[8:])))
	order := dice.Perm(len(it.Options))
	options := make([]string, len(order))
	right := it.Right
	for to, from := range order {
		options[to] = it.Options[from]
		if from == it.Right {
			right = to
		}
	}
	it.Options, it.Right = options, right
	return it
}

// expected is what an item's record says of the right answer: the right option, or all answers, each once.
func expected(it *dataset.Item) string {
	if it.Right >= 0 && it.Right < len(it.Options) {
		return it.Options[it.Right]
	}
	var each []string
	seen := map[string]bool{}
	for _, a := range it.Answers {
		if !seen[a] {
			seen[a] = true
			each = append(each, a)
		}
	}
	return strings.Join(each, " | ")
}
