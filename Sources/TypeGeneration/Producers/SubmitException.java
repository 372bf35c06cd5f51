package outspool;

/**
 * A submission that was not simply queued. It is unchecked: few callers can do anything about it, and a framework's
 * transaction is to roll back.
 */
public class SubmitException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The outcome of a submission that was not simply queued. */
    public enum Reason {
        /**
         * The same job is in the spool, and is what it was.
         * If the id is your idempotency key, take this for success.
         */
        ALREADY_QUEUED("alreadyQueued"),
        /**
         * The job may be queued or not, the last wait for the disk failed. Submitted again under a chosen id it is sent
         * once.
         */
        UNSETTLED("unsettled"),
        /** Nothing is queued, and the same call can succeed later: a full disk. */
        TEMPORARY("temporary"),
        /** Nothing is queued, nor will be until the installation changes. */
        UNUSABLE("unusable"),
        /** Nothing is queued, nor will be: the job is at fault. */
        INVALID("invalid");

        private final String word;

        Reason(String word) {
            this.word = word;
        }

        @Override
        public String toString() {
            return word;
        }
    }

    private final Reason reason;
    private final String id;
    private final String pointer;

    SubmitException(Reason reason, String message, String id, String pointer, Throwable cause) {
        super(pointer == null || pointer.isEmpty() ? message : pointer + ": " + message, cause);
        this.reason = reason;
        this.id = id;
        this.pointer = pointer;
    }

    static SubmitException invalid(String pointer, String message) {
        return new SubmitException(Reason.INVALID, message, null, pointer, null);
    }

    /** The outcome. */
    public Reason reason() {
        return reason;
    }

    /** The job's id, of ALREADY_QUEUED and UNSETTLED; null otherwise. */
    public String id() {
        return id;
    }

    /**
     * The place of an INVALID job's fault, a JSON pointer (RFC 6901): empty for the whole job, "id" for its id; null
     * otherwise.
     */
    public String pointer() {
        return pointer;
    }
}
