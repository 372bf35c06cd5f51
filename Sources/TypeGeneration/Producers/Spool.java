package outspool;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** The place for submissions: a spool, or the drop box that this application has in one. Threads may share it. */
public class Spool implements Submitter {
    private static final String MEMORY = "memory:";
    private static final String MASK = "***";
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z-'");
    private static final Pattern UNUSABLE = Pattern.compile(
        "(?:No such file or directory|Not a directory|Permission denied|Operation not permitted"
            + "|Too many levels of symbolic links|File name too long|Invalid argument)\\z");
    /** The jobs of the path memory:, shared, so that a test sees the jobs of the code under test. */
    private static final Map<String, Map<String, Object>> JOBS = new LinkedHashMap<>();

    private final String path;

    /** The spool at OUTSPOOL_SPOOL, or else /var/spool/outspool. */
    public Spool() {
        this(null);
    }

    /** The spool or drop box at that path; {@code memory:} keeps jobs in this process, for tests. It touches no disk. */
    public Spool(String path) {
        String named = path == null || path.isEmpty() ? System.getenv("OUTSPOOL_SPOOL") : path;
        this.path = named == null || named.isEmpty() ? "/var/spool/outspool" : named;
    }

    /** The path of the spool or drop box. */
    public String path() {
        return path;
    }

    /**
     * Tells the schema against which jobs of a template are held; what {@code outspool types} makes does so by itself.
     */
    public static void registerSchema(String template, String schema) {
        Schemas.register(template, schema);
    }

    @Override
    public String submit(Job job) {
        return prepare(job).publish();
    }

    /** Queues a job object as spool(5) has it; a null id has one made. */
    public String submitObject(Map<String, ?> job, String id) {
        return prepare(Json.members(Json.tree(job, "", 0)), id).publish();
    }

    /** Queues a job object in JSON; a null id has one made. */
    public String submitJson(String job, String id) {
        Object value;
        try {
            value = Json.read(job);
        } catch (Json.Fault error) {
            throw SubmitException.invalid("", error.getMessage());
        }
        if (!(value instanceof Map<?, ?>)) {
            throw SubmitException.invalid("", "the job is " + Json.typeName(value) + ", not an object");
        }
        return prepare(Json.members(value), id).publish();
    }

    /** The id of a job that was queued, or the error. */
    public record Result(String id, SubmitException error) {}

    @Override
    public List<Result> submitBatch(List<Job> jobs) {
        List<Result> results = new ArrayList<>();
        List<Integer> shared = new ArrayList<>();
        // The descriptors that are open at a time are bounded.
        for (int start = 0; start < jobs.size(); start += 64) {
            List<Job> slice = jobs.subList(start, Math.min(start + 64, jobs.size()));
            List<Draft> drafts = new ArrayList<>();
            for (Job job : slice) {
                try {
                    drafts.add(prepare(job));
                    results.add(null);
                } catch (SubmitException error) {
                    drafts.add(null);
                    results.add(new Result(null, error));
                }
            }
            for (int index = 0; index < drafts.size(); index++) {
                Draft draft = drafts.get(index);
                if (draft == null) {
                    continue;
                }
                try {
                    boolean isShared = draft.publish(false);
                    results.set(start + index, new Result(draft.id(), null));
                    if (isShared) {
                        shared.add(start + index);
                    }
                } catch (SubmitException error) {
                    results.set(start + index, new Result(null, error));
                }
            }
        }
        if (!shared.isEmpty()) {
            try {
                syncDirectory();
            } catch (IOException error) {
                for (int index : shared) {
                    results.set(index, new Result(null, unsettled(results.get(index).id(), error)));
                }
            }
        }
        return results;
    }

    @Override
    public Draft prepare(Job job) {
        return prepare(job.object(), job.id());
    }

    private Draft prepare(Map<String, Object> object, String chosen) {
        String id = checked(object, chosen);
        boolean isChosen = chosen != null;
        if (path.equals(MEMORY)) {
            return new Draft(id, object, isChosen);
        }
        if (isChosen) {
            refuseNamesake(id, object);
        }
        Draft draft = new Draft(id, object, isChosen);
        try {
            draft.write();
        } catch (IOException | UnsupportedOperationException error) {
            draft.close();
            throw failure(error);
        }
        return draft;
    }

    /** The job's id; throws what the daemon would bury the job for, as far as the job alone tells. */
    static String checked(Map<String, Object> object, String chosen) {
        if (chosen != null) {
            checkId(chosen);
        }
        Form.check(object, Instant.now());
        String schema = object.get("template") instanceof String template ? Schemas.of(template) : null;
        if (schema != null && !schema.isEmpty()) {
            Object params = object.get("params");
            SchemaCheck.check(schema, params == null ? Map.of() : params);
        }
        return chosen != null ? chosen : STAMP.format(Instant.now().atOffset(ZoneOffset.UTC)) + random(10);
    }

    private static void checkId(String id) {
        if (!Form.IDENTIFIER.matcher(id).matches()) {
            throw SubmitException.invalid("id", "is not 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first");
        }
    }

    private static String random(int count) {
        StringBuilder out = new StringBuilder();
        for (int index = 0; index < count; index++) {
            out.append("0123456789abcdefghijklmnopqrstuv".charAt(RANDOM.nextInt(32)));
        }
        return out.toString();
    }

    private void syncDirectory() throws IOException {
        try (FileChannel directory = FileChannel.open(Path.of(path, "new"), READ)) {
            directory.force(true);
        }
    }

    private static SubmitException unsettled(String id, Exception cause) {
        return new SubmitException(
            SubmitException.Reason.UNSETTLED, id + " may be queued or not: " + cause.getMessage(), id, null, cause);
    }

    private static SubmitException alreadyQueued(String id, Exception cause) {
        return new SubmitException(SubmitException.Reason.ALREADY_QUEUED, id + " is already queued", id, null, cause);
    }

    /** Java has the text of errno(3) and not its number. */
    private static SubmitException failure(Exception cause) {
        boolean isUnusable = cause instanceof NoSuchFileException || cause instanceof AccessDeniedException
            || cause instanceof NotDirectoryException || cause instanceof UnsupportedOperationException
            || cause.getMessage() != null && UNUSABLE.matcher(cause.getMessage()).find();
        return new SubmitException(
            isUnusable ? SubmitException.Reason.UNUSABLE : SubmitException.Reason.TEMPORARY, String.valueOf(cause), null, null,
            cause);
    }

    /** A job that is on disk and not queued. Closed, it is discarded, if it was not published. */
    public class Draft implements AutoCloseable {
        private final String id;
        private final Map<String, Object> object;
        private final boolean isChosen;
        private FileChannel file;
        private Path name;

        private Draft(String id, Map<String, Object> object, boolean isChosen) {
            this.id = id;
            this.object = object;
            this.isChosen = isChosen;
        }

        /** The id under which the job will be queued. */
        public String id() {
            return id;
        }

        private void write() throws IOException {
            Path draft = Path.of(path, "tmp", random(20));
            file = FileChannel.open(
                draft, Set.of(WRITE, CREATE_NEW, LinkOption.NOFOLLOW_LINKS),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            name = draft;
            // In a drop box the daemon, which owns it, has to read the file.
            if (!Files.getAttribute(Path.of(path, "new"), "unix:uid").equals(Files.getAttribute(draft, "unix:uid"))) {
                Files.setPosixFilePermissions(draft, PosixFilePermissions.fromString("rw----r--"));
            }
            ByteBuffer bytes = ByteBuffer.wrap((Json.text(object) + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            file.force(true);
        }

        /**
         * Queues the job, and returns its id. On return it outlives a power cut.
         *
         * @throws SubmitException with the reason why not
         */
        public String publish() {
            publish(true);
            return id;
        }

        /** Tells whether the directory is still to be waited for. */
        private boolean publish(boolean waits) {
            if (path.equals(MEMORY)) {
                remember();
                return false;
            }
            if (name == null) {
                throw SubmitException.invalid("", "this draft was published or discarded");
            }
            try {
                link();
                return !settle(waits);
            } finally {
                close();
            }
        }

        private void link() {
            Path target = Path.of(path, "new", id);
            try {
                if (!isChosen) {
                    Files.move(name, target, StandardCopyOption.ATOMIC_MOVE);
                    name = null;
                    return;
                }
                // Unlike rename, it refuses a name that is taken.
                Files.createLink(target, name);
            } catch (FileAlreadyExistsException error) {
                throw alreadyQueued(id, error);
            } catch (IOException error) {
                throw failure(error);
            }
            try {
                Files.delete(name);
                name = null;
            } catch (IOException error) {
                throw unsettled(id, error);
            }
        }

        /** The name is on disk once its directory is, or on ext4, XFS and btrfs its file again. */
        private boolean settle(boolean waits) {
            try {
                FileChannel directory;
                try {
                    directory = FileChannel.open(Path.of(path, "new"), READ);
                } catch (AccessDeniedException error) {
                    // A drop box: its producers add to it and cannot read it.
                    file.force(true);
                    return true;
                }
                try (directory) {
                    if (waits) {
                        directory.force(true);
                    }
                }
                return waits;
            } catch (IOException error) {
                throw unsettled(id, error);
            }
        }

        private void remember() {
            synchronized (JOBS) {
                Map<String, Object> known = JOBS.get(id);
                if (known != null) {
                    throw namesake(id, "new", Json.same(known, object, null));
                }
                JOBS.put(id, object);
            }
        }

        /** Removes a draft that was not published. */
        @Override
        public void close() {
            try {
                if (file != null) {
                    file.close();
                    file = null;
                }
                if (name != null) {
                    Files.deleteIfExists(name);
                    name = null;
                }
            } catch (IOException error) {
                // The daemon clears tmp/.
                name = null;
            }
        }
    }

    /**
     * The state of a job: new, scheduled, retry, cur, hold, done or dead, and the event the last line
     * of its history, null if it has none.
     */
    public record Outcome(String state, Map<String, Object> event) {}

    @Override
    public Outcome outcome(String id) {
        checkId(id);
        if (path.equals(MEMORY)) {
            synchronized (JOBS) {
                return JOBS.containsKey(id) ? new Outcome("new", null) : null;
            }
        }
        try {
            String told = Whereabouts.visible(Path.of(path, "out", id));
            if (told != null && Json.read(told) instanceof Map<?, ?> map && map.get("state") instanceof String state) {
                return new Outcome(state, map.get("event") == null ? null : Json.members(map.get("event")));
            }
        } catch (IOException | Json.Fault error) {
            throw failure(error);
        }
        Whereabouts.Found found = find(id);
        if (found == null) {
            boolean isNew = Files.exists(Path.of(path, "new", id), LinkOption.NOFOLLOW_LINKS);
            return isNew ? new Outcome("new", null) : null;
        }
        String[] lines = found.text().split("\n");
        for (int index = lines.length - 1; index > 0; index--) {
            try {
                if (Json.read(lines[index]) instanceof Map<?, ?> map && map.containsKey("event")) {
                    return new Outcome(found.state(), Json.members(map));
                }
            } catch (Json.Fault error) {
                continue; // A line that a power cut tore.
            }
        }
        return new Outcome(found.state(), null);
    }

    private Whereabouts.Found find(String id) {
        try {
            return Whereabouts.find(Path.of(path), id);
        } catch (IOException error) {
            throw failure(error);
        }
    }

    /** Throws if the spool has a job of a chosen id, as far as this user can see. */
    private void refuseNamesake(String id, Map<String, Object> object) {
        Whereabouts.Found found = find(id);
        if (found == null) {
            return;
        }
        Object other;
        try {
            other = Json.readBeginning(found.text());
        } catch (Json.Fault error) {
            return; // A file without a job is another thing.
        }
        throw namesake(
            id, found.state(),
            Json.same(other, object, null) || found.state().equals("done") && Json.same(other, object, MASK));
    }

    private static SubmitException namesake(String id, String state, boolean isSame) {
        return isSame ? alreadyQueued(id, null)
            : SubmitException.invalid("id", "another job of that id is in " + state + "; a new job needs a new id");
    }

    /** A job that {@code memory:} keeps, with its object as it would have been written. */
    public record Queued(String id, Map<String, Object> job) {}

    /** The jobs of {@code memory:}, in their order. */
    public List<Queued> queued() {
        if (!path.equals(MEMORY)) {
            throw new IllegalStateException("only memory: keeps what was queued");
        }
        List<Queued> queued = new ArrayList<>();
        synchronized (JOBS) {
            JOBS.forEach((id, job) -> queued.add(new Queued(id, Json.members(Json.tree(job, "", 0)))));
        }
        return queued;
    }

    /** Forgets the jobs of {@code memory:}. */
    public void clear() {
        synchronized (JOBS) {
            JOBS.clear();
        }
    }
}
