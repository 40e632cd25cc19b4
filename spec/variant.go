package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Variant is a way in which an implementation may legitimately differ from the paper, or something that it promises besides. Rules that
// it makes void, puts in force or changes name it. Some take numbers: "flexible-quorums:elect=4,commit=2".
type Variant string

// Variants is a set of declared variants.
type Variants []Variant

// EveryVariant lists all variants there are. It must not be changed.
var EveryVariant = variantsOf(Habits)

func variantsOf(habits []*Habit) (vs Variants) {
	for _, h := range habits {
		vs = append(vs, h.Variant)
	}
	return vs
}

// Names returns the names of the variants, in their order.
func (vs Variants) Names() []string {
	names := make([]string, len(vs))
	for k, v := range vs {
		names[k] = string(v)
	}
	return names
}

// Has reports whether v is declared, with whatever numbers.
func (vs Variants) Has(v Variant) bool {
	for _, w := range vs {
		if w.is(v) {
			return true
		}
	}
	return false
}

// Name returns the variant without its numbers.
func (v Variant) Name() Variant {
	name, _, _ := strings.Cut(string(v), ":")
	return Variant(name)
}

func (v Variant) is(name Variant) bool {
	return v == name || len(v) > len(name) && v[len(name)] == ':' && v[:len(name)] == name
}

// Check says what is wrong with a declaration: a name that nothing has, or numbers that the variant does not take. nil is nothing.
func (v Variant) Check() error {
	h, known := HabitOf(v)
	if !known {
		return fmt.Errorf("unknown variant %q", v.Name())
	}
	_, list, has := strings.Cut(string(v), ":")
	switch {
	case !has && h.Needs:
		return fmt.Errorf("the variant %q needs numbers, as in %q", v.Name(), h.Takes)
	case !has:
		return nil
	case h.Takes == "":
		return fmt.Errorf("the variant %q takes no numbers", v.Name())
	}
	if _, wrong, ok := readNumbers(list, h.keys()); !ok {
		return fmt.Errorf("variant %q: %q is not of the form %q, with whole numbers above 0", v, wrong, h.Takes)
	}
	return nil
}

// numbers returns the numbers of a declared variant by name, nil if it is not declared or has none.
func (vs Variants) numbers(name Variant) map[string]int {
	for _, w := range vs {
		if w.is(name) {
			_, list, _ := strings.Cut(string(w), ":")
			numbers, _, _ := readNumbers(list, nil)
			return numbers
		}
	}
	return nil
}

// readNumbers reads "elect=4,commit=2", and returns the first part that is not so or not among the keys, if there are any.
func readNumbers(list string, keys []string) (numbers map[string]int, wrong string, ok bool) {
	numbers = map[string]int{}
	for part := range strings.SplitSeq(list, ",") {
		key, digits, _ := strings.Cut(part, "=")
		n, err := strconv.ParseUint(digits, 10, 16)
		if _, twice := numbers[key]; err != nil || n == 0 || twice || keys != nil && !slices.Contains(keys, key) {
			return numbers, part, false
		}
		numbers[key] = int(n)
	}
	return numbers, "", true
}

// keys returns the names of the numbers that a variant takes.
func (h *Habit) keys() (keys []string) {
	_, list, _ := strings.Cut(h.Takes, ":")
	for part := range strings.SplitSeq(list, ",") {
		key, _, _ := strings.Cut(part, "=")
		keys = append(keys, key)
	}
	return keys
}

// HabitOf returns what a variant means, and whether there is one of that name.
func HabitOf(v Variant) (*Habit, bool) {
	k := slices.IndexFunc(Habits, func(h *Habit) bool { return h.Variant == v.Name() })
	if k < 0 {
		return nil, false
	}
	return Habits[k], true
}

// Void returns the rules that are not judged of an implementation that declares the variant.
func (h *Habit) Void() []*Rule {
	return rulesWhere(func(r *Rule) bool { return slices.Contains(r.Unless, h.Variant) })
}

// InForce returns the rules that are judged only of implementations that declare the variant, or another one that asks for them.
func (h *Habit) InForce() []*Rule {
	return rulesWhere(func(r *Rule) bool { return slices.Contains(r.Only, h.Variant) })
}

// Varied returns the rules that are judged otherwise.
func (h *Habit) Varied() []*Rule {
	return rulesWhere(func(r *Rule) bool { return slices.Contains(r.Varies, h.Variant) })
}

func rulesWhere(is func(*Rule) bool) (rules []*Rule) {
	for _, r := range AllRules() {
		if is(r) {
			rules = append(rules, r)
		}
	}
	return rules
}
