import { promises as fs } from "node:fs";
import process from "node:process";
import { Draft, fault, find, invalid, newID, openNew, SubmitError } from "./outspool_files.mjs";
import { checkForm, FormFault, ID } from "./outspool_form.mjs";
import { isEqual, Schema, token } from "./outspool_schema.mjs";

export { Draft, SubmitError };

// What the parameters of each template must fit, by its name: JSON Schema as text, or read.
const schemas = new Map();
const memory = [];

/** Where mail is submitted: a spool, or the drop box that this application has in one. */
export class Spool {
  constructor(path) {
    this.path = path || process.env.OUTSPOOL_SPOOL || "/var/spool/outspool";
  }

  /** Queues a job. When the promise is kept, with the job's id, the job is on disk. */
  async submit(job, submission = {}) {
    const { id, ...fields } = submission;
    return this.submitObject(asObject(job, fields), id);
  }

  /** Queues a job object as spool(5) has it; judged as any other job. */
  async submitObject(object, id) {
    const text = judged(object, id);
    if (this.path === "memory:") return remember(text, id);
    return (await this.#draft(text, id)).publish();
  }

  /** Writes a job to disk without queueing it, before a database commits; publish() of the draft queues it after. */
  async prepare(job, { id, ...fields } = {}) {
    if (this.path === "memory:") throw new SubmitError("unusable", "a spool in memory has no drafts; submit() instead");
    return this.#draft(judged(asObject(job, fields), id), id);
  }

  /** Queues many jobs at the price of few waits for the disk: for each its id, or why it was not queued. */
  async submitAll(submissions) {
    const results = [];
    if (this.path === "memory:") {
      for (const { job, ...submission } of submissions) results.push(await caught(() => this.submit(job, submission)));
      return results;
    }
    // Each holds an open file until all of its hundred are on disk.
    for (let start = 0; start < submissions.length; start += 100) {
      results.push(...(await this.#submitSome(submissions.slice(start, start + 100))));
    }
    return results;
  }

  async #submitSome(submissions) {
    const directory = await caught(() => openNew(this.path));
    if (directory instanceof SubmitError) return submissions.map(() => directory);
    const drafts = [];
    const results = [];
    try {
      for (const { job, ...submission } of submissions) {
        const draft = await caught(() => this.prepare(job, submission));
        const failed = draft instanceof Draft ? await caught(() => draft.rename()) : draft;
        if (!failed) drafts.push({ draft, place: results.length });
        results.push(failed ?? draft.id);
      }
      // One fsync(2) of the directory is that of all.
      const shared = directory && drafts.length > 0 ? await caught(() => directory.sync().catch(settling)) : undefined;
      for (const { draft, place } of drafts) {
        const failed = directory ? shared : await caught(() => draft.settle());
        if (failed) results[place] = fault(failed.cause, "settle", draft.id);
      }
    } finally {
      for (const { draft } of drafts) await draft.discard();
      await directory?.close().catch(() => {});
    }
    return results;
  }

  /** Tells where a job is; null if the spool does not know it any more. */
  async outcome(id) {
    if (!ID.test(id)) return null;
    if (this.path === "memory:") return memory.some((job) => job.id === id) ? { state: "new", event: null } : null;
    try {
      const { state, event = null } = JSON.parse(await fs.readFile(`${this.path}/out/${id}`, "utf8"));
      return { state, event };
    } catch {
      // It is a spool, or the outcome is not told yet.
    }
    const found = await find(this.path, id);
    return found ? { state: found.state, event: found.event } : null;
  }

  /** What was queued in memory, in order. */
  get queued() {
    if (this.path !== "memory:") {
      throw new SubmitError("unusable", "only a spool of the path memory: tells what is queued in it");
    }
    return [...memory];
  }

  /** Forgets what was queued in memory. */
  static clear() {
    memory.length = 0;
  }

  /** Makes a job without queueing it: its id, and its JSON text. */
  static outboxRow(job, { id, ...fields } = {}) {
    return { id: id ?? newID(), job: judged(asObject(job, fields), id) };
  }

  async #draft(text, id) {
    const found = id === undefined ? undefined : await find(this.path, id);
    if (found) refuseNamesake(id, found.job, JSON.parse(text), found.state);
    return Draft.write(this.path, id ?? newID(), `${text}\n`, id !== undefined);
  }
}

const settling = (error) => {
  throw fault(error, "settle", "");
};

async function caught(call) {
  try {
    return await call();
  } catch (error) {
    if (error instanceof SubmitError) return error;
    throw error;
  }
}

function remember(text, id) {
  const job = JSON.parse(text);
  const namesake = memory.find((queued) => queued.id === id);
  if (namesake) refuseNamesake(id, namesake.job, job, "new");
  memory.push({ id: id ?? newID(), job });
  return memory.at(-1).id;
}

function refuseNamesake(id, there, own, state) {
  if (isEqual(state === "done" ? unmasked(there, own) : there, own)) {
    throw new SubmitError("alreadyQueued", `${id} is already queued`, { id });
  }
  throw new SubmitError("invalid", `id: another job of that id is in ${state}/; a new job needs a new id`, {
    pointer: "id" });
}

/** A job of done/ with our own values for the secrets that are masked there. */
function unmasked(there, own) {
  if (there === "***") return own;
  if (typeof there !== "object" || there === null || typeof own !== "object" || own === null) return there;
  if (Array.isArray(there)) return there.map((one, index) => unmasked(one, own[index]));
  return Object.fromEntries(Object.entries(there).map(([name, one]) => [name, unmasked(one, own[name])]));
}

function asObject(job, fields) {
  const object = { ...job, ...fields };
  if (job.message instanceof Uint8Array) {
    const bytes = Buffer.from(job.message);
    object.message = bytes.equals(Buffer.from(bytes.toString())) ? bytes.toString() : { base64: bytes.toString("base64") };
  }
  if (Array.isArray(fields.attachments)) {
    object.attachments = fields.attachments.map((file) =>
      file?.content instanceof Uint8Array ? { ...file, content: Buffer.from(file.content).toString("base64") } : file);
  }
  return object;
}

/** Makes the JSON text of a job object; throws a SubmitError for what the daemon would bury. */
function judged(object, id) {
  if (id !== undefined && !ID.test(id)) {
    throw invalid("id", "is not 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first");
  }
  const value = plain(object, "", 0);
  let expiresAt;
  try {
    expiresAt = checkForm(value);
  } catch (error) {
    throw error instanceof FormFault ? invalid(error.pointer, error.message) : error;
  }
  let schema = schemas.get(value.template);
  if (typeof schema === "string") schemas.set(value.template, (schema = new Schema(schema)));
  const found = schema?.violation(value.params ?? {});
  if (found) throw invalid(`/params${found.pointer}`, found.reason);
  if (expiresAt !== null && expiresAt < Math.floor(Date.now() / 1000)) {
    throw invalid("/expiresAt", "is over: the job could only expire");
  }
  return encode(value);
}

/** Makes values of JSON of what a job is made of; members that are undefined are left out. */
function plain(value, pointer, depth) {
  if (depth > 100) throw invalid("", "nested more than 100 deep");
  switch (typeof value) {
    case "boolean": return value;
    case "bigint": return value;
    case "string":
      if (/\p{Cs}/u.test(value)) throw invalid(pointer, "a lone surrogate, which no text has");
      return value;
    case "number":
      if (!Number.isFinite(value)) throw invalid(pointer, `is ${value}, which JSON does not have`);
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
        throw invalid(pointer, "an integer that a number of JavaScript does not hold exactly; pass a BigInt");
      }
      return value;
    case "object": break;
    default: throw invalid(pointer, `a ${typeof value}, which JSON does not have`);
  }
  if (value === null) return null;
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw invalid(pointer, "an invalid Date");
    return value.toISOString();
  }
  if (typeof value.toJSON === "function") return plain(value.toJSON(), pointer, depth + 1);
  if (Array.isArray(value)) return Array.from(value, (one, index) => plain(one, `${pointer}/${index}`, depth + 1));
  if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) {
    throw invalid(pointer, `a ${value.constructor.name}, which JSON does not have`);
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) =>
    [plain(name, pointer, depth), plain(member, `${pointer}/${token(name)}`, depth + 1)]));
}

function encode(value) {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(encode).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${encode(member)}`).join()}}`;
}
