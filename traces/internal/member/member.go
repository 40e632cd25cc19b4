// Package member takes members out of lines of JSON, for tests of what a reader makes of a line that lacks some.
package member

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/traces/internal/scan"
)

// Paths lists the paths of all members below a value that was read from JSON, as in "msg.state.0.view" for one in the first element of a list.
func Paths(value any, path string) (paths []string) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			paths = append(append(paths, path+"."+name), Paths(inner, path+"."+name)...)
		}
	case []any:
		for k, inner := range v {
			paths = append(paths, Paths(inner, fmt.Sprintf("%s.%d", path, k))...)
		}
	}
	slices.Sort(paths)
	return paths
}

// Without returns a line without the member at a path, its numbers as they were. It panics if there is none.
func Without(line []byte, path string) []byte {
	var read any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	must(decoder.Decode(&read))
	names := strings.Split(path, ".")
	last := len(names) - 1
	at := read
	for _, name := range names[:last] {
		switch v := at.(type) {
		case map[string]any:
			at = v[name]
		case []any:
			var k int
			_, err := fmt.Sscan(name, &k)
			must(err)
			at = v[k]
		}
	}
	members := at.(map[string]any)
	if _, is := members[names[last]]; !is {
		panic("there is no " + path)
	}
	delete(members, names[last])
	text, err := json.Marshal(read)
	must(err)
	return text
}

// Doubled returns a line once for each of its members, with that member twice, by the member's name.
func Doubled(line []byte) map[string][][]byte {
	doubled := map[string][][]byte{}
	var walk func(l *scan.Line)
	walk = func(l *scan.Line) {
		switch l.Peek() {
		case '{':
			for l.Open('{'); l.More('}'); {
				l.Peek()
				from := l.At()
				name := string(l.Key())
				walk(l)
				twice := slices.Insert(slices.Clone(line), l.At(), append([]byte{','}, line[from:l.At()]...)...)
				doubled[name] = append(doubled[name], twice)
			}
		case '[':
			for l.Open('['); l.More(']'); {
				walk(l)
			}
		default:
			l.Skip()
		}
	}
	l := scan.New(line)
	walk(&l)
	must(l.Err())
	return doubled
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
