package statekey

import (
	"reflect"
	"strings"
	"unsafe"
)

// Find returns the field of type T at the end of a path of field names, "raft.trk.Votes", exported or not. Pointers on the way are
// followed. It reports false when there is no such field, it has another type, or a pointer on the way is nil. object must be a
// pointer; what Find returns points into it.
func Find[T any](object any, path string) (*T, bool) {
	v := reflect.ValueOf(object)
	for _, name := range strings.Split(path, ".") {
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return nil, false
		}
		if v = v.FieldByName(name); !v.IsValid() || !v.CanAddr() {
			return nil, false
		}
		v = open(v)
	}
	if v.Type() != reflect.TypeFor[T]() || !v.CanAddr() {
		return nil, false
	}
	return (*T)(unsafe.Pointer(v.UnsafeAddr())), true
}
