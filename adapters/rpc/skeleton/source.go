package skeleton

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/internal/nearest"
)

// source is the package of a Raft, read without what it imports: types of other packages are known by their names only.
type source struct {
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
	pkg   *types.Package
	path  string // to import it

	raft      *types.Named // the type of a server
	arguments []types.Type // of a generic one
	inside    bool         // the test belongs to the package itself, because it needs what is not exported
}

// load reads the package in a folder and finds the type in it.
func load(dir, typeName string) (*source, error) {
	s := &source{fset: token.NewFileSet(), info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}}}
	if err := s.parse(dir); err != nil {
		return nil, err
	}
	var err error
	if s.path, err = importPath(dir); err != nil {
		return nil, err
	}
	config := types.Config{Importer: hollow{}, Error: func(error) {}, FakeImportC: true}
	s.pkg, _ = config.Check(s.path, s.fset, s.files, s.info) // what comes from other packages is missing, and so there are errors
	if s.raft = named(s.pkg.Scope().Lookup(typeName)); s.raft == nil {
		return nil, s.noType(dir, typeName)
	}
	if err := s.instantiate(); err != nil {
		return nil, err
	}
	s.inside = s.pkg.Name() == "main" || !ast.IsExported(typeName)
	return s, nil
}

// instantiate makes a generic type one of strings, which is what commands are, or of the first that its constraint allows.
func (s *source) instantiate() error {
	params := s.raft.TypeParams()
	for k := range params.Len() {
		constraint, is := params.At(k).Constraint().Underlying().(*types.Interface)
		at := -1
		if is {
			at = slices.IndexFunc(arguments, func(t types.Type) bool { return types.Satisfies(t, constraint) })
		}
		if at < 0 {
			return fmt.Errorf("%s: %s is generic, and neither string nor []byte nor int can stand for %s: name a struct that embeds an instance of it",
				s.fset.Position(s.raft.Obj().Pos()), s.raft.Obj().Name(), params.At(k).Obj().Name())
		}
		s.arguments = append(s.arguments, arguments[at])
	}
	if len(s.arguments) == 0 {
		return nil
	}
	t, err := types.Instantiate(nil, s.raft, s.arguments, false)
	if err != nil {
		return err
	}
	s.raft = t.(*types.Named)
	return nil
}

// arguments are what a type parameter may stand for, the likeliest first.
var arguments = []types.Type{types.Typ[types.String], types.NewSlice(types.Universe.Lookup("byte").Type()), types.Typ[types.Int]}

// parse reads the files of a folder that the compiler would, without tests.
func (s *source) parse(dir string) error {
	all, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, f := range all {
		name := f.Name()
		if f.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if is, err := build.Default.MatchFile(dir, name); err != nil || !is {
			continue
		}
		file, err := parser.ParseFile(s.fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if len(s.files) > 0 && s.files[0].Name.Name != file.Name.Name {
			return fmt.Errorf("%s: package %s, and others in the folder are package %s", s.fset.Position(file.Name.Pos()), file.Name.Name, s.files[0].Name.Name)
		}
		s.files = append(s.files, file)
	}
	if len(s.files) == 0 {
		return fmt.Errorf("%s has no Go files", dir)
	}
	return nil
}

// noType says which types there are.
func (s *source) noType(dir, typeName string) error {
	var known []string
	for _, name := range s.pkg.Scope().Names() {
		if named(s.pkg.Scope().Lookup(name)) != nil {
			known = append(known, name)
		}
	}
	if near := nearest.To(typeName, known); near != "" {
		return fmt.Errorf("%s has no type %s; did you mean %s?", dir, typeName, near)
	}
	return fmt.Errorf("%s has no type %s; it has %s", dir, typeName, strings.Join(known, ", "))
}

// named is the type that an object is the name of, or nil.
func named(o types.Object) *types.Named {
	name, is := o.(*types.TypeName)
	if !is {
		return nil
	}
	t, _ := name.Type().(*types.Named)
	return t
}

// hollow imports packages as if nothing were in them.
type hollow struct{}

func (hollow) Import(from string) (*types.Package, error) {
	p := types.NewPackage(from, path.Base(from))
	p.MarkComplete()
	return p, nil
}

// importPath is the path of the package in a folder, from the go.mod above it.
func importPath(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for root := dir; ; root = filepath.Dir(root) {
		mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
		if err == nil {
			for line := range strings.Lines(string(mod)) {
				if name, is := strings.CutPrefix(strings.TrimSpace(line), "module "); is {
					below, _ := filepath.Rel(root, dir) // root is above dir
					return path.Join(strings.Trim(strings.TrimSpace(name), `"`), filepath.ToSlash(below)), nil
				}
			}
		}
		if root == filepath.Dir(root) {
			return "", fmt.Errorf("%s is in no module: there is no go.mod in it or above it", dir)
		}
	}
}

// in is a name of the package as the test writes it. One that is not exported brings the test into the package.
func (s *source) in(name string) string {
	if !ast.IsExported(name) {
		s.inside = true
	}
	if s.inside {
		return name
	}
	return s.pkg.Name() + "." + name
}

// text is a type as the test writes it.
func (s *source) text(t types.Type) string {
	for u := t; ; {
		switch v := u.(type) {
		case *types.Named:
			if v.Obj().Pkg() == s.pkg {
				s.in(v.Obj().Name())
			}
		case *types.Pointer:
			u = v.Elem()
			continue
		case *types.Slice:
			u = v.Elem()
			continue
		}
		break
	}
	return types.TypeString(t, func(p *types.Package) string {
		if p == s.pkg && s.inside {
			return ""
		}
		return p.Name()
	})
}

// server is the type of a server, as the test writes it.
func (s *source) server() string { return "*" + s.raftName() }

// raftName is the type of what a server points to, as the test writes it.
func (s *source) raftName() string { return s.in(s.raft.Obj().Name()) + s.typeArguments() }

// typeArguments are those of a generic server, "[string]"; "" if it is not generic.
func (s *source) typeArguments() string {
	if len(s.arguments) == 0 {
		return ""
	}
	var all []string
	for _, t := range s.arguments {
		all = append(all, s.text(t))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// methods calls yield for every method of a server, in the order of names.
func (s *source) methods(yield func(*types.Func) bool) {
	set := types.NewMethodSet(types.NewPointer(s.raft))
	for k := range set.Len() {
		if m, is := set.At(k).Obj().(*types.Func); is && !yield(m) {
			return
		}
	}
}

// method returns the first of the methods of these names that is as wanted, or nil.
func (s *source) method(wanted func(*types.Signature) bool, usual ...string) *types.Func {
	for _, name := range usual {
		for m := range s.methods {
			if m.Name() == name && wanted(m.Signature()) {
				return m
			}
		}
	}
	return nil
}

// structOf is the struct that a type is or points to, or nil.
func structOf(t types.Type) *types.Struct {
	if p, is := t.Underlying().(*types.Pointer); is {
		t = p.Elem()
	}
	fields, _ := t.Underlying().(*types.Struct)
	return fields
}

// is reports whether a type is of a kind of basic types.
func is(t types.Type, kind types.BasicInfo) bool {
	b, basic := t.Underlying().(*types.Basic)
	return basic && b.Info()&kind != 0
}
