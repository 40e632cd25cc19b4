package bubble

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// Inputs that differ in any field, of the message too, are two inputs.
func TestInputsAreToldApartByAllTheirFields(t *testing.T) {
	seen := map[string]string{string(inputs.Append(nil, &spec.Input{})): "nothing"}
	var in spec.Input
	var walk func(v reflect.Value, name string)
	walk = func(v reflect.Value, name string) {
		if v.Kind() == reflect.Struct {
			for k := range v.NumField() {
				walk(v.Field(k), name+"."+v.Type().Field(k).Name)
			}
			return
		}
		before := reflect.New(v.Type()).Elem()
		before.Set(v)
		switch v.Kind() {
		case reflect.String:
			v.SetString("x")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		default:
			v.Set(reflect.ValueOf(1).Convert(v.Type()))
		}
		key := string(inputs.Append(nil, &in))
		require.Empty(t, seen[key], name)
		seen[key] = name
		v.Set(before)
	}
	walk(reflect.ValueOf(&in).Elem(), "Input")
	require.Greater(t, len(seen), 20)
}
