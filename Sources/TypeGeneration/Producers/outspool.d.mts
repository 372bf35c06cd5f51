/**
 * - "alreadyQueued": a job of this id waits in the spool, and is what it was. If the id is
 *   your idempotency key, take this for success.
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
}

/** "zoe@example.com", "Zoë <zoe@example.com>", or in parts. */
export type Address = string | { name?: string; email: string };
export type Recipients = Address | Array<Address>;

/** With `content`, base64, or the name of a `file` of the attachments directory. */
export interface Attachment {
  filename?: string;
  contentType?: string;
  cid?: string;
  content?: string;
  file?: string;
}

/** The fields of a job beside its template and parameters, as spool(5) has them. */
export interface Submission {
  to?: Recipients;
  cc?: Recipients;
  bcc?: Recipients;
  from?: Address;
  replyTo?: Address;
  sender?: Address;
  envelope?: { from?: string; to?: Array<string> };
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

/** What the functions below make. */
export interface Job {
  readonly template: string;
  readonly params: unknown;
}

/** Where mail is submitted: a spool, or the drop box that this application has in one. */
export declare class Spool {
  /** At OUTSPOOL_SPOOL, or else /var/spool/outspool, if no path is given. */
  constructor(path?: string);
  readonly path: string;
  /**
   * Queues a job. When the promise is kept, with the job's id, the job is on disk and outlives a
   * power cut. It fails with a SubmitError.
   */
  submit(job: Job, submission?: Submission): Promise<string>;
  /**
   * Makes a job without queueing it: its id, new if none is given, and its JSON text, which submit()
   * would queue. The application inserts both into a table in its own transaction; outspool-pump(5)
   * takes them from there. Throws a SubmitError for what is invalid.
   */
  static outboxRow(job: Job, submission?: Submission): { id: string; job: string };
}
