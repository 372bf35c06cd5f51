package outspool

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

var moment = regexp.MustCompile(
	`\A(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d+)?(?:[Zz]|[+-](\d{2}):(\d{2}))\z`)

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

// The members of an object; null counts as absent.
type fields struct {
	*object
	prefix string
}

func (f fields) get(name string) any { return f.values[name] }

func (f fields) fault(name, reason string) *fault { return &fault{f.prefix + "/" + name, reason} }

func (f fields) allow(names map[string]bool) *fault {
	for _, name := range f.names {
		if !names[name] && !(f.prefix == "" && strings.HasPrefix(name, "x-")) {
			return f.fault(token(name), "unknown field")
		}
	}
	return nil
}

func (f fields) text(name string) (string, bool, *fault) {
	value := f.get(name)
	text, ok := value.(string)
	if value != nil && !ok {
		return "", false, f.fault(name, "is "+typeName(value)+", not a string")
	}
	return text, ok, nil
}

func (f fields) child(name string) (*object, *fault) {
	value := f.get(name)
	members, ok := value.(*object)
	if value != nil && !ok {
		return nil, f.fault(name, "is "+typeName(value)+", not an object")
	}
	return members, nil
}

func (f fields) list(name string) ([]any, *fault) {
	value := f.get(name)
	list, ok := value.([]any)
	if value != nil && !ok {
		return nil, f.fault(name, "is "+typeName(value)+", not an array")
	}
	return list, nil
}

func (f fields) texts(name string) ([]string, *fault) {
	list, wrong := f.list(name)
	texts := []string{}
	for index, value := range list {
		text, ok := value.(string)
		if !ok {
			return nil, f.fault(fmt.Sprintf("%s/%d", name, index), "is "+typeName(value)+", not a string")
		}
		texts = append(texts, text)
	}
	return texts, wrong
}

func (f fields) moment(name string) (time.Time, bool, *fault) {
	if value, isThere := f.values[name]; isThere && value == nil {
		return time.Time{}, false, f.fault(name, "is null, not an RFC 3339 date-time; leave it out instead")
	}
	text, ok, wrong := f.text(name)
	if !ok {
		return time.Time{}, false, wrong
	}
	at, ok := parseMoment(text)
	if !ok {
		return at, false, f.fault(name, "is not an RFC 3339 date-time such as 2026-11-23T17:44:11Z")
	}
	return at, true, nil
}

func parseMoment(text string) (time.Time, bool) {
	parts := moment.FindStringSubmatch(text)
	if parts == nil || parts[4] > "23" || parts[5] > "59" || parts[6] > "60" || parts[8] > "23" || parts[9] > "59" {
		return time.Time{}, false
	}
	text = strings.ToUpper(text)
	isLeap := parts[6] == "60"
	if isLeap {
		text = text[:17] + "59" + text[19:]
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if isLeap {
		at = at.Add(time.Second)
	}
	return at, err == nil
}
