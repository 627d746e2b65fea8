package commands

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/schemas"
)

// A verb's name is the text that execute is given, by the verb itself or through
// functions that pass on a parameter called verb.
func TestEveryVerbHasACommandWithASchema(t *testing.T) {
	t.Parallel()
	verbs := verbsOf(t)
	require.Greater(t, len(verbs), 40, "the verbs are not found any more")
	told := map[string]bool{}
	for _, command := range schemas.Commands() {
		require.NotEmpty(t, command.Verbs, "%s is carried out by no verb", command.Name)
		for _, verb := range command.Verbs {
			require.Contains(t, verbs, verb, "%s names a verb that is nowhere", command.Name)
			told[verb] = true
		}
		require.ErrorIs(t, schemas.ValidateCommand(command.Name, []byte(`"x"`)), schemas.ErrInvalid)
	}
	for verb, place := range verbs {
		require.True(t, told[verb], "%s (%s) has no schema: give it a row in schemas.Commands()", verb, place)
	}
}

// verbsOf reads this package's source: verb -> where it stands.
func verbsOf(t *testing.T) map[string]string {
	files := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var source []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		source = append(source, file)
	}
	takes := map[string][]int{} // function -> places of parameters called verb; of all functions of that name
	for _, file := range source {
		for _, declared := range file.Decls {
			if f, is := declared.(*ast.FuncDecl); is {
				if at := slices.Index(parametersOf(f), "verb"); at >= 0 && !slices.Contains(takes[f.Name.Name], at) {
					takes[f.Name.Name] = append(takes[f.Name.Name], at)
				}
			}
		}
	}
	require.Contains(t, takes, "execute")
	verbs := map[string]string{}
	for _, file := range source {
		ast.Inspect(file, func(node ast.Node) bool {
			call, is := node.(*ast.CallExpr)
			if !is {
				return true
			}
			for _, at := range takes[calledOf(call)] {
				if at >= len(call.Args) {
					continue
				}
				switch argument := call.Args[at].(type) {
				case *ast.BasicLit:
					name, err := strconv.Unquote(argument.Value)
					require.NoError(t, err)
					verbs[name] = files.Position(argument.Pos()).String()
				case *ast.Ident:
					if calledOf(call) == "execute" {
						require.Equal(t, "verb", argument.Name, "%s: a verb's name is a text or a parameter called verb", files.Position(call.Pos()))
					}
				default:
					require.NotEqual(t, "execute", calledOf(call), "%s: a verb's name is a text or a parameter called verb", files.Position(call.Pos()))
				}
			}
			return true
		})
	}
	return verbs
}

func parametersOf(f *ast.FuncDecl) []string {
	var names []string
	for _, field := range f.Type.Params.List {
		for _, name := range field.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

func calledOf(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}
