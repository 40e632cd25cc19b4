package overlay

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
)

// suffix is what the names of functions get that others take the place of.
const suffix = "OfNATS"

// replaced names the functions that others take the place of, and what their parameters are called that the others use. A method is named with its
// receiver's type.
var replaced = []struct {
	name       string
	parameters []string
	optional   bool // not all releases have it
}{
	{name: "raft.recreateInternalSubsLocked", optional: true},
	{name: "raft.subscribe", parameters: []string{"subject", "cb"}},
	{name: "raft.unsubscribe", parameters: []string{"sub"}},
	{name: "raft.newInbox"},
	{name: "raft.newCatchupInbox"},
	{name: "raft.newCatchupProgressInbox", optional: true},
	{name: "raft.sendRPC", parameters: []string{"subject", "reply", "msg"}},
	{name: "raft.sendReply", parameters: []string{"subject", "msg"}},
	{name: "raft.readTermVote"},
	{name: "raft.peerNames"},
	{name: "encodePeerState", parameters: []string{"ps"}},
	{name: "raft.StepDown", parameters: []string{"preferred"}, optional: true},
	{name: "writeTermVote", parameters: []string{"wtv"}},
	{name: "writePeerState", parameters: []string{"ps"}},
	{name: "readPeerState"},
}

// files are the functions of package os that work on snapshots. Wherever raft.go calls them it calls methods of insideOS.
var files = []string{"MkdirAll", "ReadDir", "ReadFile", "Remove", "RemoveAll", "WriteFile"}

// release is raft.go of one release.
type release struct {
	path   string
	source []byte
	file   *ast.File
	files  *token.FileSet
	found  []function // those of replaced that it has, by where they stand
	places []place    // where something else is to stand, in order
}

// place is a name in raft.go and what takes its place.
type place struct {
	at, end int // offsets
	name    string
}

// function is one that another takes the place of.
type function struct {
	name      string // as in replaced
	nameEnd   int    // offset right after its name
	signature string // what follows its name: parameters and results
	receiver  string // "(n *raft) " or ""
}

// read parses raft.go and finds the functions in it.
func read(path string, source []byte) (*release, error) {
	r := &release{path: path, source: source, files: token.NewFileSet()}
	var err error
	if r.file, err = parser.ParseFile(r.files, path, source, parser.SkipObjectResolution); err != nil {
		return nil, err
	}
	for _, want := range replaced {
		d := r.function(want.name)
		if d == nil && want.optional {
			continue
		}
		if d == nil {
			return nil, fmt.Errorf("%s: this release has no %s: it is not one that is known", path, want.name)
		}
		for _, p := range want.parameters {
			if !slices.Contains(parameters(d), p) {
				return nil, fmt.Errorf("%s: %s of this release has no parameter %s: it is not one that is known", r.files.Position(d.Pos()), want.name, p)
			}
		}
		f := function{name: want.name, nameEnd: r.offset(d.Name.End()), signature: r.text(d.Type.Params.Pos(), d.Type.End())}
		if d.Recv != nil {
			f.receiver = r.text(d.Recv.Pos(), d.Recv.End()) + " "
		}
		r.found = append(r.found, f)
	}
	slices.SortFunc(r.found, func(a, b function) int { return cmp.Compare(a.nameEnd, b.nameEnd) })
	for _, f := range r.found {
		r.places = append(r.places, place{f.nameEnd, f.nameEnd, suffix})
	}
	ast.Inspect(r.file, r.reachesFiles)
	slices.SortFunc(r.places, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	return r, nil
}

// reachesFiles notes a call that reads or writes a file of a snapshot.
func (r *release) reachesFiles(n ast.Node) bool {
	call, is := n.(*ast.CallExpr)
	if !is {
		return true
	}
	switch f := call.Fun.(type) {
	case *ast.Ident:
		if f.Name == "writeFileWithSync" {
			r.places = append(r.places, place{r.offset(f.Pos()), r.offset(f.End()), "insideWriteFile"})
		}
	case *ast.SelectorExpr:
		if of, is := f.X.(*ast.Ident); is && of.Name == "os" && slices.Contains(files, f.Sel.Name) {
			r.places = append(r.places, place{r.offset(of.Pos()), r.offset(of.End()), "insideOS"})
		}
	}
	return true
}

func (r *release) offset(p token.Pos) int { return r.files.Position(p).Offset }

func (r *release) text(from, to token.Pos) string {
	return string(r.source[r.offset(from):r.offset(to)])
}

// function returns the declaration of a function or method, or nil.
func (r *release) function(name string) *ast.FuncDecl {
	for _, d := range r.file.Decls {
		if f, is := d.(*ast.FuncDecl); is && nameOf(f) == name {
			return f
		}
	}
	return nil
}

// nameOf is the name of a function, with its receiver's type before it.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	of := f.Recv.List[0].Type
	if star, is := of.(*ast.StarExpr); is {
		of = star.X
	}
	if named, is := of.(*ast.Ident); is {
		return named.Name + "." + f.Name.Name
	}
	return "?." + f.Name.Name
}

func parameters(f *ast.FuncDecl) (names []string) {
	for _, p := range f.Type.Params.List {
		for _, n := range p.Names {
			names = append(names, n.Name)
		}
	}
	return names
}

// declare is the head of a function with the name and the signature of one that it takes the place of; "" if the release has none.
func (r *release) declare(name string) string {
	for _, f := range r.found {
		if f.name == name {
			return "func " + f.receiver + name[strings.IndexByte(name, '.')+1:] + f.signature
		}
	}
	return ""
}

// has reports whether the release has a struct with this field, a method or a function: "raft.catchup", "writeTermVote", or a parameter of one:
// "raft.Propose(term)".
func (r *release) has(what string) bool {
	name, parameter, of := strings.Cut(strings.TrimSuffix(what, ")"), "(")
	if f := r.function(name); f != nil {
		return !of || slices.Contains(parameters(f), parameter)
	}
	typeName, field, _ := strings.Cut(name, ".")
	s, is := r.typeOf(typeName).(*ast.StructType)
	if !is {
		return false
	}
	for _, f := range s.Fields.List {
		for _, n := range f.Names {
			if n.Name == field {
				return true
			}
		}
	}
	return false
}

func (r *release) typeOf(name string) ast.Expr {
	for _, d := range r.file.Decls {
		g, is := d.(*ast.GenDecl)
		if !is || g.Tok != token.TYPE {
			continue
		}
		for _, s := range g.Specs {
			if t := s.(*ast.TypeSpec); t.Name.Name == name {
				return t.Type
			}
		}
	}
	return nil
}

// uses reports whether the release's raft.go uses a name.
func (r *release) uses(name string) (found bool) {
	ast.Inspect(r.file, func(n ast.Node) bool {
		id, is := n.(*ast.Ident)
		found = found || is && id.Name == name
		return !found
	})
	return found
}

// method is a method of an interface as it is declared there: "StoreMsg(subj string, hdr, msg []byte) (uint64, int64, error)". It is an error if there is none.
func (r *release) method(of, name string) (string, error) {
	if i, is := r.typeOf(of).(*ast.InterfaceType); is {
		for _, m := range i.Methods.List {
			if len(m.Names) == 1 && m.Names[0].Name == name {
				return r.text(m.Pos(), m.Type.End()), nil
			}
		}
	}
	return "", fmt.Errorf("this release has no %s.%s: it is not one that is known", of, name)
}
