package outspool;

import java.util.List;

/** The interface of {@link Spool} for applications; their tests may have one of their own. */
public interface Submitter {
    /**
     * Queues a job and returns its id. On return the job is on disk and outlives a power cut.
     *
     * @throws SubmitException with the reason why not
     */
    String submit(Job job);

    /** Queues many jobs with one wait for the directory; one result for each, in order. */
    List<Spool.Result> submitBatch(List<Job> jobs);

    /**
     * Writes a job to disk without queueing it; {@link Spool.Draft#publish()} does that. An application prepares before
     * its database commits and publishes after.
     *
     * @throws SubmitException with the reason why not
     */
    Spool.Draft prepare(Job job);

    /** Finds the job of that id; null if the spool has none. */
    Spool.Outcome outcome(String id);
}
