package app

import (
	"reflect"
	"testing"
)

func TestInputs(t *testing.T) {
	doc, err := ParseDocument([]byte(`{"version":1,"pages":[{"width":100,"height":100,"background":"#{{hex}}","elements":[
		{"id":"a","type":"text","x":0,"y":0,"width":50,"height":50,"text":"{{first_name}} likes {{tint}} {{first_name}}"},
		{"id":"b","type":"rect","x":0,"y":0,"width":50,"height":50,"fill":"{{tint}}"},
		{"id":"c","type":"image","x":0,"y":0,"width":50,"height":50,"asset":"{{photo}}"},
		{"id":"e","type":"text","x":0,"y":0,"width":50,"height":50,"text":"{{flag}}","font":"Noto Color Emoji"},
		{"id":"d","type":"text","hidden":true,"x":0,"y":0,"width":50,"height":50,"text":"{{unseen}}"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Input{
		{"hex", ColorInput, "2563eb"},
		{"first_name", Text, "First name"},
		{"tint", ColorInput, "#2563eb"},
		{"photo", Image, ""},
		{"flag", Text, "🌍"},
	}
	if got := doc.Inputs(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
