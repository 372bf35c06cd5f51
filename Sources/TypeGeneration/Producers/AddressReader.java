package outspool;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** Reads mailboxes, groups and comments from left to right: RFC 5322, section 3.4, with the UTF-8 of RFC 6532. */
final class AddressReader {
    private static final String COMMA =
        "an unquoted comma; several addresses are a list, and a name with a comma stands in quotes";
    private static final String NOT_A_NAME = "a label in the domain that is not letters, digits and inner hyphens";
    private static final Pattern LABEL = Pattern.compile("[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?");
    private static final Pattern WIDE = Pattern.compile("(?:[A-Za-z0-9.-]|[^\\x00-\\x7f])*");
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(?:\\.\\d{1,3}){3}");
    private static final Pattern HIDDEN = Pattern.compile("[\\p{Z}\\p{Cf}\\p{Cc}\\p{Co}&&[^\\x00-\\x7f]]");

    /** The reason against a text that is not an address. */
    static final class Fault extends Exception {
        private static final long serialVersionUID = 1L;

        Fault(String reason) {
            super(reason);
        }
    }

    private final String text;
    private int at;

    private AddressReader(String text) {
        this.text = text;
    }

    /** Reads one mailbox: a@b, Name &lt;a@b&gt;, "Name, quoted" &lt;a@b&gt; or a@b (Name). */
    static void mailbox(String text) throws Fault {
        AddressReader reader = reader(text, Form.CONTROL);
        boolean isMailbox = reader.mailbox(false);
        if (!isMailbox && reader.isAtEnd()) {
            throw new Fault("empty");
        }
        if (!reader.isAtEnd()) {
            throw reader.unexpected();
        }
    }

    /** Reads a bare address: no name, no angle brackets, no comments. */
    static void bare(String text) throws Fault {
        AddressReader reader = reader(text, Form.CONTROL);
        Words words = reader.words();
        if (reader.current() != '@') {
            throw reader.isAtEnd() ? new Fault("no @") : reader.unexpected();
        }
        reader.address(words);
        if (!reader.isAtEnd()) {
            throw reader.unexpected();
        }
    }

    /** Counts the mailboxes in the value of a field such as To; of groups the members. */
    static int count(String text) throws Fault {
        AddressReader reader = reader(text, Form.CONTROL_BUT_TAB);
        int count = 0;
        boolean inGroup = false;
        while (true) {
            count += reader.mailbox(true) ? 1 : 0;
            if (reader.isAtEnd()) {
                if (inGroup) {
                    throw new Fault("a group without ';'");
                }
                return count;
            }
            char c = reader.current();
            if (c == ':' && !inGroup) {
                inGroup = true;
            } else if (c == ';' && inGroup) {
                inGroup = false;
                reader.at++;
                reader.skipBlanks();
                if (!reader.isAtEnd() && reader.current() != ',') {
                    throw reader.unexpected();
                }
                continue;
            } else if (c != ',') {
                throw reader.unexpected();
            }
            reader.at++;
        }
    }

    private static AddressReader reader(String text, Pattern controls) throws Fault {
        if (controls.matcher(text).find()) {
            throw new Fault("a control character");
        }
        return new AddressReader(text);
    }

    private boolean isAtEnd() {
        return at >= text.length();
    }

    private char current() {
        return isAtEnd() ? 0 : text.charAt(at);
    }

    private static boolean isAtom(char c) {
        return c >= 0x80 || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
            || "!#$%&'*+-/=?^_`{|}~".indexOf(c) >= 0;
    }

    private Fault unexpected() {
        if (isAtEnd()) {
            return new Fault("ends too early");
        }
        return new Fault(current() == ',' ? COMMA : "unexpected '" + Character.toString(text.codePointAt(at)) + "'");
    }

    /** The words before a &lt;, @ or :, of which only those decide what the words are. */
    private static final class Words {
        final StringBuilder local = new StringBuilder();
        int count;
        boolean isLocal = true;
        boolean endsInDot;
        boolean endsInBlank;
    }

    private Words words() throws Fault {
        Words words = new Words();
        boolean isSpaced = false;
        while (!isAtEnd()) {
            char c = current();
            if (c == '.') {
                words.isLocal = words.isLocal && !isSpaced && words.count > 0 && !words.endsInDot;
                words.endsInDot = true;
                words.local.append('.');
                at++;
            } else if (c == '"' || isAtom(c)) {
                words.isLocal = words.isLocal && !isSpaced && (words.count == 0 || words.endsInDot);
                words.endsInDot = false;
                if (c == '"') {
                    quoted(words.local);
                }
                while (c != '"' && !isAtEnd() && isAtom(current())) {
                    words.local.append(text.charAt(at++));
                }
            } else {
                break;
            }
            words.count++;
            isSpaced = skipBlanks();
        }
        words.isLocal = words.isLocal && words.count > 0 && !words.endsInDot;
        words.endsInBlank = isSpaced;
        return words;
    }

    private void quoted(StringBuilder out) throws Fault {
        for (at++; !isAtEnd(); at++) {
            char c = current();
            if (c == '"') {
                at++;
                return;
            }
            if (c == '\\') {
                at++;
                if (isAtEnd()) {
                    break;
                }
            }
            out.append(current() == '\t' ? ' ' : current());
        }
        throw new Fault("a quotation mark without its pair");
    }

    /** False where there are no words before , ; or the end, or where it is a group's name. */
    private boolean mailbox(boolean inList) throws Fault {
        skipBlanks();
        Words words = words();
        char c = current();
        if (isAtEnd() || c == ';' || c == ',' && inList) {
            if (words.count > 0) {
                throw new Fault("no @");
            }
            return false;
        }
        if (c == ':' && inList && words.count > 0) {
            return false;
        }
        if (c == '@') {
            address(words);
            skipBlanks();
            return true;
        }
        if (c != '<') {
            throw unexpected();
        }
        at++;
        skipBlanks();
        Words inner = words();
        if (current() != '@') {
            throw inner.count > 0 && current() != '>' ? unexpected() : new Fault("no @");
        }
        address(inner);
        skipBlanks();
        if (current() != '>') {
            throw isAtEnd() ? new Fault("a '<' without '>'") : unexpected();
        }
        at++;
        skipBlanks();
        return true;
    }

    /** Skips white space and comments, which may be nested. */
    private boolean skipBlanks() throws Fault {
        int start = at;
        int depth = 0;
        for (; !isAtEnd(); at++) {
            char c = current();
            if (depth == 0 && c != '(' && c != ' ' && c != '\t') {
                break;
            }
            if (c == '(') {
                depth++;
            } else if (c == ')') {
                depth--;
            } else if (c == '\\' && at + 1 < text.length()) {
                at++;
            }
        }
        if (depth > 0) {
            throw new Fault("a '(' without ')'");
        }
        return at > start;
    }

    /** Reads the domain at the current @. */
    private void address(Words words) throws Fault {
        if (words.count == 0) {
            throw new Fault("nothing before the @");
        }
        if (!words.isLocal || words.endsInBlank) {
            throw new Fault("a misplaced dot or space before the @; unusual local parts must be quoted");
        }
        at++;
        int start = at;
        if (current() == '[') {
            while (!isAtEnd() && current() != ']' && current() != ' ' && current() != '\t') {
                at++;
            }
            at += current() == ']' ? 1 : 0;
        } else {
            while (!isAtEnd() && (isAtom(current()) || current() == '.')) {
                at++;
            }
        }
        String domain = text.substring(start, at);
        String local = words.local.toString();
        checkDomain(domain);
        if (HIDDEN.matcher(local).find()) {
            throw new Fault("an invisible character before the @");
        }
        boolean isPlain = true;
        for (String word : local.split("\\.", -1)) {
            isPlain = isPlain && !word.isEmpty() && word.chars().allMatch(c -> isAtom((char) c));
        }
        long written = bytes(local) + (isPlain ? 0 : 2 + local.chars().filter(c -> c == '"' || c == '\\').count());
        if (written + 1 + bytes(domain) > 480) {
            throw new Fault("longer than 480 octets");
        }
    }

    static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    static boolean isAscii(String text) {
        return text.chars().allMatch(c -> c < 0x80);
    }

    /** Judges a domain by its form: which characters beyond ASCII it may have is the daemon's to know. */
    private static void checkDomain(String domain) throws Fault {
        if (domain.isEmpty()) {
            throw new Fault("nothing after the @");
        }
        if (domain.startsWith("[")) {
            if (!isLiteral(domain)) {
                throw new Fault("a domain literal that is neither [192.0.2.1] nor [IPv6:2001:db8::1]");
            }
            return;
        }
        if (bytes(domain) > (isAscii(domain) ? 255 : 1020)) {
            throw new Fault("more than 255 octets after the @");
        }
        if (!isAscii(domain) && !WIDE.matcher(domain).matches()) {
            throw new Fault(NOT_A_NAME);
        }
        for (String label : domain.split("\\.", -1)) {
            if (label.isEmpty()) {
                throw new Fault("an empty label in the domain");
            }
            if (!isAscii(label)) {
                continue;
            }
            if (label.length() > 63) {
                throw new Fault("a label of more than 63 octets in the domain");
            }
            if (!LABEL.matcher(label).matches()) {
                throw new Fault(NOT_A_NAME);
            }
        }
    }

    private static boolean isLiteral(String domain) {
        if (!domain.endsWith("]") || domain.length() < 3) {
            return false;
        }
        String inner = domain.substring(1, domain.length() - 1);
        if (inner.regionMatches(true, 0, "ipv6:", 0, 5)) {
            return Formats.isIpv6(inner.substring(5));
        }
        if (!IPV4.matcher(inner).matches()) {
            return false;
        }
        for (String part : inner.split("\\.")) {
            if (Integer.parseInt(part) > 255) {
                return false;
            }
        }
        return true;
    }
}
