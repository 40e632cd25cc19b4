package statekey

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"unsafe"
)

// Copier copies objects whole, with all that they lead to, so that the copy and the object share nothing that either of them may change: pointers, slices and maps
// are followed, whatever is exported. Pointers to one object become pointers to one copy. Strings, types named in the options, and what interfaces
// hold that is no pointer are shared. It compiles a plan for each type when it first meets it, and may be used from several goroutines.
//
// Pointers into the middle of another object, and slices that overlap, are copied as if each stood alone: an object in which they are written
// through is not copied rightly. A test that compares what copies do with what their originals do finds that out.
type Copier struct {
	shared map[string]bool
	plans  plansOf[copyPlan]
}

// copyPlan is how what a value of one type leads to is copied, once the value itself has been.
type copyPlan struct {
	size  uintptr
	still bool // it leads to nothing that must be copied
	fix   func(c *copying, at unsafe.Pointer)
}

// copying is one call of Copy.
type copying struct {
	copier *Copier
	met    []metObject
	refuse string // why it cannot be copied; "" if it can
}

// metObject is an object that was copied.
type metObject struct {
	from, to unsafe.Pointer
	plan     *copyPlan
}

// NewCopier returns a copier that shares values of the types named, as in "go.etcd.io/raft/v3.DefaultLogger", by pointer or in place.
func NewCopier(shared ...string) *Copier {
	c := &Copier{shared: map[string]bool{}}
	for _, name := range shared {
		c.shared[name] = true
	}
	return c
}

// Copy copies what a pointer leads to, over what to points to. The error names a type that cannot be copied: a channel, an unsafe.Pointer, or a function that
// may hold variables, unless it is a method of an object that was copied. Then what is in to is not to be used.
func Copy[T any](c *Copier, to, from *T) error {
	p := c.planOf(reflect.TypeFor[T]())
	*to = *from
	w := copying{copier: c, met: make([]metObject, 0, 32)}
	w.met = append(w.met, metObject{unsafe.Pointer(from), unsafe.Pointer(to), p})
	w.finish(p, unsafe.Pointer(to))
	if w.refuse != "" {
		return fmt.Errorf("statekey: %s cannot be copied", w.refuse)
	}
	return nil
}

// finish copies what a value leads to.
func (c *copying) finish(p *copyPlan, at unsafe.Pointer) {
	if !p.still {
		p.fix(c, at)
	}
}

// object copies an object of a type, once.
func (c *copying) object(t reflect.Type, p *copyPlan, from unsafe.Pointer) unsafe.Pointer {
	for _, m := range c.met {
		if m.from == from && m.plan == p {
			return m.to
		}
	}
	to := reflect.New(t)
	to.Elem().Set(reflect.NewAt(t, from).Elem())
	at := to.UnsafePointer()
	c.met = append(c.met, metObject{from, at, p})
	c.finish(p, at)
	return at
}

func (k *Copier) planOf(t reflect.Type) *copyPlan { return k.plans.get(t, k.compile) }

// compile makes the plan of a type and of all that it holds. As of a type that holds itself the plan is not complete yet, only what has no pointers is taken
// to be still.
func (k *Copier) compile(t reflect.Type) *copyPlan {
	if p, known := k.plans.begun[t]; known {
		return p
	}
	p := &copyPlan{size: t.Size()}
	k.plans.begun[t] = p
	if k.shared[nameOf(t)] {
		p.still = true
		return p
	}
	switch t.Kind() {
	case reflect.Struct:
		k.compileStruct(t, p)
	case reflect.Array:
		elem, n := k.compile(t.Elem()), t.Len()
		p.still = elem.still
		p.fix = func(c *copying, at unsafe.Pointer) { c.each(elem, at, n) }
	case reflect.Slice:
		k.compileSlice(t, p)
	case reflect.Pointer:
		elem, to := k.compile(t.Elem()), t.Elem()
		p.still = k.shared[nameOf(to)]
		p.fix = func(c *copying, at unsafe.Pointer) {
			if target := (*unsafe.Pointer)(at); *target != nil {
				*target = c.object(to, elem, *target)
			}
		}
	case reflect.Map:
		k.compileMap(t, p)
	case reflect.Interface:
		p.fix = func(c *copying, at unsafe.Pointer) { c.dynamic(reflect.NewAt(t, at).Elem()) }
	case reflect.Func:
		p.fix = func(c *copying, at unsafe.Pointer) { c.function((*unsafe.Pointer)(at)) }
	case reflect.Chan, reflect.UnsafePointer:
		name := nameOf(t)
		p.fix = func(c *copying, at unsafe.Pointer) {
			if *(*unsafe.Pointer)(at) != nil {
				c.refuse = name
			}
		}
	default:
		p.still = true
	}
	return p
}

// each finishes the elements of an array.
func (c *copying) each(elem *copyPlan, at unsafe.Pointer, n int) {
	for i := range n {
		c.finish(elem, unsafe.Add(at, uintptr(i)*elem.size))
	}
}

func (k *Copier) compileStruct(t reflect.Type, p *copyPlan) {
	type part struct {
		offset uintptr
		plan   *copyPlan
	}
	var parts []part
	for n := range t.NumField() {
		f := t.Field(n)
		if inner := k.compile(f.Type); !inner.still {
			parts = append(parts, part{f.Offset, inner})
		}
	}
	p.still = len(parts) == 0
	p.fix = func(c *copying, at unsafe.Pointer) {
		for _, f := range parts {
			f.plan.fix(c, unsafe.Add(at, f.offset))
		}
	}
}

// compileSlice copies elements up to the length: what is behind it may be anything.
func (k *Copier) compileSlice(t reflect.Type, p *copyPlan) {
	elem := k.compile(t.Elem())
	p.fix = func(c *copying, at unsafe.Pointer) {
		s := (*slice)(at)
		if s.data == nil {
			return
		}
		made := reflect.MakeSlice(t, s.len, s.len)
		reflect.Copy(made, reflect.NewAt(t, at).Elem())
		reflect.NewAt(t, at).Elem().Set(made)
		if !elem.still {
			c.each(elem, s.data, s.len)
		}
	}
}

func (k *Copier) compileMap(t reflect.Type, p *copyPlan) {
	key, elem := k.compile(t.Key()), k.compile(t.Elem())
	p.fix = func(c *copying, at unsafe.Pointer) {
		m := reflect.NewAt(t, at).Elem()
		if m.IsNil() {
			return
		}
		made := reflect.MakeMapWithSize(t, m.Len())
		a, b := reflect.New(t.Key()), reflect.New(t.Elem())
		for it := m.MapRange(); it.Next(); {
			a.Elem().SetIterKey(it)
			b.Elem().SetIterValue(it)
			c.finish(key, a.UnsafePointer())
			c.finish(elem, b.UnsafePointer())
			made.SetMapIndex(a.Elem(), b.Elem())
		}
		m.Set(made)
	}
}

// dynamic copies what an interface holds.
func (c *copying) dynamic(v reflect.Value) {
	held := v.Elem()
	if !held.IsValid() {
		return
	}
	t := held.Type()
	p := c.copier.planOf(t)
	if p.still {
		return
	}
	box := reflect.New(t)
	box.Elem().Set(held)
	c.finish(p, box.UnsafePointer())
	v.Set(box.Elem())
}

// closure is how Go lays out a function that is a method of an object.
type closure struct {
	code     uintptr
	receiver unsafe.Pointer
}

// function binds a method to the copy of its object.
func (c *copying) function(f *unsafe.Pointer) {
	if *f == nil {
		return
	}
	name := runtime.FuncForPC(*(*uintptr)(*f)).Name()
	if !strings.HasSuffix(name, "-fm") {
		if inner := name[strings.LastIndexByte(name, '/')+1:]; strings.Contains(inner, ".func") {
			c.refuse = name
		}
		return
	}
	bound := (*closure)(*f)
	k := slices.IndexFunc(c.met, func(m metObject) bool { return m.from == bound.receiver })
	if k < 0 {
		c.refuse = name
		return
	}
	*f = unsafe.Pointer(&closure{bound.code, c.met[k].to})
}
