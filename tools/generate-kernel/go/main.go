// Prints what Kubernetes' published Go types know of their fields and OpenAPI does not: which optional scalars are pointers
// (their zero is meant), which are plain (their zero is left out), and the names of types that stand for a scalar.
// One line a type: `core.v1.VolumeMount readOnly=z mountPropagation=p:v1.MountPropagationMode`.
package main

import (
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	crd "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	services "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

var seen = map[reflect.Type]bool{}
var lines []string

func nameOf(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	if len(parts) < 2 {
		return t.Name()
	}
	return parts[len(parts)-2] + "." + parts[len(parts)-1] + "." + t.Name()
}

// short is a type as Go's decoder names it in its messages.
func short(t reflect.Type) string {
	if t.Name() == "" || t.PkgPath() == "" {
		return ""
	}
	return t.String()
}

func isScalar(k reflect.Kind) bool {
	return k == reflect.String || k == reflect.Bool || (k >= reflect.Int && k <= reflect.Float64)
}

func fieldFact(f reflect.StructField, omitted bool) string {
	t, mark := f.Type, ""
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
		if isScalar(t.Kind()) {
			mark = "p"
		}
	} else if isScalar(t.Kind()) && omitted {
		mark = "z"
	} else if (t.Kind() == reflect.Slice || t.Kind() == reflect.Map) && !omitted {
		mark = "n"
	}
	name := ""
	switch t.Kind() {
	case reflect.Struct:
	case reflect.Slice, reflect.Map:
		name = short(t)
		if name == "" && isScalar(t.Elem().Kind()) && short(t.Elem()) != "" {
			name = t.String()
		}
	default:
		name = short(t)
	}
	if name != "" {
		return mark + ":" + name
	}
	return mark
}

func walk(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		walk(t.Elem())
		return
	case reflect.Map:
		walk(t.Elem())
		return
	case reflect.Struct:
	default:
		return
	}
	if seen[t] {
		return
	}
	seen[t] = true
	var facts []string
	collect(t, &facts)
	if len(facts) > 0 {
		lines = append(lines, nameOf(t)+" "+strings.Join(facts, " "))
	}
}

func collect(t reflect.Type, facts *[]string) {
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		tag := strings.Split(f.Tag.Get("json"), ",")
		if f.Anonymous && tag[0] == "" {
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				collect(inner, facts)
			}
			continue
		}
		if tag[0] == "" || tag[0] == "-" {
			continue
		}
		omitted := false
		for _, option := range tag[1:] {
			omitted = omitted || option == "omitempty" || option == "omitzero"
		}
		if fact := fieldFact(f, omitted); fact != "" {
			*facts = append(*facts, tag[0]+"="+fact)
		}
		walk(f.Type)
	}
}

func main() {
	all := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, crd.AddToScheme, services.AddToScheme} {
		if err := add(all); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	for _, t := range all.AllKnownTypes() {
		walk(t)
	}
	sort.Strings(lines)
	fmt.Println(strings.Join(lines, "\n"))
}
