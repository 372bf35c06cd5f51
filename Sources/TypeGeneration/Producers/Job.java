package outspool;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A mail or task with its recipients. Options that are not set are not written.
 *
 * <pre>
 * new Job(new Job.Mail("Hello").text("…")).to("Zoë &lt;zoe@example.com&gt;").id("hello-1")
 * </pre>
 */
public class Job {
    /** The content of a job: a template, a mail, a message, or a type that was made of a template. */
    public interface Content {
        /** The fields, by their names in spool(5). */
        Map<String, Object> fields();
    }

    /** A value that says what it is in JSON: what the types made of templates are. */
    public interface Encodable {
        /** A map with names, a list, a text, a number, a boolean or null. */
        Object toJson();
    }

    /** A template that has no type here. */
    public record Template(String name, Map<String, ?> params) implements Content {
        @Override
        public Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("template", name);
            if (params != null) {
                fields.put("params", params);
            }
            return fields;
        }
    }

    /** A mail without a template. At least one of text and HTML; from HTML alone, the text is made. */
    public static class Mail implements Content {
        private final Map<String, Object> fields = new LinkedHashMap<>();

        public Mail(String subject) {
            fields.put("subject", subject);
        }

        public Mail text(String text) {
            fields.put("text", text);
            return this;
        }

        public Mail html(String html) {
            fields.put("html", html);
            return this;
        }

        @Override
        public Map<String, Object> fields() {
            return fields;
        }
    }

    /** A whole message (RFC 5322), header and body. */
    public static class Message implements Content {
        private final Object message;

        public Message(String text) {
            message = text;
        }

        public Message(byte[] bytes) {
            Object read;
            try {
                read = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            } catch (CharacterCodingException error) {
                read = Map.of("base64", Base64.getEncoder().encodeToString(bytes));
            }
            message = read;
        }

        @Override
        public Map<String, Object> fields() {
            return Map.of("message", message);
        }
    }

    /** A mailbox. Without a name, the address may be {@code Zoë <zoe@example.com>}. */
    public record Address(String name, String email) {
        public Address(String email) {
            this(null, email);
        }

        Object json() {
            return name == null ? email : Json.object("name", name, "email", email);
        }
    }

    /** A file that goes with the mail. */
    public static class Attachment {
        private final Map<String, Object> members = new LinkedHashMap<>();

        private Attachment(String name, String value) {
            members.put(name, value);
        }

        /** One whose bytes are in the job itself. */
        public static Attachment content(byte[] bytes) {
            return new Attachment("content", Base64.getEncoder().encodeToString(bytes));
        }

        /** The name of a file in the daemon's attachments_directory, read at each attempt. */
        public static Attachment file(String name) {
            return new Attachment("file", name);
        }

        /** The name that the recipient sees. */
        public Attachment filename(String name) {
            members.put("filename", name);
            return this;
        }

        /** The media type; by the name if it is not said. */
        public Attachment contentType(String type) {
            members.put("contentType", type);
            return this;
        }

        /** The id by which HTML refers to it, {@code cid:logo}. */
        public Attachment cid(String cid) {
            members.put("cid", cid);
            return this;
        }
    }

    /** The order in which jobs go when not all can; HIGH never waits behind BULK. */
    public enum Priority { HIGH, NORMAL, BULK }

    private static final DateTimeFormatter MOMENT = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSX");

    private final Content content;
    private String id;
    private final Map<String, List<Address>> addresses = new LinkedHashMap<>();
    private final Map<String, Object> envelope = new LinkedHashMap<>();
    private final Map<String, Object> dsn = new LinkedHashMap<>();
    private String locale;
    private final Map<String, Object> headers = new LinkedHashMap<>();
    private final List<Object> attachments = new ArrayList<>();
    private Priority priority;
    private Instant sendAt;
    private Instant expiresAt;
    private final List<Object> tags = new ArrayList<>();
    private final Map<String, Object> metadata = new LinkedHashMap<>();

    public Job(Content content) {
        this.content = content;
        for (String field : List.of("to", "cc", "bcc", "from", "replyTo", "sender")) {
            addresses.put(field, new ArrayList<>());
        }
    }

    /** The idempotency key: as long as a job of that id is in the spool, a second one is not sent. */
    public Job id(String id) {
        this.id = id;
        return this;
    }

    String id() {
        return id;
    }

    private Job add(String field, Address... more) {
        addresses.get(field).addAll(List.of(more));
        return this;
    }

    private static Address[] read(String... texts) {
        Address[] list = new Address[texts.length];
        for (int index = 0; index < texts.length; index++) {
            list[index] = new Address(texts[index]);
        }
        return list;
    }

    /** Adds recipients, a text each. */
    public Job to(String... more) {
        return add("to", read(more));
    }

    public Job to(Address... more) {
        return add("to", more);
    }

    public Job cc(String... more) {
        return add("cc", read(more));
    }

    public Job cc(Address... more) {
        return add("cc", more);
    }

    public Job bcc(String... more) {
        return add("bcc", read(more));
    }

    public Job bcc(Address... more) {
        return add("bcc", more);
    }

    /** The template's, or the configuration's, if it is not said; as are {@code replyTo} and {@code sender}. */
    public Job from(String address) {
        return from(new Address(address));
    }

    public Job from(Address address) {
        addresses.put("from", List.of(address));
        return this;
    }

    public Job replyTo(String... more) {
        return add("replyTo", read(more));
    }

    public Job replyTo(Address... more) {
        return add("replyTo", more);
    }

    public Job sender(String address) {
        return sender(new Address(address));
    }

    public Job sender(Address address) {
        addresses.put("sender", List.of(address));
        return this;
    }

    /** The return path where it is not {@code from}; an empty text is the null return path. */
    public Job envelopeFrom(String address) {
        envelope.put("from", address);
        return this;
    }

    /** The recipients where they are not those of the header. */
    public Job envelopeTo(List<String> recipients) {
        envelope.put("to", List.copyOf(recipients));
        return this;
    }

    /** When notifications of delivery are asked for (RFC 3461): some of success, failure and delay, or never alone. */
    public Job dsnNotify(String... occasions) {
        dsn.put("notify", List.of(occasions));
        return this;
    }

    /** How much of the mail comes back with a notification: full or headers. */
    public Job dsnReturn(String extent) {
        dsn.put("return", extent);
        return this;
    }

    /** The id that a notification names; the job's if it is not said. */
    public Job dsnEnvelopeId(String id) {
        dsn.put("envelopeId", id);
        return this;
    }

    /** The variant of the template, a tag of BCP 47. */
    public Job locale(String tag) {
        locale = tag;
        return this;
    }

    public Job header(String name, String value) {
        headers.put(name, value);
        return this;
    }

    public Job attach(Attachment... more) {
        for (Attachment attachment : more) {
            attachments.add(attachment.members);
        }
        return this;
    }

    public Job priority(Priority priority) {
        this.priority = priority;
        return this;
    }

    /** Not before. */
    public Job sendAt(Instant time) {
        sendAt = time;
        return this;
    }

    /** Not after: what is still unsent then is buried. */
    public Job expiresAt(Instant time) {
        expiresAt = time;
        return this;
    }

    /** For the log and the operator, as {@code metadata}. */
    public Job tags(String... more) {
        tags.addAll(List.of(more));
        return this;
    }

    public Job metadata(String name, Object value) {
        metadata.put(name, value);
        return this;
    }

    /** The job object of spool(5). */
    Map<String, Object> object() {
        Map<String, Object> job = new LinkedHashMap<>();
        Map<String, Object> fields = content.fields();
        for (String name : List.of("template", "params", "subject", "text", "html", "message")) {
            if (fields.get(name) != null) {
                job.put(name, fields.get(name));
            }
        }
        addresses.forEach((field, list) -> {
            if (!list.isEmpty()) {
                job.put(field, list.size() == 1 ? list.get(0).json() : list.stream().map(Address::json).toList());
            }
        });
        Map<String, Object> options = new LinkedHashMap<>();
        options.put("envelope", envelope);
        options.put("dsn", dsn);
        options.put("locale", locale);
        options.put("headers", headers);
        options.put("attachments", attachments);
        options.put("priority", priority == null ? null : priority.name().toLowerCase(java.util.Locale.ROOT));
        options.put("sendAt", moment("sendAt", sendAt));
        options.put("expiresAt", moment("expiresAt", expiresAt));
        options.put("tags", tags);
        options.put("metadata", metadata);
        options.forEach((name, value) -> {
            boolean isEmpty = value instanceof Map<?, ?> map && map.isEmpty() || value instanceof List<?> list && list.isEmpty();
            if (value != null && !isEmpty) {
                job.put(name, value);
            }
        });
        return Json.members(Json.tree(job, "", 0));
    }

    private static String moment(String field, Instant time) {
        if (time == null) {
            return null;
        }
        OffsetDateTime at = time.atOffset(ZoneOffset.UTC);
        if (at.getYear() < 1 || at.getYear() > 9999) {
            throw SubmitException.invalid("/" + field, "the year " + at.getYear());
        }
        return MOMENT.format(at);
    }

    /** A row of an outbox table. */
    public record OutboxRow(String id, String job) {}

    /**
     * Makes the job without queueing it: its id, new if none is chosen, and its JSON text. The application inserts both
     * into a table in its own transaction; outspool-pump(5) takes them from there.
     *
     * @throws SubmitException for what the daemon would bury, as far as the job alone tells
     */
    public OutboxRow outboxRow() {
        Map<String, Object> object = object();
        return new OutboxRow(Spool.checked(object, id), Json.text(object));
    }
}
