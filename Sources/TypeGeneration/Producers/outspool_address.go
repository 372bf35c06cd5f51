package outspool

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An addressReader reads mailboxes, groups and comments from left to right: RFC 5322, section 3.4, with the UTF-8 of
// RFC 6532. Reasons are texts, "" where all is well.
type addressReader struct {
	text string
	at   int
}

const (
	comma = `an unquoted comma; several addresses are written ["a@b", "c@d"], and a name with a comma "in quotes"`
	noAt  = "no @"
)

var (
	label      = regexp.MustCompile(`\A[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\z`)
	unicodeDot = regexp.MustCompile(`\A(?:[A-Za-z0-9.-]|[^\x00-\x7f])*\z`)
	ipv4       = regexp.MustCompile(`\A\d{1,3}(?:\.\d{1,3}){3}\z`)
)

func isAtom(c byte) bool {
	return c >= 0x80 || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// parseMailbox reads one mailbox: a@b, Name <a@b>, "Name, quoted" <a@b> or a@b (Name).
func parseMailbox(text string) (address, reason string) {
	if controls.MatchString(text) {
		return "", "a control character"
	}
	r := addressReader{text: text}
	address, reason = r.mailbox(false)
	switch {
	case reason != "":
	case address == "" && r.isAtEnd():
		reason = "empty"
	case !r.isAtEnd():
		reason = r.unexpected()
	}
	return address, reason
}

// parseAddress reads a bare address: no name, no angle brackets, no comments.
func parseAddress(text string) (address, reason string) {
	if controls.MatchString(text) {
		return "", "a control character"
	}
	r := addressReader{text: text}
	words, reason := r.words()
	if reason != "" {
		return "", reason
	}
	if r.current() != '@' {
		if r.isAtEnd() {
			return "", noAt
		}
		return "", r.unexpected()
	}
	if address, reason = r.address(words); reason == "" && !r.isAtEnd() {
		reason = r.unexpected()
	}
	return address, reason
}

// parseList reads the value of a field such as To, and counts its mailboxes; of groups the members.
func parseList(text string) (count int, reason string) {
	if notATab.MatchString(text) {
		return 0, "a control character"
	}
	r := addressReader{text: text}
	inGroup := false
	for {
		address, reason := r.mailbox(true)
		if reason != "" {
			return 0, reason
		}
		if address != "" {
			count++
		}
		switch c := r.current(); {
		case r.isAtEnd():
			if inGroup {
				return 0, "a group without ';'"
			}
			return count, ""
		case c == ',':
			r.at++
		case c == ':' && !inGroup:
			inGroup = true
			r.at++
		case c == ';' && inGroup:
			inGroup = false
			r.at++
			if _, reason := r.skipBlanks(); reason != "" {
				return 0, reason
			}
			if !r.isAtEnd() && r.current() != ',' {
				return 0, r.unexpected()
			}
		default:
			return 0, r.unexpected()
		}
	}
}

func (r *addressReader) isAtEnd() bool { return r.at >= len(r.text) }

func (r *addressReader) current() byte {
	if r.isAtEnd() {
		return 0
	}
	return r.text[r.at]
}

func (r *addressReader) unexpected() string {
	if r.isAtEnd() {
		return "ends too early"
	}
	if r.current() == ',' {
		return comma
	}
	character, _ := utf8.DecodeRuneInString(r.text[r.at:])
	return fmt.Sprintf("unexpected '%c'", character)
}

// The words before a <, @ or :, of which only those decide what the words are.
type addressWords struct {
	local       strings.Builder
	count       int
	isLocal     bool
	endsInDot   bool
	endsInBlank bool
}

func (r *addressReader) words() (*addressWords, string) {
	words := &addressWords{isLocal: true}
	isSpaced := false
	for !r.isAtEnd() {
		c := r.current()
		if c == '.' {
			words.isLocal = words.isLocal && !isSpaced && words.count > 0 && !words.endsInDot
			words.endsInDot = true
			words.local.WriteByte('.')
			r.at++
		} else if c == '"' || isAtom(c) {
			words.isLocal = words.isLocal && !isSpaced && (words.count == 0 || words.endsInDot)
			words.endsInDot = false
			if c == '"' {
				if reason := r.quoted(&words.local); reason != "" {
					return words, reason
				}
			} else {
				for !r.isAtEnd() && isAtom(r.current()) {
					words.local.WriteByte(r.current())
					r.at++
				}
			}
		} else {
			break
		}
		words.count++
		var reason string
		if isSpaced, reason = r.skipBlanks(); reason != "" {
			return words, reason
		}
	}
	words.isLocal = words.isLocal && words.count > 0 && !words.endsInDot
	words.endsInBlank = isSpaced
	return words, ""
}

func (r *addressReader) quoted(out *strings.Builder) string {
	for r.at++; !r.isAtEnd(); r.at++ {
		c := r.current()
		if c == '"' {
			r.at++
			return ""
		}
		if c == '\\' {
			if r.at++; r.isAtEnd() {
				break
			}
		}
		if c = r.current(); c == '\t' {
			c = ' '
		}
		out.WriteByte(c)
	}
	return "a quotation mark without its pair"
}

// mailbox gives "" where there are no words before , ; or the end, or where it is a group's name.
func (r *addressReader) mailbox(inList bool) (address, reason string) {
	if _, reason = r.skipBlanks(); reason != "" {
		return "", reason
	}
	words, reason := r.words()
	if reason != "" {
		return "", reason
	}
	switch c := r.current(); {
	case r.isAtEnd() || c == ';' || c == ',' && inList:
		if words.count > 0 {
			return "", noAt
		}
		return "", ""
	case c == '@':
		if address, reason = r.address(words); reason == "" {
			_, reason = r.skipBlanks()
		}
		return address, reason
	case c == '<':
		r.at++
		if _, reason = r.skipBlanks(); reason != "" {
			return "", reason
		}
		inner, reason := r.words()
		switch {
		case reason != "":
			return "", reason
		case r.current() != '@' && inner.count > 0 && r.current() != '>':
			return "", r.unexpected()
		case r.current() != '@':
			return "", noAt
		}
		if address, reason = r.address(inner); reason == "" {
			_, reason = r.skipBlanks()
		}
		if reason != "" {
			return "", reason
		}
		if r.current() != '>' {
			if r.isAtEnd() {
				return "", "a '<' without '>'"
			}
			return "", r.unexpected()
		}
		r.at++
		_, reason = r.skipBlanks()
		return address, reason
	case c == ':' && inList && words.count > 0:
		return "", ""
	}
	return "", r.unexpected()
}

// skipBlanks skips white space and comments, which may be nested.
func (r *addressReader) skipBlanks() (bool, string) {
	start, depth := r.at, 0
	for ; !r.isAtEnd(); r.at++ {
		c := r.current()
		if depth == 0 && c != '(' && c != ' ' && c != '\t' {
			break
		}
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '\\' && r.at+1 < len(r.text):
			r.at++
		}
	}
	if depth > 0 {
		return true, "a '(' without ')'"
	}
	return r.at > start, ""
}

// address reads the domain at the current @.
func (r *addressReader) address(words *addressWords) (address, reason string) {
	if words.count == 0 {
		return "", "nothing before the @"
	}
	if !words.isLocal || words.endsInBlank {
		return "", "a misplaced dot or space before the @; unusual local parts must be quoted"
	}
	r.at++
	start := r.at
	if r.current() == '[' {
		for !r.isAtEnd() && r.current() != ']' && r.current() != ' ' && r.current() != '\t' {
			r.at++
		}
		if r.current() == ']' {
			r.at++
		}
	} else {
		for !r.isAtEnd() && (isAtom(r.current()) || r.current() == '.') {
			r.at++
		}
	}
	domain, local := r.text[start:r.at], words.local.String()
	if reason = domainFault(domain); reason != "" {
		return "", reason
	}
	for _, character := range local {
		if character >= 0x80 && (!unicode.IsPrint(character) || unicode.Is(unicode.Z, character)) {
			return "", fmt.Sprintf("an invisible character before the @, %+q", character)
		}
	}
	written := len(local)
	if !isDotAtom(local) {
		written += 2 + strings.Count(local, `"`) + strings.Count(local, `\`)
	}
	if written+1+len(domain) > 480 {
		return "", "longer than 480 octets"
	}
	return local + "@" + domain, ""
}

func isDotAtom(local string) bool {
	for _, word := range strings.Split(local, ".") {
		for index := 0; index < len(word); index++ {
			if !isAtom(word[index]) {
				return false
			}
		}
		if word == "" {
			return false
		}
	}
	return true
}

// domainFault judges a domain by its form: which characters beyond ASCII it may have is the daemon's to know.
func domainFault(domain string) string {
	const notAName = "a label in the domain that is not letters, digits and inner hyphens"
	switch {
	case domain == "":
		return "nothing after the @"
	case domain[0] == '[':
		if !isLiteral(domain) {
			return "a domain literal that is neither [192.0.2.1] nor [IPv6:2001:db8::1]"
		}
		return ""
	case isASCII(domain) && len(domain) > 255 || len(domain) > 1020:
		return "more than 255 octets after the @"
	case !isASCII(domain) && !unicodeDot.MatchString(domain):
		return notAName
	}
	for _, name := range strings.Split(domain, ".") {
		switch {
		case name == "":
			return "an empty label in the domain"
		case !isASCII(name):
		case len(name) > 63:
			return "a label of more than 63 octets in the domain"
		case !label.MatchString(name):
			return notAName
		}
	}
	return ""
}

func isLiteral(domain string) bool {
	if !strings.HasSuffix(domain, "]") || len(domain) < 3 {
		return false
	}
	inner := domain[1 : len(domain)-1]
	if len(inner) > 5 && strings.EqualFold(inner[:5], "ipv6:") {
		return strings.Contains(inner[5:], ":") && !strings.Contains(inner, "%") && net.ParseIP(inner[5:]) != nil
	}
	if !ipv4.MatchString(inner) {
		return false
	}
	for _, part := range strings.Split(inner, ".") {
		if len(part) == 3 && part > "255" {
			return false
		}
	}
	return true
}
