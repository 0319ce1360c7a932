package experiment

import "slices"

// Words has each text once: of a thousand records of the same setting all speak of the
// same metrics.
type Words map[string]string

// Shared is the record with texts that are shared with those of records before it, and
// with lists that are no longer than they need to be.
func (w Words) Shared(r Record) Record {
	r.Name = w.one(r.Name)
	r.Metrics = slices.Clone(r.Metrics)
	for i := range r.Metrics {
		r.Metrics[i].Path = w.one(r.Metrics[i].Path)
	}
	r.Expectations = slices.Clone(r.Expectations)
	for i := range r.Expectations {
		o := &r.Expectations[i]
		o.Text, o.Why = w.one(o.Text), w.one(o.Why)
	}
	r.Blast = slices.Clone(r.Blast)
	for i := range r.Blast {
		r.Blast[i] = w.one(r.Blast[i])
	}
	return r
}

// maxWords bounds how many texts are shared; those beyond are left as they are.
const maxWords = 1 << 20

func (w Words) one(text string) string {
	if shared, ok := w[text]; ok {
		return shared
	}
	if len(w) < maxWords {
		w[text] = text
	}
	return text
}
