package report

import (
	"reflect"

	"github.com/raftcheck/raftcheck/legible"
)

// shown returns a copy of a report in which no text holds what a terminal would obey, nor a line break: names, values and paths that
// somebody else chose are in nearly all of them, and a line that they begin would look like one of ours. Lines of a file are left as they
// are, since columns count in them; whoever shows them goes by [printable].
func (r *Report) shown() *Report { return shown(reflect.ValueOf(r)).Interface().(*Report) }

// asItIs are the fields that shown leaves alone: lines of files, executions, and sketches of what was seen.
var asItIs = map[reflect.Type]map[string]bool{
	reflect.TypeFor[Evidence](): {"Text": true},
	reflect.TypeFor[Finding]():  {"Execution": true, "Breach": true},
	reflect.TypeFor[Campaign](): {"Execution": true, "Seen": true},
	reflect.TypeFor[Report]():   {"Execution": true},
	reflect.TypeFor[File]():     {"Execution": true, "Broken": true, "Original": true},
}

func shown(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.String:
		out.SetString(legible.Line(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(shown(v.Elem()))
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for k := range v.Len() {
				out.Index(k).Set(shown(v.Index(k)))
			}
		}
	case reflect.Array:
		for k := range v.Len() {
			out.Index(k).Set(shown(v.Index(k)))
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMap(v.Type()))
			for _, key := range v.MapKeys() {
				out.SetMapIndex(shown(key), shown(v.MapIndex(key)))
			}
		}
	case reflect.Struct:
		for k := range v.NumField() {
			if f := v.Type().Field(k); f.IsExported() && !asItIs[v.Type()][f.Name] {
				out.Field(k).Set(shown(v.Field(k)))
			}
		}
	}
	return out
}
