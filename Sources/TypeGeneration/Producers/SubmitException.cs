using System;

namespace Outspool
{
    /// <summary>The outcome of a submission that was not simply queued.</summary>
    public enum SubmitReason
    {
        /// <summary>
        /// The same job is in the spool, and is what it was.
        /// If the id is your idempotency key, take this for success.
        /// </summary>
        AlreadyQueued,
        /// <summary>
        /// The job may be queued or not, the last wait for the disk failed. Submitted again under a chosen id it is sent
        /// once.
        /// </summary>
        Unsettled,
        /// <summary>Nothing is queued, and the same call can succeed later: a full disk, errno 28.</summary>
        Temporary,
        /// <summary>Nothing is queued, nor will be until the installation changes.</summary>
        Unusable,
        /// <summary>Nothing is queued, nor will be: the job is at fault.</summary>
        Invalid
    }

    /// <summary>A submission that was not simply queued.</summary>
    public class SubmitException : Exception
    {
        public SubmitReason Reason { get; }

        /// <summary>The job's id, of AlreadyQueued and Unsettled; null otherwise.</summary>
        public string Id { get; }

        /// <summary>
        /// The place of an Invalid job's fault, a JSON pointer (RFC 6901): empty for the whole job, "id" for its id; null
        /// otherwise.
        /// </summary>
        public string Pointer { get; }

        /// <summary>The system's error, see errno(3); 0 otherwise.</summary>
        public int Errno { get; }

        internal SubmitException(
            SubmitReason reason, string message, string id = null, string pointer = null, int errno = 0)
            : base(string.IsNullOrEmpty(pointer) ? message : pointer + ": " + message)
        {
            Reason = reason;
            Id = id;
            Pointer = pointer;
            Errno = errno;
        }

        internal static SubmitException Invalid(string pointer, string message)
        {
            return new SubmitException(SubmitReason.Invalid, message, null, pointer);
        }
    }
}
