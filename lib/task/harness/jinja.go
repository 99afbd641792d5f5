package harness

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
	"github.com/nikolalohinski/gonja/v2/logging"
	"github.com/nikolalohinski/gonja/v2/nodes"
)

// settings are the harness's: an unknown name is an error, and a newline at the
// end of a template stays.
var settings = func() *config.Config {
	c := config.New()
	c.StrictUndefined = true
	c.KeepTrailingNewline = true
	return c
}()

var environment = &exec.Environment{
	Context:           exec.EmptyContext().Update(builtins.GlobalFunctions).Update(builtins.GlobalVariables),
	Filters:           builtins.Filters,
	Tests:             builtins.Tests,
	ControlStructures: builtins.ControlStructures,
	Methods:           builtins.Methods,
}

// compiled keeps the templates of a program: a task has three, used for every
// document.
var compiled sync.Map

type compiledTemplate struct {
	template *exec.Template
	loader   loaders.Loader
	err      error
}

func compile(source string) compiledTemplate {
	if c, ok := compiled.Load(source); ok {
		return c.(compiledTemplate)
	}
	logging.SetEnabled(false)
	var c compiledTemplate
	// Nothing else can be loaded: a template cannot read files.
	if c.loader, c.err = loaders.NewMemoryLoader(map[string]string{"/template": source}); c.err == nil {
		c.template, c.err = exec.NewTemplate("/template", settings, c.loader, environment)
	}
	compiled.Store(source, c)
	return c
}

// render evaluates a template for a document. A template that is one expression,
// "{{...}}", gives the expression's value; any other a text.
func render(source string, doc map[string]any) (value any, err error) {
	if !strings.Contains(source, "{{") && !strings.Contains(source, "{%") && !strings.Contains(source, "{#") {
		return source, nil
	}
	// The library panics on some templates that Jinja refuses.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("template %.80q: %v", source, r)
		}
	}()
	c := compile(source)
	if c.err != nil {
		return nil, fmt.Errorf("template %.80q: %w", source, c.err)
	}
	// Lookups fall back from the document to Jinja's own names.
	context := environment.Context.Inherit().Update(exec.NewContext(doc))
	if out := onlyExpression(c.template.Root()); out != nil {
		env := *environment
		env.Context = context
		v := (&exec.Evaluator{Config: settings, Environment: &env, Loader: c.loader}).Eval(out)
		if v.IsError() {
			return nil, fmt.Errorf("template %.80q: %s", source, v.Error())
		}
		return simple(v.Interface()), nil
	}
	text, err := c.template.ExecuteToString(exec.NewContext(doc))
	if err != nil {
		return nil, fmt.Errorf("template %.80q: %w", source, err)
	}
	return text, nil
}

// onlyExpression returns the expression of a template that is nothing else.
func onlyExpression(root *nodes.Template) nodes.Expression {
	if root == nil || len(root.Nodes) != 1 {
		return nil
	}
	out, ok := root.Nodes[0].(*nodes.Output)
	if !ok || out.Condition != nil {
		return nil
	}
	return out.Expression
}

// simple turns the library's lists and numbers into []any and int.
func simple(v any) any {
	switch v := v.(type) {
	case nil, string, bool, int, float64, map[string]any:
		return v
	case *exec.Value:
		return simple(v.Interface())
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Slice, reflect.Array:
		list := make([]any, r.Len())
		for i := range list {
			list[i] = simple(r.Index(i).Interface())
		}
		return list
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return int(r.Int())
	}
	return v
}
