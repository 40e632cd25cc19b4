package statekey

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// plan is how values of one type are written, compiled once.
type plan struct {
	write func(w *walk, p unsafe.Pointer)
	size  uintptr // of a value
	empty bool    // nothing is ever written
	flat  bool    // holds no pointers that are followed, so it cannot lead back to itself
}

// walk is one call of Append.
type walk struct {
	key *Key
	dst []byte
	on  []visit // what is being written, outermost first
}

// visit is an object on the way from the root to here.
type visit struct {
	at   unsafe.Pointer
	size int // of a slice: its length; -1 for others
	plan *plan
}

// enter notes that an object is being written. If it is already on the way here, it writes how far back, and returns false.
func (w *walk) enter(v visit) bool {
	for k := len(w.on) - 1; k >= 0; k-- {
		if w.on[k] == v {
			w.dst = binary.AppendUvarint(append(w.dst, refersBack), uint64(len(w.on)-k))
			return false
		}
	}
	w.on = append(w.on, v)
	return true
}

func (w *walk) leave() { w.on = w.on[:len(w.on)-1] }

// What is written before the object behind a pointer or in an interface.
const (
	isNil byte = iota
	follows
	refersBack
)

func (w *walk) number(n uint64) { w.dst = binary.AppendUvarint(w.dst, n) }

// plansOf are the plans of types.
type plansOf[P any] struct {
	mu    sync.Mutex
	begun map[reflect.Type]*P
	known sync.Map // reflect.Type -> *P, of plans that are complete
}

// get returns the plan of a type, which compile makes, and with it those of the types that it holds, where it is not known.
func (k *plansOf[P]) get(t reflect.Type, compile func(reflect.Type) *P) *P {
	if p, ok := k.known.Load(t); ok {
		return p.(*P)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.begun == nil {
		k.begun = map[reflect.Type]*P{}
	}
	p := compile(t)
	for t, p := range k.begun {
		k.known.Store(t, p)
	}
	return p
}

func (k *Key) planOf(t reflect.Type) *plan { return k.plans.get(t, k.compile) }

// compile makes the plan of a type and of all that it holds. A type that holds itself finds its own plan, not yet complete, which
// is why plans of other types are called through the plan, and never copied.
func (k *Key) compile(t reflect.Type) *plan {
	if p, known := k.plans.begun[t]; known {
		return p
	}
	p := &plan{size: t.Size()}
	k.plans.begun[t] = p
	if c := k.canonical[t]; c != nil {
		c.matched = true
		p.write = func(w *walk, at unsafe.Pointer) {
			start := len(w.dst)
			w.dst = c.write(w.dst, at)
			w.seal(start)
		}
		return p
	}
	if k.skips(nameOf(t), "") {
		p.write, p.empty, p.flat = func(*walk, unsafe.Pointer) {}, true, true
		return p
	}
	switch t.Kind() {
	case reflect.Struct:
		k.compileStruct(t, p)
	case reflect.Array:
		k.compileArray(t, p)
	case reflect.Slice:
		k.compileSlice(t, p)
	case reflect.Pointer:
		k.compilePointer(t, p)
	case reflect.Map:
		k.compileMap(t, p)
	case reflect.Interface:
		k.compileInterface(t, p)
	case reflect.Chan:
		p.write, p.flat = k.compileChannel(t), true
	default:
		p.write, p.flat = scalar(t), true
	}
	return p
}

// compileChannel writes how many elements wait in a channel, where that was asked for.
func (k *Key) compileChannel(t reflect.Type) func(*walk, unsafe.Pointer) {
	if !k.channels {
		return scalar(t)
	}
	return func(w *walk, at unsafe.Pointer) { w.number(uint64(reflect.NewAt(t, at).Elem().Len())) }
}

// seal puts the length of what was written since start before it, so that it cannot run into what follows.
func (w *walk) seal(start int) {
	var length [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(length[:], uint64(len(w.dst)-start))
	w.dst = slices.Insert(w.dst, start, length[:n]...)
}

// scalar writes values that hold no others.
func scalar(t reflect.Type) func(*walk, unsafe.Pointer) {
	switch t.Kind() {
	case reflect.Bool:
		return func(w *walk, p unsafe.Pointer) { w.dst = append(w.dst, *(*byte)(p)) }
	case reflect.Int8:
		return func(w *walk, p unsafe.Pointer) { w.dst = append(w.dst, *(*byte)(p)) }
	case reflect.Int16:
		return func(w *walk, p unsafe.Pointer) { w.dst = binary.AppendVarint(w.dst, int64(*(*int16)(p))) }
	case reflect.Int32:
		return func(w *walk, p unsafe.Pointer) { w.dst = binary.AppendVarint(w.dst, int64(*(*int32)(p))) }
	case reflect.Int64:
		return func(w *walk, p unsafe.Pointer) { w.dst = binary.AppendVarint(w.dst, *(*int64)(p)) }
	case reflect.Int:
		return func(w *walk, p unsafe.Pointer) { w.dst = binary.AppendVarint(w.dst, int64(*(*int)(p))) }
	case reflect.Uint8:
		return func(w *walk, p unsafe.Pointer) { w.dst = append(w.dst, *(*byte)(p)) }
	case reflect.Uint16:
		return func(w *walk, p unsafe.Pointer) { w.number(uint64(*(*uint16)(p))) }
	case reflect.Uint32:
		return func(w *walk, p unsafe.Pointer) { w.number(uint64(*(*uint32)(p))) }
	case reflect.Uint64:
		return func(w *walk, p unsafe.Pointer) { w.number(*(*uint64)(p)) }
	case reflect.Uint:
		return func(w *walk, p unsafe.Pointer) { w.number(uint64(*(*uint)(p))) }
	case reflect.Uintptr:
		return func(w *walk, p unsafe.Pointer) { w.number(uint64(*(*uintptr)(p))) }
	case reflect.Float32:
		return func(w *walk, p unsafe.Pointer) { w.number(uint64(math.Float32bits(*(*float32)(p)))) }
	case reflect.Float64:
		return func(w *walk, p unsafe.Pointer) { w.number(math.Float64bits(*(*float64)(p))) }
	case reflect.Complex64:
		return func(w *walk, p unsafe.Pointer) { w.complex(complex128(*(*complex64)(p))) }
	case reflect.Complex128:
		return func(w *walk, p unsafe.Pointer) { w.complex(*(*complex128)(p)) }
	case reflect.String:
		return func(w *walk, p unsafe.Pointer) {
			s := *(*string)(p)
			w.number(uint64(len(s)))
			w.dst = append(w.dst, s...)
		}
	case reflect.Func:
		return func(w *walk, p unsafe.Pointer) { w.function(*(*unsafe.Pointer)(p)) }
	}
	return func(*walk, unsafe.Pointer) {
		panic(fmt.Sprintf("statekey: %s cannot be written: skip it, or give it a canonical form", nameOf(t)))
	}
}

func (w *walk) complex(c complex128) {
	w.number(math.Float64bits(real(c)))
	w.number(math.Float64bits(imag(c)))
}

// function writes the name of a function, which is the same in every run and every build; the instances of a generic function
// share one, so the place of their code is written too.
func (w *walk) function(f unsafe.Pointer) {
	if f == nil {
		w.number(0)
		return
	}
	code := *(*uintptr)(f)
	name := runtime.FuncForPC(code).Name()
	w.number(uint64(len(name)))
	w.dst = append(w.dst, name...)
	if strings.Contains(name, "[...]") {
		here := (*walk).function
		w.dst = binary.AppendVarint(w.dst, int64(code-reflect.ValueOf(here).Pointer()))
	}
}

// part is a field of a struct.
type part struct {
	offset uintptr
	plan   *plan
}

func (k *Key) compileStruct(t reflect.Type, p *plan) {
	var parts []part
	p.flat = true
	window := k.ringOf(t)
	for n := range t.NumField() {
		f := t.Field(n)
		if f.Name == "_" || k.skips(nameOf(t), f.Name) || window.holds(f.Name) {
			continue
		}
		inner := k.compile(f.Type)
		if inner.empty {
			continue
		}
		p.flat = p.flat && inner.flat
		parts = append(parts, part{f.Offset, inner})
	}
	p.empty = len(parts) == 0
	p.write = func(w *walk, at unsafe.Pointer) {
		for _, f := range parts {
			f.plan.write(w, unsafe.Add(at, f.offset))
		}
	}
	if window != nil {
		k.compileRing(t, window, p)
	}
}

// ringOf returns the ring buffer that a struct type is, or nil.
func (k *Key) ringOf(t reflect.Type) *ring {
	r := k.rings[nameOf(t)]
	if r == nil {
		return nil
	}
	kinds := map[string]reflect.Kind{r.buffer: reflect.Slice, r.start: reflect.Int, r.count: reflect.Int}
	for name, kind := range kinds {
		if f, ok := t.FieldByName(name); !ok || f.Type.Kind() != kind {
			return nil
		}
	}
	r.matched = true
	return r
}

// holds reports whether a field is written with the window.
func (r *ring) holds(field string) bool { return r != nil && (field == r.buffer || field == r.start) }

// compileRing writes the window after the other fields, which include its length.
func (k *Key) compileRing(t reflect.Type, r *ring, p *plan) {
	buffer, _ := t.FieldByName(r.buffer)
	start, _ := t.FieldByName(r.start)
	count, _ := t.FieldByName(r.count)
	elem, others := k.compile(buffer.Type.Elem()), p.write
	p.flat, p.empty = p.flat && elem.flat, false
	p.write = func(w *walk, at unsafe.Pointer) {
		others(w, at)
		s := (*slice)(unsafe.Add(at, buffer.Offset))
		first, n := *(*int)(unsafe.Add(at, start.Offset)), *(*int)(unsafe.Add(at, count.Offset))
		for i := range min(n, s.len) {
			elem.write(w, unsafe.Add(s.data, uintptr((first+i)%s.len)*elem.size))
		}
	}
}

func (k *Key) compileArray(t reflect.Type, p *plan) {
	elem, n := k.compile(t.Elem()), t.Len()
	p.flat, p.empty = elem.flat, elem.empty || n == 0
	p.write = func(w *walk, at unsafe.Pointer) {
		for i := range n {
			elem.write(w, unsafe.Add(at, uintptr(i)*elem.size))
		}
	}
}

// slice is how Go lays out a slice of any type.
type slice struct {
	data     unsafe.Pointer
	len, cap int
}

func (k *Key) compileSlice(t reflect.Type, p *plan) {
	elem := k.compile(t.Elem())
	if t.Elem().Kind() == reflect.Uint8 && k.canonical[t.Elem()] == nil && !elem.empty {
		p.flat = true
		p.write = func(w *walk, at unsafe.Pointer) {
			b := *(*[]byte)(at)
			w.number(uint64(len(b)))
			w.dst = append(w.dst, b...)
		}
		return
	}
	p.write = func(w *walk, at unsafe.Pointer) {
		s := (*slice)(at)
		w.number(uint64(s.len))
		if s.len == 0 {
			return
		}
		if !elem.flat {
			if !w.enter(visit{s.data, s.len, p}) {
				return
			}
			w.dst = append(w.dst, follows)
			defer w.leave()
		}
		for i := range s.len {
			elem.write(w, unsafe.Add(s.data, uintptr(i)*elem.size))
		}
	}
}

func (k *Key) compilePointer(t reflect.Type, p *plan) {
	elem := k.compile(t.Elem())
	p.write = func(w *walk, at unsafe.Pointer) {
		target := *(*unsafe.Pointer)(at)
		if target == nil {
			w.dst = append(w.dst, isNil)
			return
		}
		if !elem.flat && !w.enter(visit{target, -1, elem}) {
			return
		}
		w.dst = append(w.dst, follows)
		elem.write(w, target)
		if !elem.flat {
			w.leave()
		}
	}
}

// compileMap writes the pairs of a map in the order of their keys' bytes. A nil map is not an empty one: it cannot be added to.
func (k *Key) compileMap(t reflect.Type, p *plan) {
	key, elem := k.compile(t.Key()), k.compile(t.Elem())
	plain := t.Key().Kind() == reflect.Uint64 && k.canonical[t.Key()] == nil && !key.empty
	p.write = func(w *walk, at unsafe.Pointer) {
		m := reflect.NewAt(t, at).Elem()
		if m.IsNil() {
			w.dst = append(w.dst, isNil)
			return
		}
		if !w.enter(visit{m.UnsafePointer(), -1, p}) {
			return
		}
		w.dst = append(w.dst, follows)
		w.number(uint64(m.Len()))
		if !plain || !w.numbered(at, t.Elem(), elem) {
			w.pairs(m, key, elem)
		}
		w.leave()
	}
}

// numbered does what pairs does for a few small numbers as keys, in less time. It reports false, and writes nothing, where it cannot. Maps of one kind of
// values are laid out alike, whatever the types are called.
func (w *walk) numbered(at unsafe.Pointer, t reflect.Type, elem *plan) bool {
	var few smallMap
	can := true
	switch t.Kind() {
	case reflect.Bool:
		for key, is := range *(*map[uint64]bool)(at) {
			can = few.put(key, smallValue{is: is}) && can
		}
	case reflect.Pointer:
		for key, to := range *(*map[uint64]unsafe.Pointer)(at) {
			can = few.put(key, smallValue{to: to}) && can
		}
	case reflect.Struct:
		if can = t.Size() == 0; can {
			for key := range *(*map[uint64]struct{})(at) {
				can = few.put(key, smallValue{}) && can
			}
		}
	default:
		can = false
	}
	if !can {
		return false
	}
	for k := range few.n {
		w.number(few.keys[k])
		value := &few.values[k]
		if t.Kind() == reflect.Pointer {
			elem.write(w, unsafe.Pointer(&value.to))
		} else {
			elem.write(w, unsafe.Pointer(&value.is))
		}
	}
	return true
}

// smallMap is the pairs of a map in the order of their keys, which are below the first that takes two bytes.
type smallMap struct {
	n      int
	keys   [8]uint64
	values [8]smallValue
}

// smallValue is a value that is a bool, a pointer or nothing.
type smallValue struct {
	to unsafe.Pointer
	is bool
}

// put puts a pair where it belongs, and reports whether there was room.
func (s *smallMap) put(key uint64, value smallValue) bool {
	if s.n == len(s.keys) || key >= 1<<7 {
		return false
	}
	k := s.n
	for ; k > 0 && s.keys[k-1] > key; k-- {
		s.keys[k], s.values[k] = s.keys[k-1], s.values[k-1]
	}
	s.keys[k], s.values[k] = key, value
	s.n++
	return true
}

// pairs writes each pair after the other, and then puts them in order.
func (w *walk) pairs(m reflect.Value, key, elem *plan) {
	type span struct{ from, value, to int }
	var few [8]span
	all, start := few[:0], len(w.dst)
	k, v := reflect.New(m.Type().Key()), reflect.New(m.Type().Elem())
	for it := m.MapRange(); it.Next(); {
		s := span{from: len(w.dst)}
		k.Elem().SetIterKey(it)
		key.write(w, k.UnsafePointer())
		s.value = len(w.dst)
		v.Elem().SetIterValue(it)
		elem.write(w, v.UnsafePointer())
		s.to = len(w.dst)
		all = append(all, s)
	}
	if len(all) < 2 {
		return
	}
	written := slices.Clone(w.dst[start:])
	slices.SortFunc(all, func(a, b span) int {
		if order := bytes.Compare(written[a.from-start:a.value-start], written[b.from-start:b.value-start]); order != 0 {
			return order
		}
		return bytes.Compare(written[a.value-start:a.to-start], written[b.value-start:b.to-start]) // keys that are NaN
	})
	w.dst = w.dst[:start]
	for _, s := range all {
		w.dst = append(w.dst, written[s.from-start:s.to-start]...)
	}
}

func (k *Key) compileInterface(t reflect.Type, p *plan) {
	p.write = func(w *walk, at unsafe.Pointer) {
		v := reflect.NewAt(t, at).Elem().Elem()
		if !v.IsValid() {
			w.dst = append(w.dst, isNil)
			return
		}
		inner := k.planOf(v.Type())
		w.dst = append(w.dst, follows)
		name := nameOf(v.Type())
		w.number(uint64(len(name)))
		w.dst = append(w.dst, name...)
		if v.Kind() == reflect.Pointer {
			target := v.UnsafePointer()
			inner.write(w, unsafe.Pointer(&target))
			return
		}
		inner.write(w, addressOf(v))
	}
}
