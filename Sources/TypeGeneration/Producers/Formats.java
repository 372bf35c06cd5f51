package outspool;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The values of {@code format} that the daemon asserts. */
final class Formats {
    private static final String LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    private static final String WIDE = "(?:[A-Za-z0-9]|[^\\x00-\\x7f])(?:(?:[A-Za-z0-9-]|[^\\x00-\\x7f])*(?:[A-Za-z0-9]|[^\\x00-\\x7f]))?";
    private static final String BYTE = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    private static final String ATOMS = "(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\\x00-\\x7f])+";
    private static final String DAYS = "(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)";
    private static final String UNITS = "(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S)";
    private static final Pattern DATE = Pattern.compile("(\\d{4})-(\\d\\d)-(\\d\\d)");
    private static final Pattern TIME = Pattern.compile(
        "([01]\\d|2[0-3]):([0-5]\\d):([0-5]\\d|60)(?:\\.\\d+)?(?:[Zz]|([+-])([01]\\d|2[0-3]):([0-5]\\d))");
    private static final Pattern LOCAL = Pattern.compile(ATOMS + "(?:\\." + ATOMS + ")*");
    private static final Pattern QUOTED = Pattern.compile("\"(?:[ !#-\\[\\]-~]|[^\\x00-\\x7f]|\\\\[ -~])*\"");
    private static final Pattern HOST = Pattern.compile(WIDE + "(?:\\." + WIDE + ")*");
    private static final Map<String, Pattern> PATTERNS = Map.of(
        "duration", Pattern.compile("P(?:\\d+W|" + DAYS + "(?:T" + UNITS + ")?|T" + UNITS + ")"),
        "hostname", Pattern.compile("(?=.{1,253}\\z)" + LABEL + "(?:\\." + LABEL + ")*"),
        "ipv4", Pattern.compile(BYTE + "(?:\\." + BYTE + "){3}"),
        "uuid", Pattern.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
        "uri", Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:(?://(?:" + plain(":") + "@)?(?:\\[([0-9A-Fa-f:.]+)\\]|" + plain("")
            + ")(?::\\d*)?(?:/" + plain(":@/") + ")?|(?!//)" + plain(":@/") + ")(?:\\?" + plain(":@/?") + ")?(?:#"
            + plain(":@/?") + ")?"));

    private Formats() {}

    /** The characters of a part of a URI. Possessive, since Java goes a step deeper for each character otherwise. */
    private static String plain(String more) {
        return "(?:[A-Za-z0-9._~!$&'()*+,;=" + more + "-]++|%[0-9A-Fa-f]{2})*+";
    }

    static boolean fits(String format, String text) {
        switch (format) {
            case "date":
                return isDate(text);
            case "time":
                return isTime(text);
            case "date-time":
                return text.length() > 11 && (text.charAt(10) | 0x20) == 't' && isDate(text.substring(0, 10))
                    && isTime(text.substring(11));
            case "ipv6":
                return isIpv6(text);
            case "email":
                return AddressReader.isAscii(text) && isMailbox(text);
            case "idn-email":
                return isMailbox(text);
            case "uri":
                Matcher match = PATTERNS.get(format).matcher(text);
                return match.matches() && (match.group(1) == null || isIpv6(match.group(1)));
            default:
                return !PATTERNS.containsKey(format) || PATTERNS.get(format).matcher(text).matches();
        }
    }

    private static boolean isDate(String text) {
        Matcher match = DATE.matcher(text);
        try {
            return match.matches() && LocalDate.of(
                Integer.parseInt(match.group(1)), Integer.parseInt(match.group(2)), Integer.parseInt(match.group(3))) != null;
        } catch (DateTimeException error) {
            return false;
        }
    }

    private static boolean isTime(String text) {
        Matcher match = TIME.matcher(text);
        if (!match.matches() || !match.group(3).equals("60")) {
            return match.matches();
        }
        // A leap second ends a day in UTC.
        int offset = match.group(5) == null ? 0 : Integer.parseInt(match.group(5)) * 60 + Integer.parseInt(match.group(6));
        int minute = Integer.parseInt(match.group(1)) * 60 + Integer.parseInt(match.group(2));
        return Math.floorMod(minute - ("-".equals(match.group(4)) ? -offset : offset), 1440) == 1439;
    }

    /** RFC 4291, section 2.2: eight groups, at most one gap, perhaps an IPv4 address at the end. */
    static boolean isIpv6(String text) {
        if (text.length() > 45 || !text.matches("[0-9A-Fa-f:.]*")) {
            return false;
        }
        int gap = text.indexOf("::");
        if (gap < 0) {
            return groups(text, true) == 8;
        }
        int before = groups(text.substring(0, gap), false);
        int after = groups(text.substring(gap + 2), true);
        return before >= 0 && after >= 0 && before + after <= 7;
    }

    /** How many groups of 16 bits a text has; less than 0 if one is malformed. */
    private static int groups(String text, boolean mayEndInIpv4) {
        int count = 0;
        String[] parts = text.isEmpty() ? new String[0] : text.split(":", -1);
        for (int index = 0; index < parts.length; index++) {
            boolean isIpv4 = mayEndInIpv4 && index == parts.length - 1 && fits("ipv4", parts[index]);
            if (!isIpv4 && !parts[index].matches("[0-9A-Fa-f]{1,4}")) {
                return -100;
            }
            count += isIpv4 ? 2 : 1;
        }
        return count;
    }

    private static boolean isMailbox(String text) {
        int at = text.lastIndexOf('@');
        if (at < 0 || AddressReader.bytes(text) > 254) {
            return false;
        }
        String local = text.substring(0, at);
        String domain = text.substring(at + 1);
        if (local.isEmpty() || AddressReader.bytes(local) > 64
            || !LOCAL.matcher(local).matches() && !QUOTED.matcher(local).matches()) {
            return false;
        }
        if (domain.startsWith("[") && domain.endsWith("]")) {
            String inner = domain.substring(1, domain.length() - 1);
            return inner.startsWith("IPv6:") ? isIpv6(inner.substring(5)) : fits("ipv4", inner);
        }
        return fits("hostname", domain) || !AddressReader.isAscii(domain) && HOST.matcher(domain).matches();
    }
}
