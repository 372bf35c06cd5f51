package outspool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// An object of JSON with its members in their order. Values are nil, bool, json.Number, string, []any and *object.
type object struct {
	names  []string
	values map[string]any
}

func (o *object) add(name string, value any) {
	if o.values == nil {
		o.values = map[string]any{}
	}
	o.names = append(o.names, name)
	o.values[name] = value
}

// As strict as the daemon: what nests deeper or has more values is not a job.
const (
	depthLimit = 100
	valueLimit = 1_000_000
)

type reader struct {
	decoder *json.Decoder
	count   int
}

// readJSON reads the value that the bytes begin with, and says where it ends.
func readJSON(data []byte) (any, int, error) {
	if !utf8.Valid(data) {
		return nil, 0, errors.New("not valid UTF-8")
	}
	r := reader{decoder: json.NewDecoder(bytes.NewReader(data))}
	r.decoder.UseNumber()
	value, err := r.value(0)
	return value, int(r.decoder.InputOffset()), err
}

// readWholeJSON reads a value behind which nothing follows.
func readWholeJSON(data []byte) (any, error) {
	value, end, err := readJSON(data)
	if err == nil && strings.Trim(string(data[end:]), " \t\r\n") != "" {
		err = errors.New("text behind the value")
	}
	return value, err
}

func (r *reader) value(depth int) (any, error) {
	token, err := r.decoder.Token()
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if r.count++; r.count > valueLimit {
		return nil, fmt.Errorf("more than %d values", valueLimit)
	}
	delim, isDelim := token.(json.Delim)
	if !isDelim {
		return token, nil
	}
	if depth == depthLimit {
		return nil, fmt.Errorf("nested more than %d deep", depthLimit)
	}
	if delim == '[' {
		list := []any{}
		for r.decoder.More() {
			element, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, element)
		}
		_, err = r.decoder.Token()
		return list, err
	}
	members := &object{values: map[string]any{}}
	for r.decoder.More() {
		token, err := r.decoder.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, errors.New("a name that is not a string")
		}
		if _, isTwice := members.values[name]; isTwice {
			return nil, fmt.Errorf("the name %s occurs twice", quote(name))
		}
		member, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		members.add(name, member)
	}
	_, err = r.decoder.Token()
	return members, err
}

// encode makes a tree of any value that encoding/json takes.
func encode(value any) (any, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	if hasReplacement(buffer.Bytes()) {
		return nil, errors.New("a text that is not valid UTF-8")
	}
	return readWholeJSON(buffer.Bytes())
}

// hasReplacement finds what encoding/json writes for bytes that are not UTF-8: it escapes U+FFFD then, and only then.
func hasReplacement(data []byte) bool {
	for index := 0; index < len(data); index++ {
		if data[index] == '\\' {
			if bytes.HasPrefix(data[index:], []byte(`\ufffd`)) {
				return true
			}
			index++
		}
	}
	return false
}

func appendJSON(out []byte, value any) []byte {
	switch value := value.(type) {
	case nil:
		return append(out, "null"...)
	case bool:
		if value {
			return append(out, "true"...)
		}
		return append(out, "false"...)
	case json.Number:
		return append(out, value.String()...)
	case string:
		return appendText(out, value)
	case []any:
		out = append(out, '[')
		for index, element := range value {
			if index > 0 {
				out = append(out, ',')
			}
			out = appendJSON(out, element)
		}
		return append(out, ']')
	case *object:
		out = append(out, '{')
		for index, name := range value.names {
			if index > 0 {
				out = append(out, ',')
			}
			out = append(appendText(out, name), ':')
			out = appendJSON(out, value.values[name])
		}
		return append(out, '}')
	}
	panic(fmt.Sprintf("outspool: %T in a tree of JSON", value))
}

func appendText(out []byte, text string) []byte {
	out = append(out, '"')
	for index := 0; index < len(text); index++ {
		switch c := text[index]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < 0x20:
			out = append(out, fmt.Sprintf(`\u%04x`, c)...)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// same tells whether two values are one: members in any order, numbers as they are written. A mask in the first, if
// there is one, stands for anything.
func same(value, other any, mask string) bool {
	if text, ok := value.(string); ok && mask != "" && text == mask {
		return true
	}
	switch value := value.(type) {
	case []any:
		others, ok := other.([]any)
		if !ok || len(value) != len(others) {
			return false
		}
		for index := range value {
			if !same(value[index], others[index], mask) {
				return false
			}
		}
		return true
	case *object:
		others, ok := other.(*object)
		if !ok || len(value.names) != len(others.names) {
			return false
		}
		for name, member := range value.values {
			if theirs, ok := others.values[name]; !ok || !same(member, theirs, mask) {
				return false
			}
		}
		return true
	}
	switch other.(type) {
	case []any, *object:
		return false
	}
	return value == other
}

func typeName(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	}
	return "an object"
}

// quote shows a text in one line, shortened.
func quote(text string) string {
	characters := []rune(text)
	if len(characters) > 100 {
		text = string(characters[:100]) + "…"
	}
	return fmt.Sprintf("%q", text)
}

// token escapes a name for a JSON pointer (RFC 6901).
func token(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}
