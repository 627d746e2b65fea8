package openapi

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// reading is what the sources say.
type reading struct {
	words map[string]string    // doc comments: of "pkg.Type", "pkg.Type.Field", "pkg.Type.Method"
	funcs map[string]*function // by "pkg.Receiver.Name", or "pkg..Name"
}

// function is what the code of one function shows.
type function struct {
	key, receiver, name string
	statuses            []int            // of success that it can end in
	gives               map[int][]string // names of the types that it gives then, where it makes them in place
	query               []string
	position            bool     // it waits for Florin-Position
	of                  string   // the kind of identifier that the path holds, such as account
	uses                []string // names of functions and own methods that it calls, or may; "Receiver.Name" of another handler's
}

// ends are the functions of package wire that end an answer.
var ends = map[string]int{"OK": 200, "Created": 201, "Pushed": 201, "Accepted": 202, "NoContent": 204, "SeeOther": 303}

// written are statuses that handlers write themselves.
var written = map[string]int{"StatusOK": 200, "StatusNotModified": 304}

func read(sources []Source) (*reading, error) {
	r := &reading{map[string]string{}, map[string]*function{}}
	for _, source := range sources {
		names, err := fs.Glob(source.Files, "*.go")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := fs.ReadFile(source.Files, name)
			if err != nil {
				return nil, err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			r.file(source.Package, file)
		}
	}
	return r, nil
}

func (r *reading) file(pkg string, file *ast.File) {
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			f := functionOf(pkg, d)
			r.funcs[f.key] = f
			r.words[strings.Replace(f.key, "..", ".", 1)] = sentences(d.Doc)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if t, is := spec.(*ast.TypeSpec); is {
					comment := t.Doc
					if comment == nil && len(d.Specs) == 1 {
						comment = d.Doc
					}
					r.typed(pkg+"."+t.Name.Name, t, comment)
				}
			}
		}
	}
}

func (r *reading) typed(name string, t *ast.TypeSpec, comment *ast.CommentGroup) {
	r.words[name] = sentences(comment)
	structure, is := t.Type.(*ast.StructType)
	if !is {
		return
	}
	for _, field := range structure.Fields.List {
		comment := field.Doc
		if comment == nil {
			comment = field.Comment
		}
		for _, n := range field.Names {
			r.words[name+"."+n.Name] = sentences(comment)
		}
	}
}

// sentences are a comment as prose: its first paragraphs, without code and pictures.
func sentences(comment *ast.CommentGroup) string {
	if comment == nil {
		return ""
	}
	var kept []string
	for paragraph := range strings.SplitSeq(comment.Text(), "\n\n") {
		if strings.HasPrefix(paragraph, "\t") || strings.HasPrefix(paragraph, " ") {
			continue
		}
		kept = append(kept, strings.Join(strings.Fields(paragraph), " "))
	}
	return strings.Join(kept, "\n\n")
}

func functionOf(pkg string, d *ast.FuncDecl) *function {
	f := &function{name: d.Name.Name, gives: map[int][]string{}}
	if d.Recv != nil && len(d.Recv.List) == 1 {
		f.receiver = nameOf(d.Recv.List[0].Type)
	}
	f.key = pkg + "." + f.receiver + "." + f.name
	if d.Body == nil {
		return f
	}
	self := ""
	if d.Recv != nil && len(d.Recv.List[0].Names) == 1 {
		self = d.Recv.List[0].Names[0].Name
	}
	ast.Inspect(d.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			x, is := n.X.(*ast.Ident)
			if is && x.Name == "wire" && ends[n.Sel.Name] != 0 {
				f.statuses = append(f.statuses, ends[n.Sel.Name])
			}
			if is && x.Name == self {
				f.uses = append(f.uses, n.Sel.Name)
			}
			if as, is := n.X.(*ast.CallExpr); is && len(as.Args) == 1 && nameOf(as.Args[0]) == self { // Cards(s).Get
				f.uses = append(f.uses, nameOf(as.Fun)+"."+n.Sel.Name)
			}
		case *ast.IndexExpr:
			if nameOf(n.X) == "pathID" {
				if kind := strings.ToLower(nameOf(n.Index)); kind != "id" { // that of a helper, which is for any
					f.of = kind
				}
			}
		case *ast.CallExpr:
			f.call(n)
		}
		return true
	})
	return f
}

// call notes what a call shows of the query and of the header Florin-Position.
func (f *function) call(call *ast.CallExpr) {
	for _, plain := range append(slices.Clone(call.Args), call.Fun) { // called, or handed on to be
		if name, is := plain.(*ast.Ident); is {
			f.uses = append(f.uses, name.Name)
		}
	}
	if status := ends[nameOf(call.Fun)]; status != 0 && len(call.Args) > 0 {
		if made, is := call.Args[len(call.Args)-1].(*ast.CompositeLit); is {
			f.gives[status] = append(f.gives[status], nameOf(made.Type))
		}
	}
	switch nameOf(call.Fun) {
	case "fresh":
		f.position = true
	case "page":
		f.query = append(f.query, "limit", "cursor")
		if len(call.Args) > 2 {
			f.query = append(f.query, texts(call.Args[2:])...)
		}
	case "Query":
		if len(call.Args) > 1 {
			f.query = append(f.query, texts(call.Args[1:])...)
		}
	case "WriteHeader":
		if status := written[nameOf(call.Args[0])]; status != 0 {
			f.statuses = append(f.statuses, status)
		}
	}
}

func texts(of []ast.Expr) (found []string) {
	for _, e := range of {
		if literal, is := e.(*ast.BasicLit); is && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				found = append(found, text)
			}
		}
	}
	return found
}

// nameOf is the last name of an expression: of x.Name, *Name, Name[T].
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.StarExpr:
		return nameOf(e.X)
	case *ast.IndexExpr:
		return nameOf(e.X)
	}
	return ""
}

// handled is what a handler does, with all that it calls in its package. A name
// that stands for several methods is its receiver's, or nobody's.
func (r *reading) handled(handler string) (all function, found bool) {
	pkg, receiver, name := apart(handler)
	first, known := r.funcs[pkg+"."+receiver+"."+name]
	if !known {
		return all, false
	}
	seen := map[*function]bool{}
	all.gives = map[int][]string{}
	var visit func(*function)
	visit = func(f *function) {
		if seen[f] {
			return
		}
		seen[f] = true
		all.statuses, all.query = append(all.statuses, f.statuses...), append(all.query, f.query...)
		for status, names := range f.gives {
			all.gives[status] = unique(append(all.gives[status], names...))
		}
		if all.position = all.position || f.position; all.of == "" {
			all.of = f.of
		}
		for _, used := range f.uses {
			for _, near := range []string{f.receiver + ".", ".", "Desk.", ""} {
				if g, is := r.funcs[pkg+"."+near+used]; is {
					visit(g)
					break
				}
			}
		}
	}
	visit(first)
	all.receiver, all.name = receiver, name
	all.statuses, all.query = unique(all.statuses), unique(all.query)
	return all, true
}

// apart takes "florin/gateway/identity.(*Provider).Token-fm" to pieces.
func apart(handler string) (pkg, receiver, name string) {
	folder, rest := path.Split(strings.TrimSuffix(handler, "-fm"))
	pieces := strings.Split(rest, ".")
	switch len(pieces) {
	case 2:
		return folder + pieces[0], "", pieces[1]
	case 3:
		return folder + pieces[0], strings.Trim(pieces[1], "(*)"), pieces[2]
	}
	return "", "", ""
}

func unique[T int | string](of []T) []T {
	set := map[T]bool{}
	for _, one := range of {
		set[one] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// about is the first sentence on a handler, and the rest. Its own name, which Go
// wants first, is left out.
func (r *reading) about(handler string) (summary, rest string) {
	pkg, receiver, name := apart(handler)
	text := r.words[strings.Replace(pkg+"."+receiver+"."+name, "..", ".", 1)]
	summary = new(doc.Package).Synopsis(text)
	rest = strings.TrimSpace(strings.TrimPrefix(strings.ReplaceAll(text, "\n\n", " \n\n"), summary))
	for _, opening := range []string{name + " is ", name + " answers ", name + " "} {
		if short, is := strings.CutPrefix(summary, opening); is {
			summary = strings.ToUpper(short[:1]) + short[1:]
			break
		}
	}
	return strings.TrimSuffix(summary, "."), rest
}
