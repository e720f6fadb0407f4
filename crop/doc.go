// Package crop turns an encoded picture into what a vision tower reads: it decodes the picture, cuts it
// into overlapping boxes and resizes each box to a square of normalised pixels. It knows no model.
package crop
