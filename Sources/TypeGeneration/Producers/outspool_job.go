package outspool

import (
	"encoding/base64"
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode/utf8"
)

// A Job is what is to be sent, and to whom. What is left zero is not written.
type Job struct {
	Content Content
	// ID is the idempotency key; a generated one if empty. As long as a job of that id is in the spool, a second one is
	// not sent.
	ID      string
	To      []Address
	Cc      []Address
	Bcc     []Address
	From    Address
	ReplyTo []Address
	Sender  Address
	// EnvelopeFrom is the return path where it is not From; a pointer to an empty text is the null return path.
	EnvelopeFrom *string
	// EnvelopeTo has the recipients where they are not those of the header.
	EnvelopeTo []string
	DSN        *DSN
	// Locale is the variant of the template, a tag of BCP 47.
	Locale      string
	Headers     map[string]string
	Attachments []Attachment
	// Priority is high, normal or bulk.
	Priority  Priority
	SendAt    time.Time
	ExpiresAt time.Time
	Tags      []string
	Metadata  map[string]any
}

// Content gives the fields of a job that say what is sent: a Template, a Mail, a Message, or a type that
// `outspool types --lang go` made of a template.
type Content interface {
	Fields() map[string]any
}

// A Template is one that has no type here; Params encode as an object.
type Template struct {
	Name   string
	Params any
}

// Fields is the template's name with its parameters.
func (t Template) Fields() map[string]any {
	if t.Params == nil {
		return map[string]any{"template": t.Name}
	}
	return map[string]any{"template": t.Name, "params": t.Params}
}

// A Mail has no template. An empty Text is sent only if there is no HTML: from HTML alone, the text is made.
type Mail struct{ Subject, Text, HTML string }

// Fields is the subject with the text, the HTML or both.
func (m Mail) Fields() map[string]any {
	fields := map[string]any{"subject": m.Subject}
	if m.HTML != "" {
		fields["html"] = m.HTML
	}
	if m.Text != "" || m.HTML == "" {
		fields["text"] = m.Text
	}
	return fields
}

// A Message is whole (RFC 5322), header and body.
type Message []byte

// Fields is the message, as text if it is UTF-8.
func (m Message) Fields() map[string]any {
	if utf8.Valid(m) {
		return map[string]any{"message": string(m)}
	}
	return map[string]any{"message": map[string]any{"base64": base64.StdEncoding.EncodeToString(m)}}
}

// An Address is a mailbox. Without a Name, Email may be `Zoë <zoe@example.com>`.
type Address struct{ Name, Email string }

// Addresses makes a list of texts, an address each.
func Addresses(texts ...string) []Address {
	list := []Address{}
	for _, text := range texts {
		list = append(list, Address{Email: text})
	}
	return list
}

// A Priority is the order in which jobs go when not all can.
type Priority string

// High never waits behind Bulk.
const (
	High   Priority = "high"
	Normal Priority = "normal"
	Bulk   Priority = "bulk"
)

// A DSN asks the servers on the way for notifications of delivery (RFC 3461).
type DSN struct {
	// Notify has some of success, failure and delay, or never alone.
	Notify []string
	// Return is full or headers.
	Return string
	// EnvelopeID is the job's id if empty.
	EnvelopeID string
}

// An Attachment has its Content, or the name of a File in the daemon's attachments_directory.
type Attachment struct {
	Filename    string
	ContentType string
	// CID is the id by which HTML refers to it, cid:logo.
	CID     string
	Content []byte
	File    string
}

// object makes the job object of spool(5).
func (j Job) object() (*object, error) {
	job := &object{values: map[string]any{}}
	var failed error
	add := func(name string, value any) {
		if failed != nil {
			return
		}
		tree, err := encode(value)
		if err != nil {
			failed = invalid("/"+name, "cannot be encoded: "+err.Error())
			return
		}
		job.add(name, tree)
	}
	if j.Content == nil {
		return nil, invalid("", "a job without content")
	}
	content := j.Content.Fields()
	for _, name := range strings.Fields("template params subject text html message") {
		if value, isThere := content[name]; isThere {
			add(name, value)
		}
	}
	for _, list := range []struct {
		name      string
		addresses []Address
	}{{"to", j.To}, {"cc", j.Cc}, {"bcc", j.Bcc}, {"from", one(j.From)}, {"replyTo", j.ReplyTo}, {"sender", one(j.Sender)}} {
		if len(list.addresses) > 0 {
			add(list.name, written(list.addresses))
		}
	}
	if envelope := j.envelope(); len(envelope) > 0 {
		add("envelope", envelope)
	}
	if j.DSN != nil {
		add("dsn", j.DSN.members())
	}
	if j.Locale != "" {
		add("locale", j.Locale)
	}
	if len(j.Headers) > 0 {
		add("headers", j.Headers)
	}
	if len(j.Attachments) > 0 {
		files := []any{}
		for _, attachment := range j.Attachments {
			files = append(files, attachment.members())
		}
		add("attachments", files)
	}
	if j.Priority != "" {
		add("priority", j.Priority)
	}
	for _, time := range []struct {
		name string
		at   time.Time
	}{{"sendAt", j.SendAt}, {"expiresAt", j.ExpiresAt}} {
		if !time.at.IsZero() {
			if year := time.at.UTC().Year(); year < 1 || year > 9999 {
				return nil, invalid("/"+time.name, fmt.Sprintf("the year %d", year))
			}
			add(time.name, time.at.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
		}
	}
	if len(j.Tags) > 0 {
		add("tags", j.Tags)
	}
	if len(j.Metadata) > 0 {
		add("metadata", j.Metadata)
	}
	return job, failed
}

func one(address Address) []Address {
	if address == (Address{}) {
		return nil
	}
	return []Address{address}
}

func written(addresses []Address) any {
	list := []any{}
	for _, address := range addresses {
		if address.Name == "" {
			list = append(list, address.Email)
		} else {
			list = append(list, map[string]string{"name": address.Name, "email": address.Email})
		}
	}
	if len(list) == 1 {
		return list[0]
	}
	return list
}

func (j Job) envelope() map[string]any {
	envelope := map[string]any{}
	if j.EnvelopeFrom != nil {
		envelope["from"] = *j.EnvelopeFrom
	}
	if j.EnvelopeTo != nil {
		envelope["to"] = j.EnvelopeTo
	}
	return envelope
}

func (d DSN) members() map[string]any {
	members := map[string]any{}
	if d.Notify != nil {
		members["notify"] = d.Notify
	}
	if d.Return != "" {
		members["return"] = d.Return
	}
	if d.EnvelopeID != "" {
		members["envelopeId"] = d.EnvelopeID
	}
	return members
}

func (a Attachment) members() map[string]any {
	members := map[string]any{}
	for name, text := range map[string]string{"filename": a.Filename, "contentType": a.ContentType, "cid": a.CID} {
		if text != "" {
			members[name] = text
		}
	}
	if a.File != "" {
		members["file"] = a.File
	}
	if a.Content != nil || a.File == "" {
		members["content"] = base64.StdEncoding.EncodeToString(a.Content)
	}
	return members
}

// Members are an object of JSON in its order; the types that `outspool types` makes encode themselves with them.
type Members []Member

// A Member is one of an object.
type Member struct {
	Name  string
	Value any
}

// Add appends a member.
func (m *Members) Add(name string, value any) { *m = append(*m, Member{name, value}) }

// MarshalJSON writes the object.
func (m Members) MarshalJSON() ([]byte, error) {
	members := &object{}
	for _, member := range m {
		value, err := encode(member.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", member.Name, err)
		}
		members.add(member.Name, value)
	}
	return appendJSON(nil, members), nil
}

// addAll appends the members of a map in the order of their names, but for those that are there.
func addAll[T any](m *Members, values map[string]T) {
	known := map[string]bool{}
	for _, member := range *m {
		known[member.Name] = true
	}
	names := []string{}
	for name := range values {
		if !known[name] {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		m.Add(name, values[name])
	}
}

// marshal writes a value of a type that is one value.
func marshal(value any) ([]byte, error) {
	tree, err := encode(value)
	if err != nil {
		return nil, err
	}
	return appendJSON(nil, tree), nil
}

// Ptr is a pointer to a value, for a field that may be left out.
func Ptr[T any](value T) *T { return &value }

// List is the list, or an empty one where there is none: never null.
func List[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Map is the map, or an empty one where there is none: never null.
func Map[T any](values map[string]T) map[string]T {
	if values == nil {
		return map[string]T{}
	}
	return values
}
