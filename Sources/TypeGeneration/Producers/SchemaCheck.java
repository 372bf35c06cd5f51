package outspool;

import java.math.BigDecimal;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Holds parameters against the schema of their template, as the daemon does. What a schema says in a way that this
 * language cannot is left to the daemon. No message has a value: it may be a secret.
 */
final class SchemaCheck {
    private record Fault(String pointer, String reason) {}

    private final Object root;
    private int depth;
    /** In steps, so that no value and no schema costs more than a moment. */
    private int work;

    private SchemaCheck(Object root) {
        this.root = root;
    }

    /** Throws for the first place at which the parameters do not fit. */
    static void check(String schema, Object params) {
        Fault fault;
        try {
            Object root = Json.read(schema);
            fault = new SchemaCheck(root).check(root, params, "/params");
        } catch (Json.Fault error) {
            throw Form.wrong("", "the schema of this type: " + error.getMessage());
        }
        if (fault != null) {
            throw Form.wrong(fault.pointer(), fault.reason());
        }
    }

    private static Fault expected(String place, String wanted) {
        return new Fault(place, "expected " + wanted);
    }

    private Fault check(Object schema, Object value, String place) {
        if (Boolean.FALSE.equals(schema)) {
            return expected(place, "nothing");
        }
        if (!(schema instanceof Map<?, ?>) || depth > 600 || ++work > 5_000_000) {
            return null;
        }
        Map<String, Object> rules = Json.members(schema);
        depth++;
        try {
            Fault fault = kind(rules, value, place);
            fault = fault != null ? fault : inside(rules, value, place);
            return fault != null ? fault : combined(rules, value, place);
        } finally {
            depth--;
        }
    }

    private static Fault kind(Map<String, Object> rules, Object value, String place) {
        Object type = rules.get("type");
        List<?> kinds = type == null ? List.of() : type instanceof List<?> list ? list : List.of(type);
        if (!kinds.isEmpty() && kinds.stream().noneMatch(kind -> isOfKind((String) kind, value))) {
            List<String> wanted = new ArrayList<>();
            for (Object kind : kinds) {
                String word = (String) kind;
                wanted.add(word.equals("null") ? word : (word.matches("[aio].*") ? "an " : "a ") + word);
            }
            return expected(place, String.join(" or ", wanted));
        }
        if (rules.get("enum") instanceof List<?> values && values.stream().noneMatch(own -> key(own).equals(key(value)))) {
            return expected(place, "one of " + String.join(", ", values.stream().map(Json::text).toList()));
        }
        if (rules.containsKey("const") && !key(rules.get("const")).equals(key(value))) {
            return expected(place, Json.text(rules.get("const")));
        }
        return null;
    }

    private static boolean isOfKind(String kind, Object value) {
        return switch (kind) {
            case "null" -> value == null;
            case "boolean" -> value instanceof Boolean;
            case "number" -> value instanceof BigDecimal;
            case "integer" -> value instanceof BigDecimal number && number.stripTrailingZeros().scale() <= 0;
            case "string" -> value instanceof String;
            case "array" -> value instanceof List;
            default -> value instanceof Map;
        };
    }

    /** A text that is equal for equal values: 1 and 1.0 are one number. */
    private static String key(Object value) {
        if (value instanceof BigDecimal number) {
            return number.signum() == 0 ? "0" : number.stripTrailingZeros().toString();
        }
        if (value instanceof List<?> list) {
            return "[" + String.join(",", list.stream().map(SchemaCheck::key).toList()) + "]";
        }
        if (value instanceof Map<?, ?> map) {
            Set<String> members = new TreeSet<>();
            map.forEach((name, member) -> members.add(Json.text(name) + ":" + key(member)));
            return "{" + String.join(",", members) + "}";
        }
        return Json.text(value);
    }

    private Fault inside(Map<String, Object> rules, Object value, String place) {
        if (value instanceof BigDecimal number) {
            return number(rules, number, place);
        }
        if (value instanceof String text) {
            return text(rules, text, place);
        }
        if (value instanceof List<?> list) {
            return list(rules, list, place);
        }
        return value instanceof Map<?, ?> ? members(rules, Json.members(value), place) : null;
    }

    private static Fault number(Map<String, Object> rules, BigDecimal value, String place) {
        if (rules.get("minimum") instanceof BigDecimal limit && value.compareTo(limit) < 0) {
            return expected(place, "a number of at least " + limit);
        }
        if (rules.get("exclusiveMinimum") instanceof BigDecimal limit && value.compareTo(limit) <= 0) {
            return expected(place, "a number above " + limit);
        }
        if (rules.get("maximum") instanceof BigDecimal limit && value.compareTo(limit) > 0) {
            return expected(place, "a number of at most " + limit);
        }
        if (rules.get("exclusiveMaximum") instanceof BigDecimal limit && value.compareTo(limit) >= 0) {
            return expected(place, "a number below " + limit);
        }
        // The daemon judges numbers with an exponent of thousands.
        if (rules.get("multipleOf") instanceof BigDecimal divisor && Math.abs((long) value.scale()) < 1000
            && value.remainder(divisor).signum() != 0) {
            return expected(place, "a multiple of " + divisor);
        }
        return null;
    }

    private static Fault count(
        Map<String, Object> rules, String least, String most, String noun, int count, String place
    ) {
        if (rules.get(least) instanceof BigDecimal limit && BigDecimal.valueOf(count).compareTo(limit) < 0) {
            return expected(place, "at least " + limit + " " + noun);
        }
        if (rules.get(most) instanceof BigDecimal limit && BigDecimal.valueOf(count).compareTo(limit) > 0) {
            return expected(place, "at most " + limit + " " + noun);
        }
        return null;
    }

    private static Fault text(Map<String, Object> rules, String value, String place) {
        int length = value.codePointCount(0, value.length());
        Fault fault = count(rules, "minLength", "maxLength", "characters", length, place);
        if (fault != null) {
            return fault;
        }
        if (rules.get("format") instanceof String format && !Formats.fits(format, value)) {
            return expected(place, "a " + format);
        }
        if (rules.get("pattern") instanceof String pattern && !matches(pattern, value)) {
            return expected(place, "a string that matches " + pattern);
        }
        return null;
    }

    private static boolean matches(String pattern, String value) {
        try {
            return Pattern.compile(translated(pattern)).matcher(value).find();
        } catch (PatternSyntaxException | StackOverflowError error) {
            return true; // Java cannot say it, or goes too deep: the daemon judges.
        }
    }

    /** A pattern of ECMA-262 in the syntax of Java, as far as they differ. */
    private static String translated(String source) {
        StringBuilder out = new StringBuilder();
        boolean inClass = false;
        for (int at = 0; at < source.length(); at++) {
            char c = source.charAt(at);
            String rest = source.substring(at);
            if (rest.startsWith("\\u{")) {
                out.append("\\x{");
                at += 2;
            } else if (rest.startsWith("\\s") || rest.startsWith("\\S")) {
                String blanks = "\\t-\\r \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff";
                out.append(rest.charAt(1) == 's' && inClass ? blanks : (rest.charAt(1) == 's' ? "[" : "[^") + blanks + "]");
                at++;
            } else if (c == '\\' && rest.length() > 1) {
                out.append(rest, 0, 2);
                at++;
            } else if (c == '[') {
                out.append(inClass ? "\\[" : "[");
                inClass = true;
            } else if (c == ']') {
                out.append(c);
                inClass = false;
            } else if (c == '&' && inClass) {
                out.append("\\&");
            } else if (c == '$' && !inClass) {
                out.append("\\z");
            } else if (c == '.' && !inClass) {
                out.append("[^\\n\\r\\u2028\\u2029]");
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    private Fault list(Map<String, Object> rules, List<?> value, String place) {
        Fault fault = count(rules, "minItems", "maxItems", "elements", value.size(), place);
        if (fault != null) {
            return fault;
        }
        if (Boolean.TRUE.equals(rules.get("uniqueItems"))) {
            Set<String> seen = new HashSet<>();
            if (!value.stream().allMatch(element -> seen.add(key(element)))) {
                return expected(place, "elements that all differ");
            }
        }
        for (int index = 0; rules.containsKey("items") && index < value.size(); index++) {
            fault = check(rules.get("items"), value.get(index), place + "/" + index);
            if (fault != null) {
                return fault;
            }
        }
        return null;
    }

    private Fault members(Map<String, Object> rules, Map<String, Object> value, String place) {
        Fault fault = count(rules, "minProperties", "maxProperties", "properties", value.size(), place);
        if (fault != null) {
            return fault;
        }
        if (rules.get("required") instanceof List<?> required) {
            for (Object name : required) {
                if (!value.containsKey(name)) {
                    return expected(place, "a property " + Json.quote((String) name));
                }
            }
        }
        Map<String, Object> declared =
            rules.get("properties") instanceof Map<?, ?> map ? Json.members(map) : Map.of();
        for (Map.Entry<String, Object> member : value.entrySet()) {
            String inner = place + "/" + Json.token(member.getKey());
            boolean isDeclared = declared.containsKey(member.getKey());
            Object rule = isDeclared ? declared.get(member.getKey()) : rules.get("additionalProperties");
            if (!isDeclared && Boolean.FALSE.equals(rule)) {
                return expected(inner, "no property of this name");
            }
            fault = rule == null ? null : check(rule, member.getValue(), inner);
            if (fault != null) {
                return fault;
            }
        }
        return null;
    }

    private Fault combined(Map<String, Object> rules, Object value, String place) {
        List<Object> parts = new ArrayList<>();
        if (rules.get("$ref") instanceof String reference) {
            parts.add(target(reference));
        }
        if (rules.get("allOf") instanceof List<?> all) {
            parts.addAll(all);
        }
        for (Object part : parts) {
            Fault fault = check(part, value, place);
            if (fault != null) {
                return fault;
            }
        }
        Fault fault = rules.get("anyOf") instanceof List<?> any ? alternatives(any, value, place, false) : null;
        if (fault == null && rules.get("oneOf") instanceof List<?> one) {
            fault = alternatives(one, value, place, true);
        }
        return fault;
    }

    /** Blames the alternative that came furthest into the value. */
    private Fault alternatives(List<?> options, Object value, String place, boolean isOne) {
        List<Fault> faults = new ArrayList<>();
        for (Object option : options) {
            Fault fault = check(option, value, place);
            if (fault != null) {
                faults.add(fault);
            }
        }
        int hits = options.size() - faults.size();
        if (isOne && hits > 1) {
            return expected(place, "a value that fits only one of " + options.size() + " alternatives");
        }
        if (hits > 0) {
            return null;
        }
        Fault deepest = faults.get(0);
        Set<String> wanted = new LinkedHashSet<>();
        for (Fault fault : faults) {
            deepest = steps(fault) > steps(deepest) ? fault : deepest;
            wanted.add(fault.reason().replaceFirst("expected ", ""));
        }
        return deepest.pointer().equals(place) ? expected(place, String.join(", or ", wanted)) : deepest;
    }

    private static long steps(Fault fault) {
        return fault.pointer().chars().filter(c -> c == '/').count();
    }

    private Object target(String reference) {
        Object found = reference.startsWith("#") ? root : true;
        String[] names = reference.split("/", -1);
        for (int index = 1; index < names.length; index++) {
            String name = URLDecoder.decode(names[index].replace("+", "%2B"), StandardCharsets.UTF_8);
            name = name.replace("~1", "/").replace("~0", "~");
            if (found instanceof Map<?, ?> map) {
                found = map.get(name);
            } else if (found instanceof List<?> list && name.matches("[0-9]{1,6}") && Integer.parseInt(name) < list.size()) {
                found = list.get(Integer.parseInt(name));
            } else {
                return true;
            }
        }
        return found;
    }
}
