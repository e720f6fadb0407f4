package report

import "slices"

// kind is how an interval was found, as a page says it.
func kind(m *Mean) string {
	if m.Interval == "" {
		return ""
	}
	return " (" + m.Interval + ")"
}

// kinds is how the intervals of a table were found.
func kinds(all []*Mean) string {
	var names []string
	for _, m := range all {
		if m != nil && m.Interval != "" && !slices.Contains(names, m.Interval) {
			names = append(names, m.Interval)
		}
	}
	switch slices.Sort(names); len(names) {
	case 0:
		return ""
	case 1:
		return " (" + names[0] + ")"
	}
	return " (" + intervalWilson + ", or " + intervalNormal + " of scores between 0 and 1)"
}

// Scores are those of the series.
func (p *page) Scores() (all []*Mean) {
	for _, s := range p.Numbers.Series {
		all = append(all, s.Score)
	}
	return all
}

// CategoryScores are those of the table of categories.
func (p *page) CategoryScores() (all []*Mean) {
	for i := range p.Categories {
		all = append(all, &p.Categories[i].Mean)
	}
	return all
}
