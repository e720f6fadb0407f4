package mcllava

import (
	"strings"
	"testing"
)

// see looks at a picture with the knobs of some options.
func (m *Model) see(t *testing.T, p *Picture, o Options) (*View, error) {
	t.Helper()
	plan, err := m.Plan(p, o.ViewKnobs)
	if err != nil {
		return nil, err
	}
	return m.See(t.Context(), p, plan, o.Hooks)
}

// ask asks about a view with the knobs of some options.
func (m *Model) ask(t *testing.T, v *View, question string, o Options) (*Answer, error) {
	t.Helper()
	return m.Answer(t.Context(), v, question, o.AnswerKnobs, o.Hooks)
}

// planned is the plan of some options.
func (m *Model) planned(t *testing.T, p *Picture, o Options) Plan {
	t.Helper()
	plan, err := m.Plan(p, o.ViewKnobs)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func contains(err error, text string) bool { return strings.Contains(err.Error(), text) }
