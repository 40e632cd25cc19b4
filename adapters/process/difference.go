package process

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// difference returns where two JSON texts that mean different things differ first, with what stands there, as in
// "post.term is 2 and 3"; "" when they mean the same.
func difference(a, b string) string {
	if a == b {
		return ""
	}
	return differing("", decoded(a), decoded(b))
}

func differing(path string, a, b any) string {
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			return differingMembers(path, x, y)
		}
	case []any:
		if y, ok := b.([]any); ok {
			return differingElements(path, x, y)
		}
	default:
		if _, object := b.(map[string]any); object {
			break
		}
		if _, list := b.([]any); !list && a == b {
			return ""
		}
	}
	return fmt.Sprintf("%s is %s and %s", orAll(path), show(a), show(b))
}

// first are the members that say most about what went wrong; the others follow in alphabetical order.
var first = []string{"refused", "redirect", "effects", "post", "role", "term", "votedFor", "log", "commit"}

func differingMembers(path string, a, b map[string]any) string {
	var names []string
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		if _, both := a[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	rank := func(name string) int {
		if k := slices.Index(first, name); k >= 0 {
			return k
		}
		return len(first)
	}
	slices.SortStableFunc(names, func(x, y string) int { return rank(x) - rank(y) })
	for _, name := range names {
		x, inA := a[name]
		y, inB := b[name]
		if !inA || !inB {
			there := x
			if !inA {
				there = y
			}
			return fmt.Sprintf("%s is %s in one of them only", within(path, name), show(there))
		}
		if d := differing(within(path, name), x, y); d != "" {
			return d
		}
	}
	return ""
}

func differingElements(path string, a, b []any) string {
	for k := range min(len(a), len(b)) {
		if d := differing(within(path, strconv.Itoa(k)), a[k], b[k]); d != "" {
			return d
		}
	}
	if len(a) != len(b) {
		return fmt.Sprintf("%s has %d elements and %d", orAll(path), len(a), len(b))
	}
	return ""
}

func within(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func orAll(path string) string {
	if path == "" {
		return "the answer"
	}
	return path
}

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return excerpt(string(text), 0)
}
