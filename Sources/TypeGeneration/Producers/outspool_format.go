package outspool

import (
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	labels   = `[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	anyLabel = `(?:[A-Za-z0-9]|[^\x00-\x7f])(?:(?:[A-Za-z0-9-]|[^\x00-\x7f])*(?:[A-Za-z0-9]|[^\x00-\x7f]))?`
	plain    = "[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2}"
	decByte  = `(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`
	dayUnits = `(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)`
	units    = `(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S)`
	atoms    = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
)

var formats = map[string]*regexp.Regexp{
	"date":     regexp.MustCompile(`\A\d{4}-\d{2}-\d{2}\z`),
	"duration": regexp.MustCompile(`\AP(?:\d+W|` + dayUnits + `(?:T` + units + `)?|T` + units + `)\z`),
	"hostname": regexp.MustCompile(`\A` + labels + `(?:\.` + labels + `)*\z`),
	"ipv4":     regexp.MustCompile(`\A` + decByte + `(?:\.` + decByte + `){3}\z`),
	"uuid":     regexp.MustCompile(`\A[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\z`),
	"uri": regexp.MustCompile(`\A[A-Za-z][A-Za-z0-9+.-]*:(?://(?:(?:` + plain + `|:)*@)?(?:\[([0-9A-Fa-f:.]+)\]|(?:` + plain +
		`)*)(?::\d*)?(?:/(?:` + plain + `|[:@/])*)?|(?:(?:` + plain + `|[:@])(?:` + plain + `|[:@/])*)?|/(?:(?:` + plain +
		`|[:@])(?:` + plain + `|[:@/])*)?)(?:\?(?:` + plain + `|[:@/?])*)?(?:#(?:` + plain + `|[:@/?])*)?\z`),
}

var (
	quotedLocal = regexp.MustCompile(`\A"(?:[\x20!#-\[\]-~]|[^\x00-\x7f]|\\[\x20-\x7e])*"\z`)
	plainLocal  = regexp.MustCompile(`\A` + atoms + `(?:\.` + atoms + `)*\z`)
	otherLocal  = regexp.MustCompile("\\A(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\\x00-\\x7f])+" +
		"(?:\\.(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\\x00-\\x7f])+)*\\z")
	otherHost = regexp.MustCompile(`\A` + anyLabel + `(?:\.` + anyLabel + `)*\z`)
	clock     = regexp.MustCompile(`\A(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[Zz]|([+-])(\d{2}):(\d{2}))\z`)
)

// fitsFormat judges the formats that the daemon asserts.
func fitsFormat(format, text string) bool {
	switch format {
	case "date":
		_, err := time.Parse("2006-01-02", text)
		return err == nil
	case "time":
		return isTime(text)
	case "date-time":
		return len(text) > 11 && text[10]|0x20 == 't' && fitsFormat("date", text[:10]) && isTime(text[11:])
	case "hostname":
		return len(text) <= 253 && formats[format].MatchString(text)
	case "ipv6":
		return isIPv6(text)
	case "email", "idn-email":
		return isMailbox(text, format == "idn-email")
	}
	pattern := formats[format]
	if format != "uri" {
		return pattern == nil || pattern.MatchString(text)
	}
	parts := pattern.FindStringSubmatch(text)
	return parts != nil && (parts[1] == "" || isIPv6(parts[1]))
}

func isIPv6(text string) bool {
	return strings.Contains(text, ":") && !strings.Contains(text, "%") && net.ParseIP(text) != nil
}

func isTime(text string) bool {
	parts := clock.FindStringSubmatch(text)
	if parts == nil || parts[1] > "23" || parts[2] > "59" || parts[3] > "60" || parts[5] > "23" || parts[6] > "59" {
		return false
	}
	if parts[3] < "60" {
		return true
	}
	// A leap second ends a day in UTC.
	number := func(text string) int {
		value, _ := strconv.Atoi(text) // Of digits, or nothing.
		return value
	}
	offset := number(parts[5])*60 + number(parts[6])
	if parts[4] == "-" {
		offset = -offset
	}
	return (number(parts[1])*60+number(parts[2])-offset+1440)%1440 == 1439
}

func isMailbox(text string, isInternational bool) bool {
	at := strings.LastIndexByte(text, '@')
	if at < 1 || at > 64 || len(text) > 254 || !isInternational && !isASCII(text) {
		return false
	}
	local, domain := text[:at], text[at+1:]
	if !quotedLocal.MatchString(local) && !plainLocal.MatchString(local) &&
		!(isInternational && otherLocal.MatchString(local)) {
		return false
	}
	if strings.HasPrefix(domain, "[") && strings.HasSuffix(domain, "]") {
		inner := domain[1 : len(domain)-1]
		return strings.HasPrefix(inner, "IPv6:") && isIPv6(inner[5:]) || formats["ipv4"].MatchString(inner)
	}
	return len(domain) <= 253 && (formats["hostname"].MatchString(domain) || isInternational && otherHost.MatchString(domain))
}
