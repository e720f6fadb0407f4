package cmd

import (
	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/estimate"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// shapeOf is a model's shape in the terms of package estimate, and so are formsOf and questionOf.
func shapeOf(c mcllava.Config) estimate.Shape {
	return estimate.Shape{Vision: c.Encoder(), Text: c.Decoder()}
}

// formsOf takes a full precision.
func formsOf(p mcllava.Precision) (forms weights.Forms, err error) {
	if forms.Vision, err = tensor.ParseForm(p.Vision); err == nil {
		forms.Text, err = tensor.ParseForm(p.Text)
	}
	return forms, err
}

func questionOf(p mcllava.Plan) estimate.Question {
	return estimate.Question{Width: p.Width, Height: p.Height, Boxes: p.Boxes, Keep: p.TokensPerCrop, Text: estimate.TextTokens, Answer: estimate.AnswerTokens}
}
