package evaluation

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/modelfile"
)

// System is another one's figures, in percent as papers have them.
type System struct {
	Dataset dataset.Kind                  `json:"dataset"`
	Name    string                        `json:"system"`
	Overall float64                       `json:"overall"`
	By      map[string]map[string]float64 `json:"by,omitempty"` // such as {"category": {"OCR": 56.7}}
	Note    string                        `json:"note,omitempty"`
	Source  string                        `json:"source,omitempty"`
}

//go:embed published.json
var publishedJSON []byte

// Published are the published figures of a benchmark.
func Published(kind dataset.Kind) []System {
	all, err := parseSystems(publishedJSON, "published.json", kind)
	if err != nil {
		panic(err)
	}
	return all
}

// mostFigures is the most bytes of a file of figures.
const mostFigures = 16 << 20

// Against reads what is set beside the results: a JSON array of figures as in published.json, or answers of another system, as Predicted
// takes them, which are scored.
func (e *Evaluation) Against(path string) ([]System, error) {
	if info, err := os.Stat(path); err == nil && info.Size() <= mostFigures {
		data, err := modelfile.Read(modelfile.Dir(filepath.Dir(path)), filepath.Base(path), mostFigures)
		if err != nil {
			return nil, err
		}
		if isFigures(data) {
			all, err := parseSystems(data, path, e.Set.Kind)
			if err == nil && len(all) == 0 {
				err = fmt.Errorf("%s: has no figures of %s", path, e.Set.Kind)
			}
			return all, err
		}
	}
	r, err := e.Predicted(path)
	if err != nil {
		return nil, err
	}
	own := r.Figures(nil)
	s := System{Dataset: e.Set.Kind, Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), Source: path, By: map[string]map[string]float64{}}
	s.Overall = percent * own.Overall
	for _, group := range []string{byCategory, byAnswerType, byQuestionType} {
		s.By[group] = map[string]float64{}
		for name, v := range valuesBy(&own.Summary, group) {
			s.By[group][name] = percent * v
		}
	}
	return []System{s}, nil
}

// isFigures says whether JSON is an array of figures, and not of answers.
func isFigures(data []byte) bool {
	var all []map[string]json.RawMessage
	return json.Unmarshal(data, &all) == nil && len(all) > 0 && all[0]["overall"] != nil
}

// parseSystems are the figures of a benchmark in JSON. The error names the file, the figure and the field.
func parseSystems(data []byte, path string, kind dataset.Kind) (of []System, err error) {
	var all []System
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, modelfile.Worded(data, &all, err))
	}
	for i, s := range all {
		switch {
		case s.Name == "":
			return nil, fmt.Errorf("%s: figure %d has no system", path, i+1)
		case !(s.Overall >= 0 && s.Overall <= percent):
			return nil, fmt.Errorf("%s: %s: overall is %v, expected 0 to 100", path, s.Name, s.Overall)
		}
		for group, values := range s.By {
			for name, v := range values {
				if !(v >= 0 && v <= percent) {
					return nil, fmt.Errorf("%s: %s: %s %s is %v, expected 0 to 100", path, s.Name, group, name, v)
				}
			}
		}
		if s.Dataset == kind {
			of = append(of, s)
		}
	}
	return of, nil
}

const percent = 100
