package app

import "maps"

// NoImage is the asset of an image that waits for its variable's value: the canvas
// draws one of ours there.
const NoImage = "none"

// Preview is the document resolved with values, and with readable ones where there
// are none: a design as it is shown before it is filled in.
func (d Document) Preview(values map[string]string) (Document, error) {
	all := d.samples()
	maps.Copy(all, values)
	return d.leaveImagesOut(all).Resolve(all)
}

// samples are readable values of all variables; those of images are empty.
func (d Document) samples() map[string]string {
	values := map[string]string{}
	for _, in := range d.Inputs() {
		values[in.Name] = in.Value
	}
	return values
}

// leaveImagesOut puts NoImage where a value of an image is missing.
func (d Document) leaveImagesOut(values map[string]string) Document {
	d = d.copy()
	d.templates(func(t template) {
		for part, variable := range parts(t.text) {
			if t.name == "asset" && variable && values[part] == "" {
				t.set(NoImage)
			}
		}
	})
	return d
}
