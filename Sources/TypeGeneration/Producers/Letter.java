package outspool;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Judges what a mail is made of, as the daemon does. */
final class Letter {
    private static final String TOKEN = "[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+";
    /** The most bytes that a job's attachments have together. */
    private static final int ATTACHMENT_LIMIT = 64 << 20;
    /** The longest word of a header field that fits into a line, RFC 5322, section 2.1.1. */
    private static final int LONGEST_WORD = 930;
    private static final int LINE_LIMIT = 998;
    private static final Map<String, String> OWN_FIELDS = Map.of(
        "from", "from", "sender", "sender", "reply-to", "replyTo", "to", "to", "cc", "cc", "bcc", "bcc",
        "subject", "subject", "date", "set when the mail is sent", "message-id", "made from the id of the job");
    private static final Pattern NAME = Pattern.compile("[!-9;-~]{1,60}");
    private static final Pattern REFUSED = Pattern.compile(
        "(?:return-path|received|mime-version|content-length|delivered-to|authentication-results)"
            + "|(?:content-|mime-|dkim-|domainkey-|arc-|resent-|received-).*");
    private static final Pattern UNIQUE = Pattern.compile("in-reply-to|references|auto-submitted|list-.*");
    private static final Pattern IDENTIFYING = Pattern.compile(
        "in-reply-to|references|archived-at|original-message-id|x-original-message-id|errors-to|supersedes|feedback-id"
            + "|list-.*");
    private static final Pattern CID = Pattern.compile("[!-;=?-~]{1,250}");
    private static final Pattern TYPE = Pattern.compile(" *(" + TOKEN + ")/(" + TOKEN + ") *");
    private static final Pattern PARAMETER =
        Pattern.compile("; *(?:(" + TOKEN + ")=(?:" + TOKEN + "|\"(?:[^\"\\\\]|\\\\.)*\") *|\\z)");
    private static final Pattern TAG = Pattern.compile(
        "<!--.*?(?:--!?>|\\z)|<[!?][^>]*>?|<(/?)([A-Za-z][^\\s/>]*)((?:[^\"'>]++|\"[^\"]*+\"|'[^']*+')*+)>", Pattern.DOTALL);
    private static final Pattern ATTRIBUTE =
        Pattern.compile("([^\\s/>=\"'][^\\s/>=]*)\\s*=\\s*(\"[^\"]*\"|'[^']*'|[^\\s>]+)");
    private static final Set<String> RESOURCES =
        Set.of("src", "background", "href", "style", "srcset", "poster", "data", "xlink:href");
    private static final Set<String> INVISIBLE =
        Set.of("script", "style", "title", "template", "noembed", "noframes", "textarea", "iframe");
    private static final Pattern REFERENCE = Pattern.compile(
        "(?:\\A|[\\x00-\\x20\"'(=,;])cid:([^\\x00-\\x20\"'()<>,;&#?]+)", Pattern.CASE_INSENSITIVE);
    private static final Pattern MAILBOX_LINE = Pattern.compile(">?From [ \\t]*[^ \\t:].*", Pattern.DOTALL);
    private static final Pattern FIELD = Pattern.compile("[!-9;-~]+[ \\t]*:.*", Pattern.DOTALL);

    private Letter() {}

    /** The subject and the further header fields. */
    static void checkHeaders(Form.Fields fields) {
        String subject = fields.text("subject");
        if (subject != null && Form.CONTROL_BUT_TAB.matcher(subject).find()) {
            throw Form.wrong("/subject", "a control character");
        }
        Set<String> seen = new HashSet<>();
        Map<String, Object> headers = fields.members("headers");
        for (Map.Entry<String, Object> header : headers == null ? Map.<String, Object>of().entrySet() : headers.entrySet()) {
            String name = header.getKey();
            if (!(header.getValue() instanceof String value)) {
                throw Form.wrong("/headers/" + Json.token(name), "is " + Json.typeName(header.getValue()) + ", not a string");
            }
            String lower = name.toLowerCase(Locale.ROOT);
            String reason = headerFault(name, lower, value);
            if (reason == null && !seen.add(lower) && UNIQUE.matcher(lower).matches()) {
                reason = "twice";
            }
            if (reason != null) {
                throw Form.wrong("/headers", Json.quote(name) + ": " + reason);
            }
        }
    }

    private static String headerFault(String name, String lower, String value) {
        if (!NAME.matcher(name).matches()) {
            return "a name is up to 60 printable characters without ':'";
        }
        if (OWN_FIELDS.containsKey(lower)) {
            return "has a field of its own, " + OWN_FIELDS.get(lower);
        }
        if (REFUSED.matcher(lower).matches()) {
            return "cannot be set, it describes how the message is built or travels";
        }
        if (Form.CONTROL_BUT_TAB.matcher(value).find()) {
            return "a control character in the value";
        }
        String ids = lower.equals("list-id") ? value.replaceAll("\\A[^<]*", "") : value;
        if (IDENTIFYING.matcher(lower).matches() && !AddressReader.isAscii(ids)) {
            return "a character that is not ASCII, which ids and URIs have to encode";
        }
        for (String word : value.split("[ \\t]")) {
            if (word.length() > LONGEST_WORD && AddressReader.isAscii(word)) {
                return "more than " + LONGEST_WORD + " characters without a space";
            }
        }
        return null;
    }

    static void checkAttachments(Form.Fields fields) {
        List<Object> list = fields.list("attachments");
        Set<String> ids = new HashSet<>();
        long total = 0;
        for (int index = 0; list != null && index < list.size(); index++) {
            String pointer = "/attachments/" + index;
            if (!(list.get(index) instanceof Map<?, ?> members)) {
                throw Form.wrong(pointer, "is " + Json.typeName(list.get(index)) + ", not an object");
            }
            total += checkAttachment(new Form.Fields(Json.members(members), pointer));
            if (total > ATTACHMENT_LIMIT) {
                throw Form.wrong("/attachments", "more than " + ATTACHMENT_LIMIT + " bytes");
            }
            if (members.get("cid") instanceof String cid && !ids.add(cid)) {
                throw Form.wrong(pointer + "/cid", Json.quote(cid) + " is the cid of another attachment");
            }
        }
        String html = fields.text("html");
        for (String name : html == null ? List.<String>of() : contentIds(html)) {
            if (!ids.contains(name)) {
                throw Form.wrong("/attachments", "none has the cid " + Json.quote(name) + " that the HTML shows");
            }
        }
    }

    private static int checkAttachment(Form.Fields file) {
        file.allow(Set.of("filename", "contentType", "cid", "content", "file"));
        String name = file.text("filename");
        String type = file.text("contentType");
        String cid = file.text("cid");
        String content = file.text("content");
        String source = file.text("file");
        if ((content == null) == (source == null)) {
            throw Form.wrong(file.prefix(), "either content or file");
        }
        if (source != null && (source.isEmpty() || source.startsWith(".") || source.matches("(?s).*[/\\x00].*"))) {
            throw Form.wrong(file.prefix() + "/file", "is not a plain file name");
        }
        byte[] bytes = content == null ? new byte[0] : decoded(content);
        if (bytes == null) {
            throw Form.wrong(file.prefix() + "/content", "is not base64");
        }
        name = name == null ? source : name;
        String reason = null;
        if (name != null && Form.CONTROL.matcher(name).find()) {
            reason = "a control character in the file name";
        } else if (name != null && AddressReader.bytes(name) > 1024) {
            reason = "a file name of more than 1024 octets";
        } else if (cid != null && !CID.matcher(cid).matches()) {
            reason = "a cid must be up to 250 printable ASCII characters without spaces and angles";
        } else if (type != null) {
            reason = typeFault(type, bytes);
        }
        if (reason != null) {
            throw Form.wrong(file.prefix(), reason);
        }
        return bytes.length;
    }

    private static String typeFault(String text, byte[] content) {
        Matcher match = TYPE.matcher(text);
        boolean isType = text.length() <= 500 && Form.PRINTABLE.matcher(text).matches() && match.lookingAt();
        Set<String> names = new HashSet<>();
        for (int at = isType ? match.end() : text.length(); at < text.length();) {
            Matcher parameter = PARAMETER.matcher(text).region(at, text.length());
            if (!parameter.lookingAt()
                || parameter.group(1) != null && !names.add(parameter.group(1).toLowerCase(Locale.ROOT))) {
                isType = false;
                break;
            }
            at = parameter.end();
        }
        if (!isType) {
            return Json.quote(text) + " is not a content type";
        }
        String type = (match.group(1) + "/" + match.group(2)).toLowerCase(Locale.ROOT);
        if (type.startsWith("multipart/") || Set.of("message/partial", "message/external-body").contains(type)) {
            return type + " cannot be attached";
        }
        if (type.equals("message/rfc822")) {
            String message = new String(content, StandardCharsets.ISO_8859_1);
            if (message.indexOf(0) >= 0) {
                return "an attached message with a NUL in it";
            }
            for (String line : message.split("[\\r\\n]")) {
                if (line.length() > LINE_LIMIT) {
                    return "an attached message with a line of more than " + LINE_LIMIT + " octets";
                }
            }
        }
        return null;
    }

    /** Takes line ends, and padding that is missing; null if it is not base64. */
    private static byte[] decoded(String text) {
        String whole = text.replace("\r", "").replace("\n", "");
        String bare = whole.replaceAll("=*\\z", "");
        int padding = whole.length() - bare.length();
        if (padding > 0 && padding != (4 - bare.length() % 4) % 4 || !bare.matches("[A-Za-z0-9+/]*")
            || bare.length() % 4 == 1) {
            return null;
        }
        // The bits of the last digit that mean nothing may be any.
        byte[] bytes = Base64.getDecoder().decode(bare + "A".repeat((4 - bare.length() % 4) % 4));
        return java.util.Arrays.copyOf(bytes, bare.length() * 3 / 4);
    }

    /** The parts of its own message that HTML refers to, as in src="cid:logo". */
    private static List<String> contentIds(String html) {
        List<String> found = new ArrayList<>();
        String lower = html.toLowerCase(Locale.ROOT);
        if (!lower.contains("cid:")) {
            return found;
        }
        Matcher tag = TAG.matcher(html);
        for (int at = 0; tag.find(at);) {
            at = tag.end();
            if (tag.group(2) == null) {
                note(tag.group(), found);
                continue;
            }
            Matcher attribute = ATTRIBUTE.matcher(tag.group(3));
            while (attribute.find()) {
                if (RESOURCES.contains(attribute.group(1).toLowerCase(Locale.ROOT))) {
                    note(attribute.group(2).replaceAll("\\A[\"']|[\"']\\z", ""), found);
                }
            }
            String name = tag.group(2).toLowerCase(Locale.ROOT);
            if (tag.group(1).isEmpty() && INVISIBLE.contains(name)) {
                int end = lower.indexOf("</" + name, at);
                end = end < 0 ? html.length() : end;
                if (name.equals("style")) {
                    note(html.substring(at, end), found);
                }
                at = end;
            }
            if (at > html.length()) {
                break;
            }
        }
        return found;
    }

    private static void note(String text, List<String> found) {
        Matcher reference = REFERENCE.matcher(text);
        while (reference.find()) {
            String name = reference.group(1);
            if (!name.matches(".*%(?![0-9A-Fa-f]{2}).*")) {
                java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
                byte[] raw = name.getBytes(StandardCharsets.UTF_8);
                for (int index = 0; index < raw.length; index++) {
                    boolean isEscape = raw[index] == '%';
                    bytes.write(isEscape ? Integer.parseInt(new String(raw, index + 1, 2, StandardCharsets.US_ASCII), 16)
                        : raw[index]);
                    index += isEscape ? 2 : 0;
                }
                found.add(bytes.toString(StandardCharsets.UTF_8));
            }
        }
    }

    /** A whole message. Tells whether its header names a recipient, if that is asked. */
    static boolean checkMessage(Form.Fields fields, boolean needsRecipients) {
        byte[] source = source(fields.get("message"));
        List<Object> attachments = fields.list("attachments");
        Map<String, Object> headers = fields.members("headers");
        String wrong = attachments != null && !attachments.isEmpty() ? "attachments"
            : headers != null && !headers.isEmpty() ? "headers"
            : fields.address("replyTo") != null ? "replyTo" : fields.address("sender") != null ? "sender" : null;
        if (wrong != null) {
            throw Form.wrong("/" + wrong, "cannot be combined with message, which is the whole mail");
        }
        int recipients = 0;
        for (String field : readHeader(source)) {
            recipients += needsRecipients ? recipients(field) : 0;
        }
        return recipients > 0;
    }

    private static byte[] source(Object message) {
        if (message instanceof String text) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        if (message instanceof Map<?, ?> map && map.size() == 1 && map.get("base64") instanceof String text) {
            byte[] bytes = decoded(text);
            if (bytes == null) {
                throw Form.wrong("/message/base64", "is not base64");
            }
            return bytes;
        }
        throw Form.wrong("/message", "is neither a string nor {\"base64\": \"…\"}");
    }

    /** The fields of the header, unfolded, a character for each octet. */
    private static List<String> readHeader(byte[] source) {
        String[] lines = new String(source, StandardCharsets.ISO_8859_1).replace("\r\n", "\n").replace('\r', '\n').split("\n", -1);
        for (int index = 0; index < lines.length; index++) {
            if (lines[index].indexOf(0) >= 0) {
                throw Form.wrong("/message", "line " + (index + 1) + ": a NUL");
            }
        }
        List<String> fields = new ArrayList<>();
        for (int index = 0; index < lines.length; index++) {
            String line = lines[index];
            boolean isFolded = line.startsWith(" ") || line.startsWith("\t");
            if (index == 0 && MAILBOX_LINE.matcher(line).matches()) {
                continue;
            }
            if (isFolded && !fields.isEmpty()) {
                fields.set(fields.size() - 1, fields.get(fields.size() - 1) + line);
            } else if (FIELD.matcher(line).matches()) {
                fields.add(line);
            } else if (line.isEmpty() || fields.isEmpty()) {
                break;
            } else {
                throw Form.wrong(
                    "/message", "line " + (index + 1) + ": neither a header field nor the continuation of one");
            }
        }
        return fields;
    }

    private static int recipients(String field) {
        int colon = field.indexOf(':');
        String name = field.substring(0, colon).stripTrailing();
        if (!Set.of("to", "cc", "bcc").contains(name.toLowerCase(Locale.ROOT))) {
            return 0;
        }
        byte[] bytes = field.substring(colon + 1).replaceAll("\\A[ \\t]+|[ \\t]+\\z", "").getBytes(StandardCharsets.ISO_8859_1);
        try {
            return AddressReader.count(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException error) {
            throw Form.wrong("/message", name + ": not valid UTF-8");
        } catch (AddressReader.Fault fault) {
            throw Form.wrong("/message", name + ": " + fault.getMessage());
        }
    }
}
