/** The files of a spool: see spool(5), SUBMISSION. The order of the steps is the promise. */

import crypto from "node:crypto";
import { constants, promises as fs } from "node:fs";
import process from "node:process";

/** Why a job was not queued, or that it may be: see `reason` in the types. */
export class SubmitError extends Error {
  constructor(reason, message, { id, pointer, code, cause } = {}) {
    super(message, { cause });
    this.name = "SubmitError";
    this.reason = reason;
    this.id = id;
    this.pointer = pointer;
    this.code = code ?? cause?.code;
  }
}

export const invalid = (pointer, reason) =>
  new SubmitError("invalid", pointer ? `${pointer}: ${reason}` : reason, { pointer });

/** A job that is on disk and not queued yet. */
export class Draft {
  #spool;
  #tmp;
  #file;
  #isChosen;
  #isInTmp = false;

  constructor(spool, id, isChosen) {
    this.id = id;
    this.#spool = spool;
    this.#isChosen = isChosen;
    this.#tmp = `${spool}/tmp/${random(20)}`;
  }

  static async write(spool, id, text, isChosen) {
    const draft = new Draft(spool, id, isChosen);
    await draft.#write(text);
    return draft;
  }

  async #write(text) {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    try {
      // In a drop box the daemon, which owns it, has to read the file.
      const mode = (await fs.stat(`${this.#spool}/new`)).uid === process.geteuid() ? 0o600 : 0o604;
      this.#file = await fs.open(this.#tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
      this.#isInTmp = true;
      await this.#file.chmod(mode);
      await this.#file.writeFile(text);
      await this.#file.sync();
    } catch (error) {
      await this.discard();
      throw fault(error, "create", this.id);
    }
  }

  /** Queues the job. When the promise is kept, with the job's id, the job is on disk. */
  async publish() {
    let directory;
    try {
      directory = await openNew(this.#spool);
      await this.rename();
      await this.settle(directory);
      return this.id;
    } finally {
      await directory?.close().catch(() => {});
      await this.discard();
    }
  }

  /** Queues the job, which is on disk once settle() was called. */
  async rename() {
    let step = "publish";
    try {
      if (this.#isChosen) {
        // Unlike rename, link refuses a name that is taken.
        await fs.link(this.#tmp, `${this.#spool}/new/${this.id}`);
        step = "settle";
        await fs.unlink(this.#tmp);
      } else {
        await fs.rename(this.#tmp, `${this.#spool}/new/${this.id}`);
      }
      this.#isInTmp = false;
    } catch (error) {
      await this.discard();
      throw fault(error, step, this.id);
    }
  }

  /** Waits until the rename is on disk: its directory, or on ext4, XFS and btrfs its file again. */
  async settle(directory) {
    try {
      await (directory ?? this.#file).sync();
    } catch (error) {
      throw fault(error, "settle", this.id);
    }
  }

  /** Removes a job that was not published. */
  async discard() {
    // What is left in tmp/ is harmless; the daemon clears it.
    if (this.#isInTmp) await fs.unlink(this.#tmp).catch(() => {});
    this.#isInTmp = false;
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => {});
  }
}

/** Opens new/ for its fsync(2); undefined in a drop box: its producers add to it and cannot read it. */
export async function openNew(spool) {
  try {
    return await fs.open(`${spool}/new`, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (error.code === "EACCES") return undefined;
    throw fault(error, "create", "");
  }
}

/** Makes an error of the submission of one of the system at a step of it. */
export function fault(error, step, id) {
  if (error instanceof SubmitError || typeof error.code !== "string") return error;
  if (step === "publish" && error.code === "EEXIST") {
    return new SubmitError("alreadyQueued", `${id} is already queued`, { id, cause: error });
  }
  if (step === "settle") {
    return new SubmitError("unsettled", `${id} may be queued or not: ${error.message}`, { id, cause: error });
  }
  const wrong = ["ENOENT", "ENOTDIR", "EACCES", "EPERM", "ELOOP", "ENAMETOOLONG", "EINVAL"];
  return new SubmitError(wrong.includes(error.code) ? "unusable" : "temporary", error.message, { cause: error });
}

/** The result of a call; undefined for what is not there, or not for this user to see. */
async function visible(promise, id) {
  try {
    return await promise;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES", "EPERM", "ELOOP"].includes(error.code)) return undefined;
    throw fault(error, "create", id);
  }
}

async function readRegular(path) {
  const file = await fs.open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Looks for the file of a job in all states of a spool; undefined if it is not there. */
export async function find(spool, id) {
  // A job that moves meanwhile is met further on, or again in new/.
  for (const directory of ["new", "scheduled", "retry/", "hold", "cur/", "done/", "dead", "new"]) {
    const state = directory.replace("/", "");
    const names = directory === state ? [""] : (await visible(fs.readdir(`${spool}/${state}`), id)) ?? [];
    for (const name of names) {
      const bytes = await visible(readRegular(`${spool}/${state}/${name}/${id}`), id);
      if (bytes) return { state, ...readJob(bytes) };
    }
  }
  return undefined;
}

/** Reads a job file: its object, and the last event of its history; lines that do not parse are left out. */
function readJob(bytes) {
  const lines = bytes.toString().split("\n");
  const parsed = lines.map((line) => {
    try {
      return JSON.parse(line);
    } catch {
      return undefined;
    }
  });
  let job = parsed[0];
  // An object that another producer wrote over several lines.
  for (let count = 2; job === undefined && count <= lines.length; count += 1) {
    try {
      job = JSON.parse(lines.slice(0, count).join("\n"));
    } catch {
      continue;
    }
  }
  const event = parsed.slice(1).findLast((line) => typeof line === "object" && line !== null && "event" in line);
  return { job, event: event ?? null };
}

export function newID() {
  return `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, "")}Z-${random(10)}`;
}

function random(count) {
  const digits = "0123456789abcdefghijklmnopqrstuv";
  return Array.from(crypto.randomBytes(count), (byte) => digits[byte & 31]).join("");
}
