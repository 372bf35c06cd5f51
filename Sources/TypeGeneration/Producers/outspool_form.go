package outspool

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// A fault of a job: where, as a JSON pointer, and why.
type fault struct{ pointer, reason string }

var (
	identifier = regexp.MustCompile(`\A[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}\z`)
	fieldNames = words("template params subject text html message to cc bcc from replyTo sender envelope dsn locale " +
		"headers attachments priority sendAt expiresAt tags metadata")
	controls  = regexp.MustCompile(`[\x00-\x1f\x7f-\x{9f}]`)
	notATab   = regexp.MustCompile(`[\x00-\x08\x0a-\x1f\x7f-\x{9f}]`)
	printable = regexp.MustCompile(`\A[\x20-\x7e]*\z`)
)

// formFault says why no mail can ever be made of a job, as far as the job alone tells.
func formFault(value any, now time.Time) *fault {
	job, ok := value.(*object)
	if !ok {
		return &fault{"", "the job is " + typeName(value) + ", not an object"}
	}
	f := fields{job, ""}
	if wrong := f.allow(fieldNames); wrong != nil {
		return wrong
	}
	if wrong := checkContent(f); wrong != nil {
		return wrong
	}
	for _, name := range []string{"params", "headers", "metadata"} {
		if _, wrong := f.child(name); wrong != nil {
			return wrong
		}
	}
	for _, name := range []string{"locale"} {
		if _, _, wrong := f.text(name); wrong != nil {
			return wrong
		}
	}
	if _, wrong := f.texts("tags"); wrong != nil {
		return wrong
	}
	priority, isThere, wrong := f.text("priority")
	if wrong == nil && isThere && priority != "high" && priority != "normal" && priority != "bulk" {
		wrong = f.fault("priority", "is not one of high, normal, bulk")
	}
	if wrong != nil {
		return wrong
	}
	if wrong := checkDSN(f); wrong != nil {
		return wrong
	}
	if wrong := checkTimes(f, now); wrong != nil {
		return wrong
	}
	return checkMail(f)
}

func checkContent(f fields) *fault {
	template, isTemplate, wrong := f.text("template")
	if wrong != nil {
		return wrong
	}
	has := map[string]bool{}
	for _, name := range []string{"subject", "text", "html"} {
		if _, has[name], wrong = f.text(name); wrong != nil {
			return wrong
		}
	}
	isOwn := has["subject"] || has["text"] || has["html"]
	kinds := 0
	for _, isKind := range []bool{isTemplate, isOwn, f.get("message") != nil} {
		if isKind {
			kinds++
		}
	}
	switch {
	case kinds == 0:
		return &fault{"", "neither template, nor subject with text or html, nor message"}
	case kinds > 1:
		return &fault{"", "more than one of template, subject with text or html, and message"}
	case isTemplate && !identifier.MatchString(template):
		return f.fault("template", "is not a template's name: A-Z a-z 0-9 . _ @ = + -, a letter or digit first")
	case isOwn && !has["subject"]:
		return f.fault("subject", "missing beside text or html")
	case isOwn && !has["text"] && !has["html"]:
		return &fault{"", "a subject without text or html"}
	}
	return nil
}

func checkDSN(f fields) *fault {
	members, wrong := f.child("dsn")
	if members == nil {
		return wrong
	}
	dsn := fields{members, "/dsn"}
	if wrong := dsn.allow(words("notify return envelopeId")); wrong != nil {
		return wrong
	}
	notify, wrong := dsn.texts("notify")
	if wrong != nil {
		return wrong
	}
	if dsn.get("notify") != nil && len(notify) == 0 {
		return dsn.fault("notify", "is empty; leave it out instead")
	}
	isNever := false
	for index, word := range notify {
		if !words("never success failure delay")[word] {
			return dsn.fault(fmt.Sprintf("notify/%d", index), "is not one of never, success, failure, delay")
		}
		isNever = isNever || word == "never"
	}
	for _, word := range notify {
		if isNever && word != "never" {
			return dsn.fault("notify", "never cannot be combined with others")
		}
	}
	extent, isThere, wrong := dsn.text("return")
	if wrong == nil && isThere && extent != "full" && extent != "headers" {
		wrong = dsn.fault("return", "is not one of full, headers")
	}
	if wrong != nil {
		return wrong
	}
	id, isThere, wrong := dsn.text("envelopeId")
	length := len(id) + 2*(strings.Count(id, "+")+strings.Count(id, "=")+strings.Count(id, " "))
	if wrong == nil && isThere && (length == 0 || length > 100 || !printable.MatchString(id)) {
		wrong = dsn.fault("envelopeId", "is not 1 to 100 characters of printable ASCII")
	}
	return wrong
}

func checkTimes(f fields, now time.Time) *fault {
	sendAt, isDelayed, wrong := f.moment("sendAt")
	if wrong != nil {
		return wrong
	}
	expiresAt, expires, wrong := f.moment("expiresAt")
	switch {
	case wrong != nil:
		return wrong
	case expires && isDelayed && !expiresAt.After(sendAt):
		return f.fault("expiresAt", "is not after sendAt: the job could only expire")
	case expires && !expiresAt.After(now):
		return f.fault("expiresAt", "is over: the job could only expire")
	}
	return nil
}

// checkMail judges the addresses, and what a mail is made of.
func checkMail(f fields) *fault {
	recipients := 0
	for _, name := range []string{"to", "cc", "bcc"} {
		found, wrong := checkAddresses(f, name)
		if wrong != nil {
			return wrong
		}
		recipients += found
	}
	for _, name := range []string{"from", "sender"} {
		if value := f.address(name); value != nil {
			if wrong := checkAddress(value, "/"+name); wrong != nil {
				return wrong
			}
		}
	}
	if _, wrong := checkAddresses(f, "replyTo"); wrong != nil {
		return wrong
	}
	hasEnvelope, wrong := checkEnvelope(f)
	if wrong != nil {
		return wrong
	}
	if f.get("message") != nil {
		named, wrong := checkMessage(f, recipients == 0 && !hasEnvelope)
		if wrong != nil {
			return wrong
		}
		recipients += named
	} else {
		if wrong := checkAttachments(f); wrong != nil {
			return wrong
		}
		if wrong := checkHeaders(f); wrong != nil {
			return wrong
		}
	}
	// A task has no recipient, and only its template tells that it is one.
	mayBeTask := f.get("template") != nil && f.address("to") == nil && f.address("cc") == nil &&
		f.address("bcc") == nil && !hasEnvelope
	if recipients == 0 && !hasEnvelope && !mayBeTask {
		return &fault{"", "no recipient: none of to, cc, bcc and envelope names one"}
	}
	return nil
}

// address is a field of addresses; an empty text counts as absent, since forms send one.
func (f fields) address(name string) any {
	if value := f.get(name); value != "" {
		return value
	}
	return nil
}

func checkAddresses(f fields, name string) (int, *fault) {
	value := f.address(name)
	if value == nil {
		return 0, nil
	}
	list, isList := value.([]any)
	if !isList {
		return 1, checkAddress(value, "/"+name)
	}
	for index, element := range list {
		if wrong := checkAddress(element, "/"+name); wrong != nil {
			wrong.reason = fmt.Sprintf("address %d: %s", index+1, wrong.reason)
			return 0, wrong
		}
	}
	return len(list), nil
}

func checkAddress(value any, pointer string) *fault {
	wrong := func(text, reason string) *fault { return &fault{pointer, quote(text) + ": " + reason} }
	if text, ok := value.(string); ok {
		if _, reason := parseMailbox(text); reason != "" {
			return wrong(text, reason)
		}
		return nil
	}
	members, ok := value.(*object)
	if !ok {
		return &fault{pointer, `is neither a string nor {"name":…,"email":…}`}
	}
	for _, name := range members.names {
		if name != "name" && name != "email" {
			return &fault{pointer, "unknown member " + quote(name)}
		}
	}
	email, ok := members.values["email"].(string)
	if !ok {
		return &fault{pointer, `"email" must be a string`}
	}
	if name := members.values["name"]; name != nil {
		text, ok := name.(string)
		if !ok {
			return &fault{pointer, `"name" must be a string`}
		}
		if controls.MatchString(text) {
			return wrong(text, "a control character in the name")
		}
	}
	if _, reason := parseAddress(strings.Trim(email, " ")); reason != "" {
		return wrong(email, reason)
	}
	return nil
}

func checkEnvelope(f fields) (hasRecipients bool, wrong *fault) {
	members, wrong := f.child("envelope")
	if members == nil {
		return false, wrong
	}
	envelope := fields{members, "/envelope"}
	if wrong := envelope.allow(words("from to")); wrong != nil {
		return false, wrong
	}
	bare := func(text, name string) *fault {
		if _, reason := parseAddress(text); reason != "" {
			return envelope.fault(name, quote(text)+": "+reason)
		}
		return nil
	}
	from, isThere, wrong := envelope.text("from")
	if wrong == nil && isThere && from != "" && from != "<>" {
		wrong = bare(from, "from")
	}
	if wrong != nil {
		return false, wrong
	}
	to, wrong := envelope.texts("to")
	if wrong != nil {
		return false, wrong
	}
	if _, isThere := members.values["to"]; isThere && len(to) == 0 {
		return false, envelope.fault("to", "no recipient")
	}
	for index, text := range to {
		if wrong := bare(text, fmt.Sprintf("to/%d", index)); wrong != nil {
			return false, wrong
		}
	}
	return len(to) > 0, nil
}

// checkMessage judges a whole message, and counts whom its header names, if that is asked.
func checkMessage(f fields, needsRecipients bool) (int, *fault) {
	var source []byte
	switch message := f.get("message").(type) {
	case string:
		source = []byte(message)
	case *object:
		text, ok := message.values["base64"].(string)
		if !ok || len(message.names) != 1 {
			return 0, f.fault("message", `is neither a string nor {"base64": "…"}`)
		}
		if source, ok = decodeBase64(text); !ok {
			return 0, f.fault("message/base64", "is not base64")
		}
	default:
		return 0, f.fault("message", `is neither a string nor {"base64": "…"}`)
	}
	files, wrong := f.list("attachments")
	if wrong != nil {
		return 0, wrong
	}
	headers, _ := f.child("headers")
	for _, field := range []struct {
		name    string
		isThere bool
	}{
		{"attachments", len(files) > 0}, {"headers", headers != nil && len(headers.names) > 0},
		{"replyTo", f.address("replyTo") != nil}, {"sender", f.address("sender") != nil},
	} {
		if field.isThere {
			return 0, f.fault(field.name, "cannot be combined with message, which is the whole mail")
		}
	}
	named, reason := readHeader(source, needsRecipients)
	if reason != "" {
		return 0, f.fault("message", reason)
	}
	return named, nil
}

// decodeBase64 takes line ends, and padding that is missing.
func decodeBase64(text string) ([]byte, bool) {
	text = strings.NewReplacer("\r", "", "\n", "").Replace(text)
	bare := strings.TrimRight(text, "=")
	if padding := len(text) - len(bare); padding > 0 && padding != (4-len(bare)%4)%4 {
		return nil, false
	}
	bytes, err := base64.RawStdEncoding.DecodeString(bare)
	return bytes, err == nil
}

func isASCII(text string) bool {
	for index := 0; index < len(text); index++ {
		if text[index] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
