package statekey

import (
	"reflect"
	"slices"
	"unsafe"
)

// Key knows how to write objects as canonical bytes. It compiles a plan for each type when it first meets it. It may be used
// from several goroutines.
type Key struct {
	skip      map[string]*skipped
	canonical map[reflect.Type]*canonical
	rings     map[string]*ring
	channels  bool
	plans     plansOf[plan]
}

// Option is a deviation from the plain walk.
type Option func(*Key)

type skipped struct {
	fields  []string // none skips the type wherever it is met
	matched []bool
}

type canonical struct {
	write   func(dst []byte, p unsafe.Pointer) []byte
	matched bool
}

// ring names the fields of a ring buffer.
type ring struct {
	buffer, start, count string
	matched              bool
}

// Skip leaves out fields of a struct type, or with no fields every value of the type. The type is named with the path of its
// package, as in "go.etcd.io/raft/v3.raft", so that unexported types can be named too.
func Skip(typeName string, fields ...string) Option {
	return func(k *Key) {
		s := k.skip[typeName]
		if s == nil {
			s = &skipped{}
			k.skip[typeName] = s
		}
		s.fields = append(s.fields, fields...)
		s.matched = make([]bool, max(len(s.fields), 1))
	}
}

// Canonical writes values of type T with a function. It must append equal bytes for values that behave alike, and must not
// keep or change the value.
func Canonical[T any](write func(dst []byte, value *T) []byte) Option {
	return func(k *Key) {
		k.canonical[reflect.TypeFor[T]()] = &canonical{write: func(dst []byte, p unsafe.Pointer) []byte { return write(dst, (*T)(p)) }}
	}
}

// Ring writes a struct type that is a ring buffer as what is in its window, count elements of buffer from start on, wherever in the
// buffer that is. Its other fields are written too. The type is named as for Skip.
func Ring(typeName, buffer, start, count string) Option {
	return func(k *Key) { k.rings[typeName] = &ring{buffer: buffer, start: start, count: count} }
}

// Channels writes a channel as the number of elements that wait in it, in place of a panic. What the elements are is not seen.
func Channels() Option { return func(k *Key) { k.channels = true } }

// New returns a key with the given options.
func New(options ...Option) *Key {
	k := &Key{skip: map[string]*skipped{}, canonical: map[reflect.Type]*canonical{}, rings: map[string]*ring{}}
	for _, o := range options {
		o(k)
	}
	return k
}

// Append appends the canonical bytes of an object: of what it points to, if it is a pointer. Nil and empty slices are the same,
// maps are sorted, pointers are followed, and a pointer back to what is being written is written as how far back. An interface
// is written with the dynamic type of its value. Two pointers to one object are written like two pointers to two equal ones.
//
// It panics, naming the type, when it meets a channel or an unsafe.Pointer that is neither skipped nor has a canonical form.
func (k *Key) Append(dst []byte, object any) []byte {
	v := reflect.ValueOf(object)
	if !v.IsValid() {
		return append(dst, 0)
	}
	p, at := k.planOf(v.Type()), addressOf(v)
	w := walk{key: k, dst: dst}
	p.write(&w, at)
	return w.dst
}

// Unmatched names the options that matched no type or field of the objects written so far, in the order of their names. A name in
// this list is misspelt, or belongs to another version of the code.
func (k *Key) Unmatched() []string {
	k.plans.mu.Lock()
	defer k.plans.mu.Unlock()
	var names []string
	for name, s := range k.skip {
		for n, matched := range s.matched {
			switch {
			case matched:
			case len(s.fields) == 0:
				names = append(names, name)
			default:
				names = append(names, name+"."+s.fields[n])
			}
		}
	}
	for t, c := range k.canonical {
		if !c.matched {
			names = append(names, nameOf(t))
		}
	}
	for name, r := range k.rings {
		if !r.matched {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// skips reports whether a field of a type is left out, or for an empty field the whole type.
func (k *Key) skips(typeName, field string) bool {
	s := k.skip[typeName]
	if s == nil {
		return false
	}
	if field == "" {
		if len(s.fields) > 0 {
			return false
		}
		s.matched[0] = true
		return true
	}
	for n, f := range s.fields {
		if f == field {
			s.matched[n] = true
			return true
		}
	}
	return false
}

// nameOf names a type with the whole path of its package.
func nameOf(t reflect.Type) string {
	if t.Name() == "" || t.PkgPath() == "" {
		return t.String()
	}
	return t.PkgPath() + "." + t.Name()
}

// addressOf returns where a value is, copying it to a place of its own if it has none.
func addressOf(v reflect.Value) unsafe.Pointer {
	if v.CanAddr() {
		return v.Addr().UnsafePointer()
	}
	box := reflect.New(v.Type())
	box.Elem().Set(v)
	return box.UnsafePointer()
}
