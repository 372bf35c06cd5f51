package outspool;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The schemas against which jobs are held. It is apart from {@link Spool}, whose class then never waits for that of the
 * templates while that waits for it.
 */
final class Schemas {
    private static final Map<String, String> BY_TEMPLATE = new ConcurrentHashMap<>();

    private Schemas() {}

    /** The types of {@code outspool types} are in this package, if there are any: their class registers when it is loaded. */
    private static final class Made {
        private static final boolean IS_THERE = load();

        private static boolean load() {
            try {
                Class.forName("outspool.Templates", true, Schemas.class.getClassLoader());
                return true;
            } catch (ClassNotFoundException error) {
                return false;
            }
        }
    }

    static void register(String template, String schema) {
        BY_TEMPLATE.put(template, schema);
    }

    /** The schema of a template, as JSON text; null or empty if none is known. */
    static String of(String template) {
        return Made.IS_THERE || !BY_TEMPLATE.isEmpty() ? BY_TEMPLATE.get(template) : null;
    }
}
