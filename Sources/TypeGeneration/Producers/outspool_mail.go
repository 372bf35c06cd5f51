package outspool

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	token2045 = "[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+"
	// The most bytes that a job's attachments have together.
	attachmentLimit = 64 << 20
	// The longest word of a header field that fits into a line, RFC 5322, section 2.1.1.
	longestWord = 930
	lineLimit   = 998
)

var (
	fieldName  = regexp.MustCompile(`\A[\x21-\x39\x3b-\x7e]+`)
	fieldColon = regexp.MustCompile(`\A[\x21-\x39\x3b-\x7e]+[ \t]*:`)
	mailboxRow = regexp.MustCompile(`\A>?From [ \t]*[^ \t:]`)
	mediaType  = regexp.MustCompile(`\A *(` + token2045 + `)/(` + token2045 + `) *`)
	parameter  = regexp.MustCompile(`\A; *(?:(` + token2045 + `)=(?:` + token2045 + `|"(?:[^"\\]|\\.)*") *|\z)`)

	ownFields = map[string]string{
		"from": "from", "sender": "sender", "reply-to": "replyTo", "to": "to", "cc": "cc", "bcc": "bcc",
		"subject": "subject", "date": "set when the mail is sent", "message-id": "made from the id of the job",
	}
	refusedFields = regexp.MustCompile(`\A(?:(?:return-path|received|mime-version|content-length|delivered-to|` +
		`authentication-results)\z|content-|mime-|dkim-|domainkey-|arc-|resent-|received-)`)
	uniqueFields     = regexp.MustCompile(`\A(?:(?:in-reply-to|references|auto-submitted)\z|list-)`)
	identifierFields = regexp.MustCompile(`\A(?:(?:in-reply-to|references|archived-at|original-message-id|` +
		`x-original-message-id|errors-to|supersedes|feedback-id)\z|list-)`)

	tag = regexp.MustCompile(`(?s)<!--.*?(?:--!?>|\z)|<[!?][^>]*>?|<(/?)([A-Za-z][^\s/>]*)` +
		`((?:[^"'>]|"[^"]*"|'[^']*')*)>`)
	attribute = regexp.MustCompile(`([^\s/>="'][^\s/>=]*)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)`)
	resources = words("src background href style srcset poster data xlink:href")
	invisible = words("script style title template noembed noframes textarea iframe")
	reference = regexp.MustCompile(`(?i)(?:\A|[\x00-\x20"'(=,;])cid:([^\x00-\x20"'()<>,;&#?]+)`)
)

// checkHeaders judges the subject and the further header fields.
func checkHeaders(f fields) *fault {
	if subject, _, _ := f.text("subject"); notATab.MatchString(subject) {
		return f.fault("subject", "a control character")
	}
	headers, _ := f.child("headers")
	if headers == nil {
		return nil
	}
	seen := map[string]bool{}
	for _, name := range headers.names {
		value, ok := headers.values[name].(string)
		if !ok {
			return f.fault("headers/"+token(name), "is "+typeName(headers.values[name])+", not a string")
		}
		if reason := headerFault(name, value); reason != "" {
			return f.fault("headers", quote(name)+": "+reason)
		}
		lower := strings.ToLower(name)
		if seen[lower] && uniqueFields.MatchString(lower) {
			return f.fault("headers", quote(name)+": twice")
		}
		seen[lower] = true
	}
	return nil
}

func headerFault(name, value string) string {
	lower := strings.ToLower(name)
	if len(name) > 60 || fieldName.FindString(name) != name || name == "" {
		return "a name is up to 60 printable characters without ':'"
	}
	if own, isOwn := ownFields[lower]; isOwn {
		return "has a field of its own, " + own
	}
	if refusedFields.MatchString(lower) {
		return "cannot be set, it describes how the message is built or travels"
	}
	if notATab.MatchString(value) {
		return "a control character in the value"
	}
	identifiers := value
	if lower == "list-id" {
		identifiers = value[len(value)-len(strings.TrimLeftFunc(value, func(c rune) bool { return c != '<' })):]
	}
	if identifierFields.MatchString(lower) && !isASCII(identifiers) {
		return "a character that is not ASCII, which ids and URIs have to encode"
	}
	for _, word := range strings.FieldsFunc(value, func(c rune) bool { return c == ' ' || c == '\t' }) {
		if len(word) > longestWord && isASCII(word) {
			return fmt.Sprintf("more than %d characters without a space", longestWord)
		}
	}
	return ""
}

func checkAttachments(f fields) *fault {
	list, wrong := f.list("attachments")
	if wrong != nil {
		return wrong
	}
	total := 0
	ids := map[string]bool{}
	for index, value := range list {
		pointer := fmt.Sprintf("/attachments/%d", index)
		members, ok := value.(*object)
		if !ok {
			return &fault{pointer, "is " + typeName(value) + ", not an object"}
		}
		size, wrong := checkAttachment(fields{members, pointer})
		if wrong != nil {
			return wrong
		}
		if total += size; total > attachmentLimit {
			return &fault{"/attachments", fmt.Sprintf("more than %d bytes", attachmentLimit)}
		}
		if cid, isThere := members.values["cid"].(string); isThere {
			if ids[cid] {
				return &fault{pointer + "/cid", quote(cid) + " is the cid of another attachment"}
			}
			ids[cid] = true
		}
	}
	html, _, _ := f.text("html")
	for _, name := range contentIDs(html) {
		if !ids[name] {
			return &fault{"/attachments", "none has the cid " + quote(name) + " that the HTML shows"}
		}
	}
	return nil
}

func checkAttachment(file fields) (size int, wrong *fault) {
	if wrong = file.allow(words("filename contentType cid content file")); wrong != nil {
		return 0, wrong
	}
	texts, has := map[string]string{}, map[string]bool{}
	for _, name := range []string{"filename", "contentType", "cid", "content", "file"} {
		if texts[name], has[name], wrong = file.text(name); wrong != nil {
			return 0, wrong
		}
	}
	var content []byte
	switch name := texts["file"]; {
	case has["content"] == has["file"]:
		return 0, &fault{file.prefix, "either content or file"}
	case has["file"] && (name == "" || name[0] == '.' || strings.ContainsAny(name, "/\x00")):
		return 0, file.fault("file", "is not a plain file name")
	case has["content"]:
		var ok bool
		if content, ok = decodeBase64(texts["content"]); !ok {
			return 0, file.fault("content", "is not base64")
		}
	}
	if !has["filename"] {
		texts["filename"] = texts["file"]
	}
	cid := texts["cid"]
	switch {
	case controls.MatchString(texts["filename"]):
		return 0, &fault{file.prefix, "a control character in the file name"}
	case len(texts["filename"]) > 1024:
		return 0, &fault{file.prefix, "a file name of more than 1024 octets"}
	case has["cid"] && (cid == "" || len(cid) > 250 || strings.ContainsAny(cid, " <>") || !printable.MatchString(cid)):
		return 0, &fault{file.prefix, "a cid must be up to 250 printable ASCII characters without spaces and angles"}
	}
	if reason := mediaTypeFault(texts["contentType"], has["contentType"], content); reason != "" {
		return 0, &fault{file.prefix, reason}
	}
	return len(content), nil
}

func mediaTypeFault(text string, isThere bool, content []byte) string {
	if !isThere {
		return ""
	}
	match := mediaType.FindStringSubmatch(text)
	seen := map[string]bool{}
	if match != nil && len(text) <= 500 && printable.MatchString(text) {
		rest := text[len(match[0]):]
		for rest != "" {
			next := parameter.FindStringSubmatch(rest)
			if next == nil || next[1] != "" && seen[strings.ToLower(next[1])] {
				match = nil
				break
			}
			seen[strings.ToLower(next[1])] = true
			rest = rest[len(next[0]):]
		}
	} else {
		match = nil
	}
	if match == nil {
		return quote(text) + " is not a content type"
	}
	kind, subtype := strings.ToLower(match[1]), strings.ToLower(match[2])
	if kind == "multipart" || kind == "message" && (subtype == "partial" || subtype == "external-body") {
		return kind + "/" + subtype + " cannot be attached"
	}
	if kind == "message" && subtype == "rfc822" {
		if bytes.IndexByte(content, 0) >= 0 {
			return "an attached message with a NUL in it"
		}
		for _, line := range bytes.FieldsFunc(content, func(c rune) bool { return c == '\r' || c == '\n' }) {
			if len(line) > lineLimit {
				return fmt.Sprintf("an attached message with a line of more than %d octets", lineLimit)
			}
		}
	}
	return ""
}

// contentIDs finds the parts of its own message that HTML refers to, as in src="cid:logo".
func contentIDs(html string) []string {
	names := []string{}
	note := func(text string) {
		for _, match := range reference.FindAllStringSubmatch(text, -1) {
			if name, err := url.PathUnescape(match[1]); err == nil && utf8.ValidString(name) {
				names = append(names, name)
			}
		}
	}
	if !strings.Contains(strings.ToLower(html), "cid:") {
		return names
	}
	for rest := html; ; {
		place := tag.FindStringSubmatchIndex(rest)
		if place == nil {
			return names
		}
		whole := rest[place[0]:place[1]]
		rest = rest[place[1]:]
		if place[4] < 0 {
			note(whole)
			continue
		}
		isEnd, name := whole[1] == '/', strings.ToLower(whole[place[4]-place[0]:place[5]-place[0]])
		for _, match := range attribute.FindAllStringSubmatch(whole[place[6]-place[0]:place[7]-place[0]], -1) {
			if resources[strings.ToLower(match[1])] {
				note(strings.Trim(match[2], `"'`))
			}
		}
		if !isEnd && invisible[name] {
			end := strings.Index(strings.ToLower(rest), "</"+name)
			if end < 0 {
				end = len(rest)
			}
			if name == "style" {
				note(rest[:end])
			}
			rest = rest[end:]
		}
	}
}

// readHeader judges the header of a whole message, and counts whom To, Cc and Bcc name, if that is asked.
func readHeader(source []byte, needsRecipients bool) (count int, reason string) {
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(source))
	if place := strings.IndexByte(text, 0); place >= 0 {
		return 0, fmt.Sprintf("line %d: a NUL", strings.Count(text[:place], "\n")+1)
	}
	lines := strings.Split(text, "\n")
	fields := []string{}
	for index, line := range lines {
		switch {
		case index == 0 && mailboxRow.MatchString(line):
		case line == "":
			return countRecipients(fields, needsRecipients)
		case (line[0] == ' ' || line[0] == '\t') && len(fields) > 0:
			fields[len(fields)-1] += line
		case fieldColon.MatchString(line):
			fields = append(fields, line)
		case len(fields) == 0:
			return countRecipients(fields, needsRecipients)
		case index < len(lines)-1 || line != "":
			return 0, fmt.Sprintf("line %d: neither a header field nor the continuation of one", index+1)
		}
	}
	return countRecipients(fields, needsRecipients)
}

func countRecipients(fields []string, needsRecipients bool) (count int, reason string) {
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ":")
		name = strings.TrimRight(name, " \t")
		if !needsRecipients || !words("to cc bcc")[strings.ToLower(name)] {
			continue
		}
		if !utf8.ValidString(value) {
			return 0, name + ": not valid UTF-8"
		}
		found, reason := parseList(strings.Trim(value, " \t"))
		if reason != "" {
			return 0, fmt.Sprintf("%s: %s: %s", name, quote(value), reason)
		}
		count += found
	}
	return count, ""
}
