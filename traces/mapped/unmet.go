package mapped

import (
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/traces"
)

// path is a field that a mapping names, where a value comes from.
type path struct {
	name  string // of the member
	field string
	exact bool // it has a pattern, which the field's text must match
	line  int  // of the mapping
	block int  // of which member list it is, an index into Mapping.blocks; 0 is none
}

// block is a list of members.
type block struct {
	what string
	line int // of the mapping
}

// newPath takes in a path, and returns its number.
func (m *Mapping) newPath(p path) int {
	m.paths = append(m.paths, p)
	return len(m.paths)
}

// sightings say of each path whether lines were asked for it, and whether any had it. 0 is no path.
type sightings struct{ asked, met []bool }

func (s *sightings) note(path int, met bool) {
	if path < len(s.asked) {
		s.asked[path] = true
		s.met[path] = s.met[path] || met
	}
}

// Unmet tells of the fields that the mapping names and that no line had on which they are looked for, once the log was read to its end.
func (r *Reader) Unmet() (all []string) {
	if !r.ended {
		return nil
	}
	for k, p := range r.mapping.paths {
		if !r.line.seen.asked[k+1] || r.line.seen.met[k+1] {
			continue
		}
		as := ""
		if p.exact {
			as = " as the pattern has it"
		}
		if text := fmt.Sprintf("%s: no line has %q%s, which %s is read from", r.mapping.place(p.line), p.field, as, p.name); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// unmetBlock returns an error for a list of members of which several were looked for, and no line had any: nothing of what it is for was read.
func (r *Reader) unmetBlock() error {
	for k := 1; k < len(r.mapping.blocks); k++ {
		asked, met := 0, false
		for j, p := range r.mapping.paths {
			if p.block == k && r.line.seen.asked[j+1] {
				asked++
				met = met || r.line.seen.met[j+1]
			}
		}
		if asked > 1 && !met {
			b := r.mapping.blocks[k]
			return &traces.InputError{File: r.lines.Name(), Line: r.lines.Number(), Message: fmt.Sprintf("no line has any of the %d fields of %s at %s", asked, b.what, r.mapping.place(b.line)),
				Hint: "a field is named as it stands in the log, within an object as object.field"}
		}
	}
	return nil
}
