package risk

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
)

// ruleBytesMax bounds one condition, and with it how deep it nests.
const ruleBytesMax = 1024

// condition is a compiled rule: it looks at a vector and allocates nothing.
type condition func(*Vector) bool

// compile reads a condition: comparisons of a feature with a whole number, joined by
// && and ||, turned round by !, in parentheses where wanted:
//
//	payee_frauds_30d > 0 && (payee_age_h < 24 || !known(device_age_h))
//
// The grammar is that of Go's expressions, and so is the precedence. A comparison
// with a feature that is unknown is false, whatever the operator.
func compile(rule string) (condition, error) {
	if len(rule) > ruleBytesMax {
		return nil, fmt.Errorf("risk: a condition has %d bytes at most", ruleBytesMax)
	}
	tree, err := parser.ParseExpr(rule)
	if err != nil {
		return nil, fmt.Errorf("risk: a condition that cannot be read: %w", err)
	}
	return conditionOf(tree)
}

func conditionOf(tree ast.Expr) (condition, error) {
	switch e := tree.(type) {
	case *ast.ParenExpr:
		return conditionOf(e.X)
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			inner, err := conditionOf(e.X)
			if err != nil {
				return nil, err
			}
			return func(v *Vector) bool { return !inner(v) }, nil
		}
	case *ast.CallExpr:
		return knows(e)
	case *ast.BinaryExpr:
		if e.Op == token.LAND || e.Op == token.LOR {
			return joined(e)
		}
		return comparison(e)
	}
	return nil, misplaced(tree)
}

func misplaced(at ast.Node) error {
	return fmt.Errorf("risk: at byte %d a condition needs a comparison such as amount > 100, known(feature), or such joined by &&, || and ! in front", at.Pos())
}

func joined(e *ast.BinaryExpr) (condition, error) {
	left, err := conditionOf(e.X)
	if err != nil {
		return nil, err
	}
	right, err := conditionOf(e.Y)
	if err != nil {
		return nil, err
	}
	if e.Op == token.LAND {
		return func(v *Vector) bool { return left(v) && right(v) }, nil
	}
	return func(v *Vector) bool { return left(v) || right(v) }, nil
}

// knows is known(feature).
func knows(e *ast.CallExpr) (condition, error) {
	if name, is := e.Fun.(*ast.Ident); !is || name.Name != "known" || len(e.Args) != 1 || e.Ellipsis.IsValid() {
		return nil, misplaced(e)
	}
	f, err := featureIn(e.Args[0])
	if err != nil {
		return nil, err
	}
	return func(v *Vector) bool { _, known := v.Get(f); return known }, nil
}

func comparison(e *ast.BinaryExpr) (condition, error) {
	f, err := featureIn(e.X)
	if err != nil {
		return nil, err
	}
	n, err := numberIn(e.Y)
	if err != nil {
		return nil, err
	}
	var holds func(int64) bool
	switch e.Op {
	case token.LSS:
		holds = func(x int64) bool { return x < n }
	case token.LEQ:
		holds = func(x int64) bool { return x <= n }
	case token.EQL:
		holds = func(x int64) bool { return x == n }
	case token.NEQ:
		holds = func(x int64) bool { return x != n }
	case token.GEQ:
		holds = func(x int64) bool { return x >= n }
	case token.GTR:
		holds = func(x int64) bool { return x > n }
	default:
		return nil, misplaced(e)
	}
	return func(v *Vector) bool { x, known := v.Get(f); return known && holds(x) }, nil
}

func featureIn(tree ast.Expr) (Feature, error) {
	name, is := tree.(*ast.Ident)
	if !is {
		return 0, misplaced(tree)
	}
	f, known := FeatureOf(name.Name)
	if !known {
		return 0, fmt.Errorf("risk: there is no feature %q", name.Name)
	}
	return f, nil
}

func numberIn(tree ast.Expr) (int64, error) {
	sign := ""
	if e, is := tree.(*ast.UnaryExpr); is && e.Op == token.SUB {
		sign, tree = "-", e.X
	}
	literal, is := tree.(*ast.BasicLit)
	if !is || literal.Kind != token.INT {
		return 0, misplaced(tree)
	}
	n, err := strconv.ParseInt(sign+literal.Value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("risk: %q is no whole number in decimal digits", sign+literal.Value)
	}
	return n, nil
}
