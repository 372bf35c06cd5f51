package outspool

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A schemaCheck holds parameters against the schema of their template, as the daemon does. What a schema says in a way
// that this language cannot is left to the daemon.
type schemaCheck struct {
	root  any
	depth int
	// In steps, so that no value and no schema costs more than a moment.
	work int
}

// schemaFault finds the first place at which the parameters do not fit.
func schemaFault(schema string, params any) *fault {
	root, err := readWholeJSON([]byte(schema))
	if err != nil {
		return &fault{"", "the schema of this type: " + err.Error()}
	}
	c := schemaCheck{root: root}
	return c.check(root, params, "/params")
}

func (c *schemaCheck) check(schema, value any, at string) *fault {
	c.depth++
	defer func() { c.depth-- }()
	if c.work++; c.depth > 600 || c.work > 5_000_000 {
		return nil
	}
	rules, ok := schema.(*object)
	if !ok {
		if schema == false {
			return expected(at, "nothing")
		}
		return nil
	}
	rule := func(name string) any { return rules.values[name] }
	if kinds := rule("type"); kinds != nil {
		if wanted := typeFault(kinds, value); wanted != "" {
			return expected(at, wanted)
		}
	}
	if values, ok := rule("enum").([]any); ok && !contains(values, value) {
		return expected(at, "one of "+listed(values))
	}
	if only, ok := rules.values["const"]; ok && exactKey(only) != exactKey(value) {
		return expected(at, brief(only))
	}
	var wrong *fault
	switch value := value.(type) {
	case json.Number:
		wrong = c.number(rules, value, at)
	case string:
		wrong = c.text(rules, value, at)
	case []any:
		wrong = c.list(rules, value, at)
	case *object:
		wrong = c.members(rules, value, at)
	}
	if wrong != nil {
		return wrong
	}
	if reference, ok := rule("$ref").(string); ok {
		if target, ok := c.target(reference); ok {
			if wrong := c.check(target, value, at); wrong != nil {
				return wrong
			}
		}
	}
	all, _ := rule("allOf").([]any)
	for _, part := range all {
		if wrong := c.check(part, value, at); wrong != nil {
			return wrong
		}
	}
	for _, name := range []string{"anyOf", "oneOf"} {
		if options, ok := rule(name).([]any); ok {
			if wrong := c.alternatives(options, value, at, name == "oneOf"); wrong != nil {
				return wrong
			}
		}
	}
	return nil
}

// No message has a value: it may be a secret.
func expected(at, wanted string) *fault { return &fault{at, "expected " + wanted} }

// alternatives blames the alternative that came furthest into the value.
func (c *schemaCheck) alternatives(options []any, value any, at string, isOne bool) *fault {
	var deepest *fault
	hits := 0
	for _, option := range options {
		wrong := c.check(option, value, at)
		if wrong == nil {
			hits++
		} else if deepest == nil || len(wrong.pointer) > len(deepest.pointer) {
			deepest = wrong
		}
	}
	if isOne && hits > 1 {
		return expected(at, fmt.Sprintf("a value that fits only one of %d alternatives", len(options)))
	}
	if hits > 0 {
		return nil
	}
	return deepest
}

func (c *schemaCheck) target(reference string) (any, bool) {
	if !strings.HasPrefix(reference, "#") {
		return nil, false
	}
	found := c.root
	for _, name := range strings.Split(reference, "/")[1:] {
		if plain, err := url.PathUnescape(name); err == nil {
			name = plain
		}
		name = strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
		switch inside := found.(type) {
		case *object:
			found = inside.values[name]
		case []any:
			index, err := strconv.Atoi(name)
			if err != nil || index < 0 || index >= len(inside) {
				return nil, false
			}
			found = inside[index]
		default:
			return nil, false
		}
	}
	return found, true
}

func typeFault(kinds, value any) string {
	names, ok := kinds.([]any)
	if !ok {
		names = []any{kinds}
	}
	wanted := []string{}
	for _, name := range names {
		name, _ := name.(string)
		isOfKind := false
		switch value := value.(type) {
		case nil:
			isOfKind = name == "null"
		case bool:
			isOfKind = name == "boolean"
		case json.Number:
			number, ok := decimal(value)
			isOfKind = name == "number" || name == "integer" && (!ok || number.IsInt())
		case string:
			isOfKind = name == "string"
		case []any:
			isOfKind = name == "array"
		case *object:
			isOfKind = name == "object"
		}
		if isOfKind {
			return ""
		}
		switch name {
		case "null":
			wanted = append(wanted, name)
		case "integer", "array", "object":
			wanted = append(wanted, "an "+name)
		default:
			wanted = append(wanted, "a "+name)
		}
	}
	return strings.Join(wanted, " or ")
}

// decimal is a number as it is written; false for one of an exponent that nothing is gained by working out.
func decimal(number json.Number) (*big.Rat, bool) {
	text := number.String()
	if place := strings.IndexAny(text, "eE"); place >= 0 && len(text)-place > 5 || len(text) > 10_000 {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

func (c *schemaCheck) number(rules *object, value json.Number, at string) *fault {
	number, ok := decimal(value)
	if !ok {
		return nil
	}
	for _, bound := range []struct {
		name, wanted string
		fits         func(int) bool
	}{
		{"minimum", "a number of at least ", func(order int) bool { return order >= 0 }},
		{"exclusiveMinimum", "a number above ", func(order int) bool { return order > 0 }},
		{"maximum", "a number of at most ", func(order int) bool { return order <= 0 }},
		{"exclusiveMaximum", "a number below ", func(order int) bool { return order < 0 }},
	} {
		if limit, isThere := rules.values[bound.name].(json.Number); isThere {
			if limit, ok := decimal(limit); ok && !bound.fits(number.Cmp(limit)) {
				return expected(at, bound.wanted+brief(rules.values[bound.name]))
			}
		}
	}
	if divisor, isThere := rules.values["multipleOf"].(json.Number); isThere {
		if divisor, ok := decimal(divisor); ok && divisor.Sign() > 0 && !new(big.Rat).Quo(number, divisor).IsInt() {
			return expected(at, "a multiple of "+brief(rules.values["multipleOf"]))
		}
	}
	return nil
}

func (c *schemaCheck) count(rules *object, least, most, noun string, count int, at string) *fault {
	for _, name := range []string{least, most} {
		limit, isThere := rules.values[name].(json.Number)
		if !isThere {
			continue
		}
		bound, ok := decimal(limit)
		if !ok {
			continue
		}
		order := big.NewRat(int64(count), 1).Cmp(bound)
		if name == least && order < 0 {
			return expected(at, fmt.Sprintf("at least %s %s", limit, noun))
		}
		if name == most && order > 0 {
			return expected(at, fmt.Sprintf("at most %s %s", limit, noun))
		}
	}
	return nil
}

func (c *schemaCheck) text(rules *object, value, at string) *fault {
	length := utf8.RuneCountInString(value)
	if wrong := c.count(rules, "minLength", "maxLength", "characters", length, at); wrong != nil {
		return wrong
	}
	if format, ok := rules.values["format"].(string); ok && !fitsFormat(format, value) {
		return expected(at, "a "+format)
	}
	if source, ok := rules.values["pattern"].(string); ok {
		if pattern, err := regexp.Compile(goPattern(source)); err == nil && !pattern.MatchString(value) {
			return expected(at, "a string that matches "+source)
		}
	}
	return nil
}

func (c *schemaCheck) list(rules *object, value []any, at string) *fault {
	if wrong := c.count(rules, "minItems", "maxItems", "elements", len(value), at); wrong != nil {
		return wrong
	}
	if rules.values["uniqueItems"] == true {
		seen := map[string]bool{}
		for _, element := range value {
			if seen[exactKey(element)] {
				return expected(at, "elements that all differ")
			}
			seen[exactKey(element)] = true
		}
	}
	if items, isThere := rules.values["items"]; isThere {
		for index, element := range value {
			if wrong := c.check(items, element, fmt.Sprintf("%s/%d", at, index)); wrong != nil {
				return wrong
			}
		}
	}
	return nil
}

func (c *schemaCheck) members(rules *object, value *object, at string) *fault {
	count := len(value.names)
	if wrong := c.count(rules, "minProperties", "maxProperties", "properties", count, at); wrong != nil {
		return wrong
	}
	required, _ := rules.values["required"].([]any)
	for _, name := range required {
		if name, ok := name.(string); ok {
			if _, isThere := value.values[name]; !isThere {
				return expected(at, "a property "+quote(name))
			}
		}
	}
	declared, _ := rules.values["properties"].(*object)
	additional, hasAdditional := rules.values["additionalProperties"]
	for _, name := range value.names {
		schema, isDeclared := any(nil), false
		if declared != nil {
			schema, isDeclared = declared.values[name]
		}
		place := at + "/" + token(name)
		switch {
		case isDeclared:
		case !hasAdditional:
			continue
		case additional == false:
			return expected(place, "no property of this name")
		default:
			schema = additional
		}
		if wrong := c.check(schema, value.values[name], place); wrong != nil {
			return wrong
		}
	}
	return nil
}

func brief(value any) string {
	switch value := value.(type) {
	case []any:
		return fmt.Sprintf("an array of %d", len(value))
	case *object:
		return fmt.Sprintf("an object of %d", len(value.names))
	case string:
		return quote(value)
	}
	return string(appendJSON(nil, value))
}

func listed(values []any) string {
	texts := []string{}
	for _, value := range values {
		texts = append(texts, brief(value))
	}
	return strings.Join(texts, ", ")
}

func contains(values []any, value any) bool {
	for _, candidate := range values {
		if exactKey(candidate) == exactKey(value) {
			return true
		}
	}
	return false
}

// exactKey is the same text for equal values: 1 and 1.0 are one number.
func exactKey(value any) string {
	switch value := value.(type) {
	case json.Number:
		if number, ok := decimal(value); ok {
			return number.RatString()
		}
	case []any:
		parts := []string{}
		for _, element := range value {
			parts = append(parts, exactKey(element))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case *object:
		parts := []string{}
		for name, member := range value.values {
			parts = append(parts, string(appendText(nil, name))+":"+exactKey(member))
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ",") + "}"
	}
	return string(appendJSON(nil, value))
}

// goPattern says a pattern of ECMA-262 in the syntax of RE2, as far as they differ.
func goPattern(source string) string {
	var out strings.Builder
	for index := 0; index < len(source); index++ {
		rest := source[index:]
		switch {
		case strings.HasPrefix(rest, `\u{`):
			out.WriteString(`\x{`)
			index += 2
		case strings.HasPrefix(rest, `\u`) && len(rest) >= 6:
			out.WriteString(`\x{` + rest[2:6] + `}`)
			index += 5
		case strings.HasPrefix(rest, `\/`), strings.HasPrefix(rest, `\-`):
			out.WriteString(`\x{` + fmt.Sprintf("%x", rest[1]) + `}`)
			index++
		case rest[0] == '\\' && len(rest) > 1:
			out.WriteString(rest[:2])
			index++
		default:
			out.WriteByte(rest[0])
		}
	}
	return out.String()
}
