package outspool;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.DateTimeException;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Says why no mail can ever be made of a job, as far as the job alone tells. Everything throws a SubmitException. */
final class Form {
    static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}");
    static final Pattern CONTROL = Pattern.compile("[\\x00-\\x1f\\x7f-\\x9f]");
    static final Pattern CONTROL_BUT_TAB = Pattern.compile("[\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f]");
    static final Pattern PRINTABLE = Pattern.compile("[ -~]*");
    private static final Set<String> FIELDS = Set.of(
        "template", "params", "subject", "text", "html", "message", "to", "cc", "bcc", "from", "replyTo", "sender",
        "envelope", "dsn", "locale", "headers", "attachments", "priority", "sendAt", "expiresAt", "tags", "metadata");
    private static final Pattern MOMENT = Pattern.compile(
        "(\\d{4})-(\\d\\d)-(\\d\\d)[Tt]([01]\\d|2[0-3]):([0-5]\\d):([0-5]\\d|60)(\\.\\d+)?"
            + "(?:[Zz]|([+-])([01]\\d|2[0-3]):([0-5]\\d))");

    private Form() {}

    static SubmitException wrong(String pointer, String reason) {
        return SubmitException.invalid(pointer, reason);
    }

    /** The members of an object; null counts as absent. */
    record Fields(Map<String, Object> object, String prefix) {
        Object get(String name) {
            return object.get(name);
        }

        void allow(Set<String> names) {
            for (String name : object.keySet()) {
                if (!names.contains(name) && !(prefix.isEmpty() && name.startsWith("x-"))) {
                    throw wrong(prefix + "/" + Json.token(name), "unknown field");
                }
            }
        }

        private <T> T typed(String name, Class<T> type, String wanted) {
            Object value = get(name);
            if (value != null && !type.isInstance(value)) {
                throw wrong(prefix + "/" + name, "is " + Json.typeName(value) + ", not " + wanted);
            }
            return type.cast(value);
        }

        String text(String name) {
            return typed(name, String.class, "a string");
        }

        Map<String, Object> members(String name) {
            return Json.members(typed(name, Map.class, "an object"));
        }

        List<Object> list(String name) {
            return Json.list(typed(name, List.class, "an array"));
        }

        List<Object> texts(String name) {
            List<Object> list = list(name);
            for (int index = 0; list != null && index < list.size(); index++) {
                if (!(list.get(index) instanceof String)) {
                    throw wrong(prefix + "/" + name + "/" + index, "is " + Json.typeName(list.get(index)) + ", not a string");
                }
            }
            return list;
        }

        /** An address field; an empty text counts as absent, since forms send one. */
        Object address(String name) {
            return "".equals(get(name)) ? null : get(name);
        }

        Instant moment(String name) {
            if (object.containsKey(name) && get(name) == null) {
                throw wrong("/" + name, "is null, not an RFC 3339 date-time; leave it out instead");
            }
            String text = text(name);
            Instant moment = text == null ? null : parse(text);
            if (text != null && moment == null) {
                throw wrong("/" + name, "is not an RFC 3339 date-time such as 2026-11-23T17:44:11Z");
            }
            return moment;
        }
    }

    private static Instant parse(String text) {
        Matcher match = MOMENT.matcher(text);
        if (!match.matches()) {
            return null;
        }
        int[] part = new int[11];
        for (int index : new int[] {1, 2, 3, 4, 5, 6, 9, 10}) {
            part[index] = match.group(index) == null ? 0 : Integer.parseInt(match.group(index));
        }
        try {
            long seconds = LocalDate.of(part[1], part[2], part[3]).atTime(part[4], part[5]).toEpochSecond(ZoneOffset.UTC);
            int offset = (part[9] * 60 + part[10]) * ("-".equals(match.group(8)) ? -60 : 60);
            String fraction = match.group(7) == null ? "0" : "0" + match.group(7);
            long nanos = new BigDecimal(fraction).movePointRight(9).longValue();
            return Instant.ofEpochSecond(seconds + part[6] - offset, nanos);
        } catch (DateTimeException error) {
            return null;
        }
    }

    static void check(Map<String, Object> job, Instant now) {
        Fields fields = new Fields(job, "");
        fields.allow(FIELDS);
        checkContent(fields);
        fields.members("params");
        Map<String, Object> envelope = fields.members("envelope");
        Fields inner = envelope == null ? null : new Fields(envelope, "/envelope");
        List<Object> recipients = inner == null ? null : checkEnvelopeForm(inner);
        checkDsn(fields);
        fields.text("locale");
        fields.members("headers");
        fields.list("attachments");
        String priority = fields.text("priority");
        if (priority != null && !Set.of("high", "normal", "bulk").contains(priority)) {
            throw wrong("/priority", "is not one of high, normal, bulk");
        }
        Instant sendAt = fields.moment("sendAt");
        Instant expiresAt = fields.moment("expiresAt");
        if (sendAt != null && expiresAt != null && !expiresAt.isAfter(sendAt)) {
            throw wrong("/expiresAt", "is not after sendAt: the job could only expire");
        }
        fields.texts("tags");
        fields.members("metadata");
        checkMail(fields, inner, recipients);
        if (expiresAt != null && !expiresAt.isAfter(now)) {
            throw wrong("/expiresAt", "is over: the job could only expire");
        }
    }

    private static void checkContent(Fields fields) {
        String template = fields.text("template");
        boolean hasText = fields.text("text") != null;
        boolean hasHtml = fields.text("html") != null;
        boolean hasSubject = fields.text("subject") != null;
        boolean isOwn = hasText || hasHtml || hasSubject;
        int kinds = (template == null ? 0 : 1) + (isOwn ? 1 : 0) + (fields.get("message") == null ? 0 : 1);
        if (kinds != 1) {
            throw wrong("", kinds == 0 ? "neither template, nor subject with text or html, nor message"
                : "more than one of template, subject with text or html, and message");
        }
        if (template != null && !IDENTIFIER.matcher(template).matches()) {
            throw wrong("/template", "is not a template's name: A-Z a-z 0-9 . _ @ = + -, a letter or digit first");
        }
        if (isOwn && !hasSubject) {
            throw wrong("/subject", "missing beside text or html");
        }
        if (isOwn && !hasText && !hasHtml) {
            throw wrong("", "a subject without text or html");
        }
    }

    private static List<Object> checkEnvelopeForm(Fields envelope) {
        envelope.allow(Set.of("from", "to"));
        envelope.text("from");
        List<Object> to = envelope.texts("to");
        if (envelope.object().containsKey("to") && (to == null || to.isEmpty())) {
            throw wrong("/envelope/to", "no recipient");
        }
        return to;
    }

    private static void checkDsn(Fields fields) {
        if (fields.members("dsn") == null) {
            return;
        }
        Fields dsn = new Fields(fields.members("dsn"), "/dsn");
        dsn.allow(Set.of("notify", "return", "envelopeId"));
        List<Object> notify = dsn.texts("notify");
        if (notify != null) {
            if (notify.isEmpty()) {
                throw wrong("/dsn/notify", "is empty; leave it out instead");
            }
            for (int index = 0; index < notify.size(); index++) {
                if (!Set.of("never", "success", "failure", "delay").contains(notify.get(index))) {
                    throw wrong("/dsn/notify/" + index, "is not one of never, success, failure, delay");
                }
            }
            if (notify.contains("never") && new HashSet<>(notify).size() > 1) {
                throw wrong("/dsn/notify", "never cannot be combined with others");
            }
        }
        String extent = dsn.text("return");
        if (extent != null && !Set.of("full", "headers").contains(extent)) {
            throw wrong("/dsn/return", "is not one of full, headers");
        }
        String id = dsn.text("envelopeId");
        if (id != null) {
            long length = id.length() + 2 * id.chars().filter(c -> "+= ".indexOf(c) >= 0).count();
            if (length == 0 || length > 100 || !PRINTABLE.matcher(id).matches()) {
                throw wrong("/dsn/envelopeId", "is not 1 to 100 characters of printable ASCII");
            }
        }
    }

    /** Judges the addresses, and what a mail is made of. */
    private static void checkMail(Fields fields, Fields envelope, List<Object> envelopeTo) {
        int recipients = 0;
        for (String name : List.of("to", "cc", "bcc")) {
            recipients += addresses(fields, name);
        }
        for (String name : List.of("from", "sender")) {
            if (fields.address(name) != null) {
                address(fields.address(name), "/" + name);
            }
        }
        addresses(fields, "replyTo");
        if (envelope != null) {
            String from = envelope.text("from");
            if (from != null && !Set.of("", "<>").contains(from)) {
                bare(from, "/envelope/from");
            }
            for (int index = 0; envelopeTo != null && index < envelopeTo.size(); index++) {
                bare((String) envelopeTo.get(index), "/envelope/to/" + index);
            }
        }
        boolean hasRecipients = recipients > 0 || envelopeTo != null;
        if (fields.get("message") != null) {
            hasRecipients = Letter.checkMessage(fields, !hasRecipients) || hasRecipients;
        } else {
            Letter.checkAttachments(fields);
            Letter.checkHeaders(fields);
        }
        // A task has no recipient, and only its template tells that it is one.
        boolean mayBeTask = fields.get("template") != null && envelopeTo == null && fields.address("to") == null
            && fields.address("cc") == null && fields.address("bcc") == null;
        if (!hasRecipients && !mayBeTask) {
            throw wrong("", "no recipient: none of to, cc, bcc and envelope names one");
        }
    }

    private static int addresses(Fields fields, String name) {
        Object value = fields.address(name);
        if (value == null) {
            return 0;
        }
        if (!(value instanceof List<?> list)) {
            address(value, "/" + name);
            return 1;
        }
        list.forEach(element -> address(element, "/" + name));
        return list.size();
    }

    private static void address(Object value, String pointer) {
        if (value instanceof String text) {
            try {
                AddressReader.mailbox(text);
            } catch (AddressReader.Fault fault) {
                throw wrong(pointer, Json.quote(text) + ": " + fault.getMessage());
            }
            return;
        }
        if (!(value instanceof Map<?, ?> members)) {
            throw wrong(pointer, "is neither a string nor {\"name\":…,\"email\":…}");
        }
        for (Object name : members.keySet()) {
            if (!Set.of("name", "email").contains(name)) {
                throw wrong(pointer, "unknown member " + Json.quote((String) name));
            }
        }
        if (!(members.get("email") instanceof String email)) {
            throw wrong(pointer, "\"email\" must be a string");
        }
        Object name = members.get("name");
        if (name != null && !(name instanceof String)) {
            throw wrong(pointer, "\"name\" must be a string");
        }
        if (name != null && CONTROL.matcher((String) name).find()) {
            throw wrong(pointer, "a control character in the name");
        }
        bare(email.replaceAll("\\A +| +\\z", ""), pointer);
    }

    private static void bare(String text, String pointer) {
        try {
            AddressReader.bare(text);
        } catch (AddressReader.Fault fault) {
            throw wrong(pointer, Json.quote(text) + ": " + fault.getMessage());
        }
    }
}
