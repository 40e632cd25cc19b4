package statekey

import (
	"bytes"
	"fmt"
	"reflect"
	"runtime"
	"slices"
)

// Difference names the first field, in the order of writing, in which two objects of one type differ as Append sees them, with both
// values: "raft.trk.Votes[2]: true and false". It is "" if and only if Append writes the same bytes for both. It is slow, and meant
// for messages.
func (k *Key) Difference(a, b any) string {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	if !x.IsValid() || !y.IsValid() || x.Type() != y.Type() {
		if !x.IsValid() && !y.IsValid() {
			return ""
		}
		return fmt.Sprintf("%T and %T", a, b)
	}
	if bytes.Equal(k.Append(nil, a), k.Append(nil, b)) {
		return ""
	}
	d := differ{key: k}
	return d.values("", inPlace(x), inPlace(y))
}

// inPlace returns a value that can be addressed and read in full, whatever is exported.
func inPlace(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), addressOf(v)).Elem()
}

// differ walks two objects at once.
type differ struct {
	key *Key
	on  [][2]visit // where it is in both, outermost first
}

func (d *differ) values(path string, a, b reflect.Value) string {
	t := a.Type()
	if c := d.key.canonical[t]; c != nil {
		x, y := c.write(nil, a.Addr().UnsafePointer()), c.write(nil, b.Addr().UnsafePointer())
		return unless(bytes.Equal(x, y), path, fmt.Sprintf("canonical form %x", x), fmt.Sprintf("%x", y))
	}
	if d.key.planOf(t).empty {
		return ""
	}
	if d.key.ringOf(t) != nil {
		x, y := d.key.Append(nil, a.Addr().Interface()), d.key.Append(nil, b.Addr().Interface())
		return unless(bytes.Equal(x, y), path, fmt.Sprintf("window %x", x), fmt.Sprintf("%x", y))
	}
	switch t.Kind() {
	case reflect.Struct:
		return d.fields(path, a, b)
	case reflect.Array:
		return d.elements(path, a, b)
	case reflect.Slice:
		if a.Len() != b.Len() {
			return unless(false, path, fmt.Sprintf("%d elements", a.Len()), fmt.Sprintf("%d", b.Len()))
		}
		if a.Len() == 0 {
			return ""
		}
		return d.around(path, a, b, a.Len(), func() string { return d.elements(path, a, b) })
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return unless(a.IsNil() == b.IsNil(), path, nilOrNot(a), nilOrNot(b))
		}
		return d.around(path, a, b, -1, func() string { return d.values(path, a.Elem(), b.Elem()) })
	case reflect.Map:
		if a.IsNil() || b.IsNil() {
			return unless(a.IsNil() == b.IsNil(), path, nilOrNot(a), nilOrNot(b))
		}
		return d.around(path, a, b, -1, func() string { return d.pairs(path, a, b) })
	case reflect.Interface:
		return d.dynamic(path, a, b)
	case reflect.Chan:
		return unless(a.Len() == b.Len(), path, fmt.Sprintf("%d elements", a.Len()), fmt.Sprintf("%d", b.Len()))
	case reflect.Func:
		x, y := nameOfFunction(a), nameOfFunction(b)
		return unless(x == y && a.Pointer() == b.Pointer(), path, x, y)
	}
	x, y := d.key.Append(nil, a.Interface()), d.key.Append(nil, b.Interface())
	return unless(bytes.Equal(x, y), path, fmt.Sprintf("%#v", a.Interface()), fmt.Sprintf("%#v", b.Interface()))
}

// unless says that two values differ, if they do.
func unless(same bool, path, a, b string) string {
	switch {
	case same:
		return ""
	case path == "":
		return a + " and " + b
	}
	return path + ": " + a + " and " + b
}

func nilOrNot(v reflect.Value) string {
	if v.IsNil() {
		return "nil"
	}
	return "not nil"
}

func nameOfFunction(v reflect.Value) string {
	if v.IsNil() {
		return "nil"
	}
	return runtime.FuncForPC(v.Pointer()).Name()
}

// around compares what two pointers, maps or slices lead to, unless they lead back to where the walk comes from.
func (d *differ) around(path string, a, b reflect.Value, size int, inner func() string) string {
	here := [2]visit{{a.UnsafePointer(), size, d.key.planOf(a.Type())}, {b.UnsafePointer(), size, d.key.planOf(b.Type())}}
	back := [2]int{}
	for n, v := range here {
		back[n] = slices.IndexFunc(d.on, func(on [2]visit) bool { return on[n] == v })
	}
	if back[0] >= 0 || back[1] >= 0 {
		return unless(back[0] == back[1], path, backTo(len(d.on), back[0]), backTo(len(d.on), back[1]))
	}
	d.on = append(d.on, here)
	defer func() { d.on = d.on[:len(d.on)-1] }()
	return inner()
}

func backTo(depth, at int) string {
	if at < 0 {
		return "leads on"
	}
	return fmt.Sprintf("leads %d back", depth-at)
}

func (d *differ) fields(path string, a, b reflect.Value) string {
	t := a.Type()
	for n := range t.NumField() {
		f := t.Field(n)
		if f.Name == "_" || d.key.leavesOut(nameOf(t), f.Name) {
			continue
		}
		inner := f.Name
		if path != "" {
			inner = path + "." + f.Name
		}
		if found := d.values(inner, open(a.Field(n)), open(b.Field(n))); found != "" {
			return found
		}
	}
	return ""
}

// leavesOut is skips without taking note of it.
func (k *Key) leavesOut(typeName, field string) bool {
	s := k.skip[typeName]
	return s != nil && slices.Contains(s.fields, field)
}

// open lifts the ban on reading a field that is not exported.
func open(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
}

func (d *differ) elements(path string, a, b reflect.Value) string {
	for n := range a.Len() {
		if found := d.values(fmt.Sprintf("%s[%d]", path, n), a.Index(n), b.Index(n)); found != "" {
			return found
		}
	}
	return ""
}

// pairs compares two maps by the bytes of their keys, in that order.
func (d *differ) pairs(path string, a, b reflect.Value) string {
	x, y := d.keyed(a), d.keyed(b)
	names := slices.Collect(func(yield func(string) bool) {
		for _, m := range []map[string][2]reflect.Value{x, y} {
			for name := range m {
				if !yield(name) {
					return
				}
			}
		}
	})
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		p, inX := x[name]
		q, inY := y[name]
		switch {
		case !inX:
			return unless(false, fmt.Sprintf("%s[%v]", path, q[0]), "absent", "present")
		case !inY:
			return unless(false, fmt.Sprintf("%s[%v]", path, p[0]), "present", "absent")
		}
		if found := d.values(fmt.Sprintf("%s[%v]", path, p[0]), p[1], q[1]); found != "" {
			return found
		}
	}
	return ""
}

// keyed returns the pairs of a map by the bytes of their keys; keys that are written alike get a number.
func (d *differ) keyed(m reflect.Value) map[string][2]reflect.Value {
	all := map[string][2]reflect.Value{}
	for it := m.MapRange(); it.Next(); {
		name := string(d.key.Append(nil, it.Key().Interface()))
		for n := 1; ; n++ {
			if _, taken := all[name]; !taken {
				break
			}
			name = fmt.Sprintf("%s#%d", name, n)
		}
		all[name] = [2]reflect.Value{it.Key(), inPlace(it.Value())}
	}
	return all
}

func (d *differ) dynamic(path string, a, b reflect.Value) string {
	if a.IsNil() || b.IsNil() {
		return unless(a.IsNil() == b.IsNil(), path, nilOrNot(a), nilOrNot(b))
	}
	x, y := a.Elem(), b.Elem()
	if x.Type() != y.Type() {
		return unless(false, path, nameOf(x.Type()), nameOf(y.Type()))
	}
	return d.values(path, inPlace(x), inPlace(y))
}
