package draw

import (
	"image"
	"slices"
	"strings"
)

// Answer is a question and what is right to answer to it.
type Answer struct {
	Kind             string // shop, sign, where, day, awning, car, thing, find, is, beside or general
	Question, Answer string
	A, B             string // what the question names, if it does
}

// wordings are the questions of training by kind, {a} and {b} being what they name.
var wordings = []struct {
	kind      string
	questions []string
}{
	{"shop", []string{
		"what shop is this", "what shop is this?", "What shop is this?", "what kind of shop is this?",
		"What type of shop is in the image?", "Which shop is in the picture?", "which shop is it?",
		"Based on that advertisement board, can you tell what type of shop is in the image?",
	}},
	{"sign", []string{
		"what does the sign say?", "What does the sign say?", "What is written on the sign?", "read the sign",
		"What does the board say?", "what is written here?", "read the text",
	}},
	{"where", []string{"where is the sign?", "Where is the sign?", "on which side is the sign?"}},
	{"day", []string{"is it day or night?", "Is it day or night?", "is this by day or by night?"}},
	{"awning", []string{"what colour is the awning?", "What color is the awning?"}},
	{"car", []string{"what colour is the car?", "What color is the car?"}},
	{"thing", []string{"what colour is the {a}?", "What colour is the {a}?", "What color is the {a}?"}},
	{"find", []string{"where is the {a}?", "Where is the {a}?"}},
	{"is", []string{"is there a {a}?", "Is there a {a}?", "is there an {a}?", "can you see a {a}?"}},
	{"beside", []string{"is the {a} left or right of the {b}?", "Is the {a} on the left or right side of the {b}?"}},
	{"general", []string{
		"Write a general description of the image.", "describe the image", "Describe the picture.", "what is in the picture?",
	}},
}

// QuestionKinds are the kinds of questions, in the order of their answers.
func QuestionKinds() []string {
	var kinds []string
	for _, w := range wordings {
		kinds = append(kinds, w.kind)
	}
	return kinds
}

// Wordings are the words that training asked the answer's question in, in which a noun has the article of another at times.
func (a Answer) Wordings() []string {
	var out []string
	for _, w := range wordings {
		if w.kind == a.Kind {
			for _, q := range w.questions {
				out = append(out, strings.NewReplacer("{a}", a.A, "{b}", a.B).Replace(q))
			}
		}
	}
	return out
}

// ask fills in the question: the first wording in which the noun has its article.
func (a Answer) ask() Answer {
	all := a.Wordings()
	a.Question = all[0]
	if i := slices.IndexFunc(all, func(q string) bool { return strings.Contains(q, " "+article(a.A)+"?") }); a.A != "" && i >= 0 {
		a.Question = all[i]
	}
	return a
}

func article(noun string) string {
	if noun != "" && strings.Contains("aeiou", noun[:1]) {
		return "an " + noun
	}
	return "a " + noun
}

const (
	tooSmall = "The sign is too small to read."
	noSign   = "There is no sign."
)

func (s *Sign) says() string { return "The sign says " + s.Text + "." }

func (s *Sign) tellsShop() string {
	if s.Shop == "" {
		return s.says()
	}
	return "It is " + article(s.Shop) + "."
}

func (s *Street) time() string {
	if s.Day {
		return "day"
	}
	return "night"
}

func (s *Street) tellsTime() string   { return "It is " + s.time() + "." }
func (s *Street) tellsAwning() string { return "The awning is " + s.Awning + "." }
func (s *Street) tellsCar() string    { return "The car is " + s.Car + "." }

// Answers are the questions about a picture that have one right answer, and it, where the picture is seen through the crops
// that boxes are by an encoder of side pixels. The first box is the whole picture. What is between seen and unseen is not
// asked; neither is what the sign says where there are two.
func Answers(p *Picture, boxes []image.Rectangle, side int) []Answer {
	s := &seen{picture: p, boxes: boxes, side: side, whole: boxes[0]}
	s.look()
	s.aboutSign()
	s.aboutThings()
	s.aboutSides()
	s.aboutStreet()
	return s.answers
}

// seen is a picture as it is seen through crops.
type seen struct {
	picture *Picture
	boxes   []image.Rectangle
	side    int
	whole   image.Rectangle

	sign    *Sign   // nil: none, or two
	legible Verdict // of the sign
	visible map[string]Verdict
	answers []Answer
}

func (s *seen) say(kind, a, b, answer string) {
	s.answers = append(s.answers, Answer{Kind: kind, Answer: answer, A: a, B: b}.ask())
}

func (s *seen) look() {
	s.legible = No
	switch p := s.picture; {
	case len(p.Signs) > 1:
		s.legible = Unclear
	case len(p.Signs) == 1 && p.Signs[0].Box.Overlaps(s.whole):
		s.sign = &p.Signs[0]
		s.legible = Legible(s.sign, s.boxes, s.side)
	}
	s.visible = map[string]Verdict{}
	for _, t := range s.picture.Things {
		s.visible[t.Kind] = Visible(t, s.boxes, s.side)
	}
}

// place is where a point is in the whole picture.
func (s *seen) place(x, y float64) string {
	return Place((x-float64(s.whole.Min.X))/float64(s.whole.Dx()), (y-float64(s.whole.Min.Y))/float64(s.whole.Dy()))
}

func (s *seen) aboutSign() {
	if s.sign == nil {
		if s.legible == No {
			for _, kind := range []string{"shop", "sign", "where"} {
				s.say(kind, "", "", noSign)
			}
		}
		return
	}
	switch s.legible {
	case Yes:
		s.say("shop", "", "", s.sign.tellsShop())
		s.say("sign", "", "", s.sign.says())
		if at := s.place(s.sign.Middle()); at != "" {
			s.say("where", "", "", "The sign is "+at+".")
		}
	case No:
		s.say("shop", "", "", tooSmall)
		s.say("sign", "", "", tooSmall)
	}
}

func (s *seen) aboutThings() {
	for _, t := range s.picture.Things {
		if s.visible[t.Kind] != Yes {
			continue
		}
		s.say("thing", t.Kind, "", "The "+t.Kind+" is "+t.Colour+".")
		s.say("is", t.Kind, "", "Yes, there is "+article(t.Colour)+" "+t.Kind+".")
		if at := s.place(t.X, t.Y); at != "" {
			s.say("find", t.Kind, "", "The "+t.Kind+" is "+at+".")
		}
	}
	for _, kind := range Kinds() {
		if v, ok := s.visible[kind]; !ok || v == No {
			for _, question := range []string{"thing", "is", "find"} {
				s.say(question, kind, "", "I can see no "+kind+".")
			}
		}
	}
}

// aboutSides compares any two of the things and the sign that can be seen.
func (s *seen) aboutSides() {
	at := map[string]float64{}
	for _, t := range s.picture.Things {
		if s.visible[t.Kind] == Yes {
			at[t.Kind] = t.X
		}
	}
	if s.sign != nil && s.legible == Yes {
		at["sign"], _ = s.sign.Middle()
	}
	for _, a := range append(Kinds(), "sign") {
		for _, b := range append(Kinds(), "sign") {
			x1, ok1 := at[a]
			x2, ok2 := at[b]
			if ok1 && ok2 && a != b {
				if where := Side(x1, x2, float64(s.whole.Dx())); where != "" {
					s.say("beside", a, b, "The "+a+" is "+where+" of the "+b+".")
				}
			}
		}
	}
}

func (s *seen) aboutStreet() {
	street := s.picture.Street
	extra, clear := s.everything()
	if street != nil && s.picture.canvas.Bounds().In(s.whole) {
		s.say("day", "", "", street.tellsTime())
		s.say("awning", "", "", street.tellsAwning())
		s.say("car", "", "", street.tellsCar())
		if clear {
			s.say("general", "", "", "A street by "+street.time()+" with "+article(street.Car)+" car and "+article(street.Awning)+" awning."+extra)
		}
	} else if street == nil && clear && extra != "" {
		s.say("general", "", "", "A picture."+extra)
	}
}

// everything tells the sign and the things that can be seen, unless it is unclear of any whether it can.
func (s *seen) everything() (text string, clear bool) {
	if s.legible == Unclear {
		return "", false
	}
	if s.sign != nil && s.legible == Yes {
		text = " " + s.sign.says()
	}
	for _, t := range s.picture.Things {
		switch s.visible[t.Kind] {
		case Unclear:
			return "", false
		case Yes:
			text += " There is " + article(t.Colour) + " " + t.Kind + "."
		}
	}
	return text, true
}
