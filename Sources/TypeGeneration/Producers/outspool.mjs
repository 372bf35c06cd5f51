import crypto from "node:crypto";
import { constants, promises as fs } from "node:fs";
import process from "node:process";

/** Why a job was not queued, or that it may be: see `reason` in the types. */
export class SubmitError extends Error {
  constructor(reason, message, { id, cause } = {}) {
    super(message, { cause });
    this.name = "SubmitError";
    this.reason = reason;
    this.id = id;
  }
}

/** Where mail is submitted: a spool, or the drop box that this application has in one. */
export class Spool {
  constructor(path) {
    this.path = path || process.env.OUTSPOOL_SPOOL || "/var/spool/outspool";
  }

  /** Queues a job. When the promise is kept, with the job's id, the job is on disk. */
  async submit(job, submission = {}) {
    return queue(this.path, `${Spool.outboxRow(job, submission).job}\n`, submission.id);
  }

  /** Makes a job without queueing it: its id, and its JSON text. */
  static outboxRow(job, { id, ...fields } = {}) {
    if (id !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}$/.test(id)) {
      throw new SubmitError(
        "invalid", "id: is not 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first");
    }
    for (const name of ["to", "cc", "bcc", "from", "replyTo", "sender", "envelope", "headers"]) {
      checkLines(name, fields[name]);
    }
    let text;
    try {
      text = JSON.stringify({ template: job.template, params: job.params, ...fields }, (name, value) => {
        if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError(`${name} is not finite`);
        return value;
      });
    } catch (error) {
      throw new SubmitError("invalid", `the job cannot be encoded: ${error.message}`, { cause: error });
    }
    return { id: id ?? newID(), job: text };
  }
}

/** Puts a job into new/. The order of the steps is the promise. */
async function queue(spool, text, chosen) {
  const id = chosen ?? newID();
  const tmp = `${spool}/tmp/${random(20)}`;
  const { O_RDONLY, O_DIRECTORY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  let [step, directory, file, isInTmp] = ["create", undefined, undefined, false];
  try {
    directory = await fs.open(`${spool}/new`, O_RDONLY | O_DIRECTORY).catch((error) => {
      // A drop box: its producers add to it and cannot read it.
      if (error.code !== "EACCES") throw error;
    });
    // In a drop box the daemon, which owns it, has to read the file.
    const mode = (await fs.stat(`${spool}/new`)).uid === process.geteuid() ? 0o600 : 0o604;
    file = await fs.open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    isInTmp = true;
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
    step = "publish";
    if (chosen === undefined) {
      await fs.rename(tmp, `${spool}/new/${id}`);
    } else {
      // Unlike rename, link refuses a name that is taken.
      await fs.link(tmp, `${spool}/new/${id}`);
      step = "settle";
      await fs.unlink(tmp);
    }
    isInTmp = false;
    step = "settle";
    // The rename is on disk once its directory is, or on ext4, XFS and btrfs its file again.
    await (directory ?? file).sync();
    return id;
  } catch (error) {
    throw fault(error, step, id);
  } finally {
    // What is left in tmp/ is harmless; the daemon clears it.
    if (isInTmp) await fs.unlink(tmp).catch(() => {});
    await file?.close().catch(() => {});
    await directory?.close().catch(() => {});
  }
}

function fault(error, step, id) {
  if (typeof error.code !== "string") return error;
  if (step === "publish" && error.code === "EEXIST") {
    return new SubmitError("alreadyQueued", `${id} is already queued`, { id, cause: error });
  }
  if (step === "settle") {
    return new SubmitError("unsettled", `${id} may be queued or not: ${error.message}`, { id, cause: error });
  }
  const wrong = ["ENOENT", "ENOTDIR", "EACCES", "EPERM", "ELOOP", "ENAMETOOLONG", "EINVAL"];
  return new SubmitError(wrong.includes(error.code) ? "unusable" : "temporary", error.message, { cause: error });
}

function newID() {
  return `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, "")}Z-${random(10)}`;
}

function random(count) {
  const digits = "0123456789abcdefghijklmnopqrstuv";
  return Array.from(crypto.randomBytes(count), (byte) => digits[byte & 31]).join("");
}

function checkLines(name, value) {
  if (typeof value === "string" && /[\r\n\0]/.test(value)) {
    throw new SubmitError("invalid", `${name}: has a line break or NUL`);
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    checkLines(name, key);
    checkLines(name, item);
  }
}
