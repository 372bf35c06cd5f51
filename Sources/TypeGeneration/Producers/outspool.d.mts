/**
 * - "alreadyQueued": the same job is in the spool under this id, or a job of the id waits where
 *   this user cannot look. If the id is your idempotency key, take this for success.
 * - "unsettled": the job may be queued or not, the last wait for the disk failed. Submitted again
 *   under a chosen id it is sent once.
 * - "temporary": nothing is queued, and the same call can succeed later: a full disk.
 * - "unusable": nothing is queued, nor will be until the installation changes.
 * - "invalid": nothing is queued, nor will be, the job is at fault.
 */
export type SubmitReason = "alreadyQueued" | "unsettled" | "temporary" | "unusable" | "invalid";

export declare class SubmitError extends Error {
  readonly reason: SubmitReason;
  /** Of "alreadyQueued" and "unsettled": the job's. */
  readonly id?: string;
  /** Of "invalid": the place in the job (RFC 6901), "" for all of it, "id" for the id. */
  readonly pointer?: string;
  /** What the system said: "ENOSPC" for a full disk. */
  readonly code?: string;
}

/** "zoe@example.com", "Zoë <zoe@example.com>", or in parts. */
export type Address = string | { name?: string; email: string };
export type Recipients = Address | Array<Address>;

/** With `content`, bytes or base64, or the name of a `file` of the attachments directory. */
export interface Attachment {
  filename?: string;
  contentType?: string;
  cid?: string;
  content?: Uint8Array | string;
  file?: string;
}

/** The fields of a job next to its template and parameters, as spool(5) has them. */
export interface Submission {
  to?: Recipients;
  cc?: Recipients;
  bcc?: Recipients;
  from?: Address;
  replyTo?: Address;
  sender?: Address;
  envelope?: { from?: string; to?: Array<string> };
  /** The notifications that are asked of the mail servers (RFC 3461). */
  dsn?: {
    notify?: Array<"never" | "success" | "failure" | "delay">;
    return?: "full" | "headers";
    envelopeId?: string;
  };
  /** The idempotency key: as long as a job of that id is in the spool, a second one is not sent. */
  id?: string;
  /** The variant of the template, a tag of BCP 47. */
  locale?: string;
  headers?: { [name: string]: string };
  attachments?: Array<Attachment>;
  priority?: "high" | "normal" | "bulk";
  /** Not before. */
  sendAt?: Date;
  /** Not after. */
  expiresAt?: Date;
  tags?: Array<string>;
  metadata?: { [name: string]: unknown };
}

/** A template with its parameters, which the functions below make of types; a mail; or a whole message (RFC 5322). */
export type Job =
  | { readonly template: string; readonly params?: unknown }
  | { readonly subject: string; readonly text?: string; readonly html?: string }
  | { readonly message: string | Uint8Array };

/** Where a job is, and the last event of its history. */
export interface Outcome {
  readonly state: "new" | "scheduled" | "retry" | "cur" | "hold" | "done" | "dead";
  readonly event: { readonly [name: string]: unknown } | null;
}

/** A job that was queued in memory, as spool(5) has it. */
export interface Queued {
  readonly id: string;
  readonly job: { readonly [name: string]: unknown };
}

/** A job that is on disk and not queued yet. */
export declare class Draft {
  private constructor();
  readonly id: string;
  /** Queues the job. When the promise is kept, with the job's id, the job is on disk. */
  publish(): Promise<string>;
  /** Removes a job that was not published. */
  discard(): Promise<void>;
}

/** What an application needs of a spool, for its doubles. */
export interface Submitter {
  submit(job: Job, submission?: Submission): Promise<string>;
}

/** Where mail is submitted: a spool, or the drop box that this application has in one. */
export declare class Spool implements Submitter {
  /**
   * At OUTSPOOL_SPOOL, or else /var/spool/outspool, if no path is given. At "memory:" jobs are kept
   * in this process, for tests: `queued` has them.
   */
  constructor(path?: string);
  readonly path: string;
  /**
   * Queues a job. When the promise is kept, with the job's id, the job is on disk and outlives a
   * power cut. It fails with a SubmitError; what the daemon would bury is "invalid", and nothing is
   * written.
   */
  submit(job: Job, submission?: Submission): Promise<string>;
  /** Queues a job object as spool(5) has it; judged as any other job. */
  submitObject(object: { readonly [name: string]: unknown }, id?: string): Promise<string>;
  /** Writes a job to disk without queueing it, before a database commits; publish() queues it after. */
  prepare(job: Job, submission?: Submission): Promise<Draft>;
  /** Queues many jobs at the price of few waits for the disk: for each its id, or why it was not queued. */
  submitAll(submissions: ReadonlyArray<Submission & { job: Job }>): Promise<Array<string | SubmitError>>;
  /** Tells where a job is; null if the spool does not know it any more. */
  outcome(id: string): Promise<Outcome | null>;
  /** What was queued in memory, in order. */
  readonly queued: Array<Queued>;
  /** Forgets what was queued in memory. */
  static clear(): void;
  /**
   * Makes a job without queueing it: its id, new if none is given, and its JSON text, which submit()
   * would queue. The application inserts both into a table in its own transaction; outspool-pump(5)
   * takes them from there. Throws a SubmitError for what is invalid.
   */
  static outboxRow(job: Job, submission?: Submission): { id: string; job: string };
}
