package outspool;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Values of JSON: maps with names, lists, texts, BigDecimals, booleans and null. */
final class Json {
    static final int DEPTH_LIMIT = 100;
    private static final int VALUE_LIMIT = 1_000_000;

    /** The reason against a text that is not JSON. */
    static final class Fault extends Exception {
        private static final long serialVersionUID = 1L;

        Fault(String reason) {
            super(reason);
        }
    }

    private final String text;
    private int at;
    private int count;

    private Json(String text) {
        this.text = text;
    }

    /** A value behind which nothing follows. */
    static Object read(String text) throws Fault {
        Json reader = new Json(text);
        Object value = reader.value(0);
        reader.skip();
        if (reader.at < text.length()) {
            throw new Fault("text behind the value");
        }
        return value;
    }

    /** The value that a text begins with. */
    static Object readBeginning(String text) throws Fault {
        return new Json(text).value(0);
    }

    private void skip() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private boolean take(char wanted) {
        skip();
        if (at < text.length() && text.charAt(at) == wanted) {
            at++;
            return true;
        }
        return false;
    }

    private void expect(char wanted) throws Fault {
        if (!take(wanted)) {
            throw new Fault("'" + wanted + "' expected at character " + at);
        }
    }

    private Object value(int depth) throws Fault {
        if (++count > VALUE_LIMIT) {
            throw new Fault("more than " + VALUE_LIMIT + " values");
        }
        skip();
        if (at == text.length()) {
            throw new Fault("ends too early");
        }
        char first = text.charAt(at);
        if ((first == '{' || first == '[') && depth == DEPTH_LIMIT) {
            throw new Fault("nested more than " + DEPTH_LIMIT + " deep");
        }
        switch (first) {
            case '{':
                return readObject(depth);
            case '[':
                List<Object> list = new ArrayList<>();
                at++;
                if (take(']')) {
                    return list;
                }
                do {
                    list.add(value(depth + 1));
                } while (take(','));
                expect(']');
                return list;
            case '"':
                return readText();
            default:
                return word();
        }
    }

    private Map<String, Object> readObject(int depth) throws Fault {
        Map<String, Object> object = new LinkedHashMap<>();
        at++;
        if (take('}')) {
            return object;
        }
        do {
            skip();
            String name = readText();
            expect(':');
            if (object.containsKey(name)) {
                throw new Fault("the name " + quote(name) + " occurs twice");
            }
            object.put(name, value(depth + 1));
        } while (take(','));
        expect('}');
        return object;
    }

    private String readText() throws Fault {
        expect('"');
        StringBuilder out = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '"') {
                if (hasLoneSurrogate(out)) {
                    throw new Fault("half of a surrogate pair");
                }
                return out.toString();
            }
            if (c < 0x20) {
                throw new Fault("a control character in a text");
            }
            out.append(c == '\\' ? escape() : c);
        }
        throw new Fault("ends too early");
    }

    private char escape() throws Fault {
        if (at == text.length()) {
            throw new Fault("ends too early");
        }
        char c = text.charAt(at++);
        int place = "\"\\/bfnrt".indexOf(c);
        if (place >= 0) {
            return "\"\\/\b\f\n\r\t".charAt(place);
        }
        if (c != 'u' || at + 4 > text.length() || !text.substring(at, at + 4).matches("[0-9A-Fa-f]{4}")) {
            throw new Fault("an unknown escape");
        }
        at += 4;
        return (char) Integer.parseInt(text.substring(at - 4, at), 16);
    }

    private Object word() throws Fault {
        int start = at;
        while (at < text.length() && ",]} \t\r\n:[{\"".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        String word = text.substring(start, at);
        switch (word) {
            case "null":
                return null;
            case "true":
                return true;
            case "false":
                return false;
            default:
                if (!word.matches("-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]{1,9})?")) {
                    throw new Fault("a value expected at character " + start);
                }
                return new BigDecimal(word);
        }
    }

    private static boolean hasLoneSurrogate(CharSequence text) {
        for (int index = 0; index < text.length(); index++) {
            char c = text.charAt(index);
            if (Character.isHighSurrogate(c) && index + 1 < text.length() && Character.isLowSurrogate(text.charAt(index + 1))) {
                index++;
            } else if (Character.isSurrogate(c)) {
                return true;
            }
        }
        return false;
    }

    /** A copy that has nothing but values of JSON. */
    static Object tree(Object value, String pointer, int depth) {
        if (value instanceof Job.Encodable encodable) {
            value = encodable.toJson();
        }
        if (depth > DEPTH_LIMIT) {
            throw SubmitException.invalid(pointer, "nested more than " + DEPTH_LIMIT + " deep");
        }
        if (value == null || value instanceof Boolean || value instanceof BigDecimal) {
            return value;
        }
        if (value instanceof BigInteger whole) {
            return new BigDecimal(whole);
        }
        if (value instanceof Integer || value instanceof Long || value instanceof Short || value instanceof Byte) {
            return BigDecimal.valueOf(((Number) value).longValue());
        }
        if (value instanceof Double || value instanceof Float) {
            if (!Double.isFinite(((Number) value).doubleValue())) {
                throw SubmitException.invalid(pointer, value + " is not a number of JSON");
            }
            return new BigDecimal(value.toString());
        }
        if (value instanceof CharSequence text) {
            if (hasLoneSurrogate(text)) {
                throw SubmitException.invalid(pointer, "half of a surrogate pair");
            }
            return text.toString();
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> members = new LinkedHashMap<>();
            map.forEach((key, member) -> {
                String name = String.valueOf(key);
                if (hasLoneSurrogate(name)) {
                    throw SubmitException.invalid(pointer, "half of a surrogate pair in a name");
                }
                members.put(name, tree(member, pointer + "/" + token(name), depth + 1));
            });
            return members;
        }
        if (value instanceof Iterable<?> elements) {
            List<Object> list = new ArrayList<>();
            for (Object element : elements) {
                list.add(tree(element, pointer + "/" + list.size(), depth + 1));
            }
            return list;
        }
        throw SubmitException.invalid(pointer, "a " + value.getClass().getName() + " cannot be encoded");
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> members(Object tree) {
        return (Map<String, Object>) tree;
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(Object tree) {
        return (List<Object>) tree;
    }

    static Map<String, Object> object(Object... namesAndValues) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int index = 0; index < namesAndValues.length; index += 2) {
            object.put((String) namesAndValues[index], namesAndValues[index + 1]);
        }
        return object;
    }

    static String text(Object tree) {
        StringBuilder out = new StringBuilder();
        write(tree, out);
        return out.toString();
    }

    private static void write(Object tree, StringBuilder out) {
        if (tree instanceof Map<?, ?> map) {
            char separator = '{';
            for (Map.Entry<?, ?> member : map.entrySet()) {
                out.append(separator);
                write(member.getKey(), out);
                out.append(':');
                write(member.getValue(), out);
                separator = ',';
            }
            out.append(map.isEmpty() ? "{}" : "}");
        } else if (tree instanceof List<?> list) {
            char separator = '[';
            for (Object element : list) {
                out.append(separator);
                write(element, out);
                separator = ',';
            }
            out.append(list.isEmpty() ? "[]" : "]");
        } else if (tree instanceof String text) {
            out.append('"');
            for (int index = 0; index < text.length(); index++) {
                char c = text.charAt(index);
                if (c == '"' || c == '\\') {
                    out.append('\\').append(c);
                } else if (c < 0x20) {
                    out.append(String.format("\\u%04x", (int) c));
                } else {
                    out.append(c);
                }
            }
            out.append('"');
        } else {
            out.append(tree);
        }
    }

    /**
     * Tells whether two values are one: members in any order, numbers as they are written. A mask in the first, if there is one,
     * stands for anything.
     */
    static boolean same(Object value, Object other, String mask) {
        if (mask != null && mask.equals(value)) {
            return true;
        }
        if (value instanceof Map<?, ?> map) {
            return other instanceof Map<?, ?> others && map.size() == others.size() && map.entrySet().stream().allMatch(
                member -> others.containsKey(member.getKey()) && same(member.getValue(), others.get(member.getKey()), mask));
        }
        if (value instanceof List<?> list) {
            if (!(other instanceof List<?> others) || list.size() != others.size()) {
                return false;
            }
            for (int index = 0; index < list.size(); index++) {
                if (!same(list.get(index), others.get(index), mask)) {
                    return false;
                }
            }
            return true;
        }
        return value == null ? other == null : value.equals(other);
    }

    static String typeName(Object value) {
        if (value == null) {
            return "null";
        }
        return value instanceof Boolean ? "a boolean" : value instanceof Number ? "a number"
            : value instanceof String ? "a string" : value instanceof List ? "an array" : "an object";
    }

    /** A text in one line, shortened. */
    static String quote(String text) {
        return text(text.length() > 100 ? text.substring(0, 99) + "…" : text);
    }

    /** Escapes a name for a JSON pointer (RFC 6901). */
    static String token(String name) {
        return name.replace("~", "~0").replace("/", "~1");
    }
}
