/** The form of a job object, see spool(5): for what the daemon would bury it, as far as the object alone tells. */

import { AddressFault, countMailboxes, hasControl, octets, readBare, readMailbox } from "./outspool_address.mjs";
import { isDateTime, token } from "./outspool_schema.mjs";

export const ID = /^[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}$/;
const FIELDS = [
  "template", "params", "subject", "text", "html", "message", "to", "cc", "bcc", "from", "replyTo", "sender",
  "envelope", "dsn", "locale", "headers", "attachments", "priority", "sendAt", "expiresAt", "tags", "metadata",
];
const OWN = new Map([
  ["from", "from"], ["sender", "sender"], ["reply-to", "replyTo"], ["to", "to"], ["cc", "cc"], ["bcc", "bcc"],
  ["subject", "subject"], ["date", "set when the mail is sent"], ["message-id", "made from the id of the job"],
]);
const REFUSED = new RegExp(
  "^(?:(return-path|received|mime-version|content-length|delivered-to|authentication-results)$"
    + "|content-|mime-|dkim-|domainkey-|arc-|resent-|received-)");
const UNIQUE = /^(?:(in-reply-to|references|auto-submitted)$|list-)/;
const IDENTIFYING = new RegExp(
  "^(?:list-|(in-reply-to|references|archived-at|original-message-id|x-original-message-id|errors-to|supersedes"
    + "|feedback-id)$)");
const TOKEN = "[!#$%&'*+\\-.0-9A-Z^_`a-z{|}~]+";
const PARAMETER = `; *(?:(${TOKEN})=(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*") *|$)`;
const NAME = `([^"'()<>,;&#?\\s]+)`;
const CID = new RegExp(
  `<[a-z][a-z0-9]*(?:[ \\t\\r\\n\\f]+[a-z-]+(?:[ \\t\\r\\n\\f]*=[ \\t\\r\\n\\f]*(?:"[^"]*"|'[^']*'|[^\\s"'<>=\`]+))?)*`
    + `[ \\t\\r\\n\\f]+(?:src|srcset|background|poster|href|data)[ \\t\\r\\n\\f]*=[ \\t\\r\\n\\f]*(?:"cid:${NAME}[^"]*"|'cid:${NAME}[^']*'|cid:${NAME})`, "gi");
const HIDDEN_HTML = new RegExp(
  "<!--[^]*?(?:-->|$)|<(script|style|title|textarea|template|noscript)\\b[^]*?(?:</\\1|$)", "gi");

/** Why an object is not a job; the pointer is a JSON pointer, empty for the object itself. */
export class FormFault extends Error {
  constructor(pointer, reason) {
    super(reason);
    this.pointer = pointer;
  }
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Typed access to the members of an object; null counts as absent. */
class Fields {
  constructor(members, below = "") {
    this.members = members;
    this.below = below;
  }

  at(name) {
    return Object.hasOwn(this.members, name) ? this.members[name] ?? null : null;
  }

  allow(...names) {
    for (const name of Object.keys(this.members)) {
      if (!names.includes(name) && !(this.below === "" && name.startsWith("x-"))) {
        throw new FormFault(`${this.below}/${token(name)}`, "unknown field");
      }
    }
  }

  #typed(name, isRight, wanted) {
    const value = this.at(name);
    if (value !== null && !isRight(value)) throw new FormFault(`${this.below}/${name}`, `is not ${wanted}`);
    return value;
  }

  text(name) {
    return this.#typed(name, (value) => typeof value === "string", "a string");
  }

  object(name) {
    return this.#typed(name, isObject, "an object");
  }

  list(name) {
    return this.#typed(name, Array.isArray, "an array");
  }

  texts(name) {
    const values = this.list(name);
    for (const [index, value] of (values ?? []).entries()) {
      if (typeof value !== "string") throw new FormFault(`${this.below}/${name}/${index}`, "is not a string");
    }
    return values;
  }

  moment(name) {
    if (Object.hasOwn(this.members, name) && this.members[name] === null) {
      throw new FormFault(`/${name}`, "is null, not an RFC 3339 date-time; leave it out instead");
    }
    const text = this.text(name);
    return text === null ? null : readMoment(text, name);
  }
}

/** Reads a date-time as milliseconds since 1970, and the digits behind them. */
function readMoment(text, name) {
  const parts = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/.exec(text);
  // A leap second may stand anywhere here, unlike in a schema's date-time.
  if (!parts || Number(parts[3]) > 60 || !isDateTime(`${parts[1]}T${parts[2]}:59${parts[5]}`)) {
    throw new FormFault(`/${name}`, "is not an RFC 3339 date-time such as 2026-11-23T17:44:11Z");
  }
  const minute = Date.parse(`${parts[1]}T${parts[2]}:00${parts[5].toUpperCase()}`);
  return { seconds: minute / 1000 + Number(parts[3]), fraction: (parts[4] ?? "").replace(/0+$/, "") };
}

const isAfter = (one, other) =>
  one.seconds > other.seconds || (one.seconds === other.seconds && one.fraction > other.fraction);

/** Throws FormFault for what no mail can ever be made of; returns expiresAt in seconds since 1970, or null. */
export function checkForm(job) {
  if (!isObject(job)) throw new FormFault("", "the job is not an object");
  const fields = new Fields(job);
  fields.allow(...FIELDS);
  const { kind, html, message } = readContent(fields);
  fields.object("params");
  const envelope = new Fields(fields.object("envelope") ?? {}, "/envelope");
  envelope.allow("from", "to");
  const envelopeFrom = envelope.text("from");
  const envelopeTo = envelope.texts("to");
  if (Object.hasOwn(envelope.members, "to") && !envelopeTo?.length) throw new FormFault("/envelope/to", "no recipient");
  checkDSN(new Fields(fields.object("dsn") ?? {}, "/dsn"));
  fields.text("locale");
  const headers = fields.object("headers") ?? {};
  const attachments = fields.list("attachments") ?? [];
  if (![null, "high", "normal", "bulk"].includes(fields.text("priority"))) {
    throw new FormFault("/priority", "is not one of high, normal, bulk");
  }
  const sendAt = fields.moment("sendAt");
  const expiresAt = fields.moment("expiresAt");
  if (sendAt && expiresAt && !isAfter(expiresAt, sendAt)) {
    throw new FormFault("/expiresAt", "is not after sendAt: the job could only expire");
  }
  fields.texts("tags");
  fields.object("metadata");

  let recipients = 0;
  for (const name of ["to", "cc", "bcc"]) recipients += checkMailboxes(fields.at(name), `/${name}`);
  checkMailboxes(fields.at("from"), "/from", true);
  checkMailboxes(fields.at("sender"), "/sender", true);
  checkMailboxes(fields.at("replyTo"), "/replyTo");
  if (envelopeFrom) checkBare(envelopeFrom === "<>" ? "a@b" : envelopeFrom, "/envelope/from");
  if (kind === "message") {
    for (const name of ["attachments", "headers", "replyTo", "sender"]) {
      const value = fields.at(name);
      if (value !== null && value !== "" && Object.keys(value).length > 0) {
        throw new FormFault(`/${name}`, "cannot stand next to message, which is the whole mail");
      }
    }
    recipients += checkMessage(message, recipients === 0 && envelopeTo === null);
  } else {
    checkAttachments(attachments, html);
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value !== "string") throw new FormFault(`/headers/${token(name)}`, "is not a string");
    }
    if (hasControl((fields.text("subject") ?? "").replaceAll("\t", " "))) {
      throw new FormFault("/subject", "a control character");
    }
    checkHeaders(Object.entries(headers));
  }
  for (const [index, text] of (envelopeTo ?? []).entries()) checkBare(text, `/envelope/to/${index}`);
  // A task has no recipient, and only its template tells that it is one.
  const mayBeTask = kind === "template" && ["to", "cc", "bcc"].every((name) => [null, ""].includes(fields.at(name)));
  if (recipients === 0 && envelopeTo === null && !mayBeTask) {
    throw new FormFault("", "no recipient: none of to, cc, bcc and envelope names one");
  }
  return expiresAt?.seconds ?? null;
}

function readContent(fields) {
  const [template, text, html, subject] = ["template", "text", "html", "subject"].map((name) => fields.text(name));
  const message = fields.at("message");
  const isMail = subject !== null || text !== null || html !== null;
  const kinds = [template !== null, isMail, message !== null].filter(Boolean).length;
  if (kinds !== 1) {
    throw new FormFault("", kinds === 0 ? "neither template, nor subject with text or html, nor message"
      : "more than one of template, subject with text or html, and message");
  }
  if (template !== null) {
    if (!ID.test(template)) {
      throw new FormFault("/template", "is not a template's name: A-Z a-z 0-9 . _ @ = + -, a letter or digit first");
    }
    return { kind: "template" };
  }
  if (isMail) {
    if (subject === null) throw new FormFault("/subject", "missing next to text or html");
    if (text === null && html === null) throw new FormFault("", "a subject without text or html");
    return { kind: "mail", html };
  }
  if (typeof message === "string") return { kind: "message", message: Buffer.from(message) };
  if (isObject(message) && Object.keys(message).join() === "base64" && typeof message.base64 === "string") {
    const decoded = decode(message.base64);
    if (!decoded) throw new FormFault("/message/base64", "is not base64");
    return { kind: "message", message: decoded };
  }
  throw new FormFault("/message", 'is neither a string nor {"base64": "…"}');
}

/** Decodes base64, perhaps with line ends or without its padding; null for other text. */
function decode(text) {
  const plain = text.replace(/[\r\n]/g, "");
  const digits = plain.replace(/=+$/, "");
  const missing = (4 - (digits.length % 4)) % 4;
  const padding = plain.length - digits.length;
  if (missing === 3 || !/^[A-Za-z0-9+/]*$/.test(digits) || (padding !== 0 && padding !== missing)) return null;
  return Buffer.from(digits, "base64");
}

function checkDSN(fields) {
  fields.allow("notify", "return", "envelopeId");
  const words = fields.texts("notify");
  if (words?.length === 0) throw new FormFault("/dsn/notify", "is empty; leave it out instead");
  for (const [index, word] of (words ?? []).entries()) {
    if (!["never", "success", "failure", "delay"].includes(word)) {
      throw new FormFault(`/dsn/notify/${index}`, "is not one of never, success, failure, delay");
    }
  }
  if (words?.includes("never") && words.some((word) => word !== "never")) {
    throw new FormFault("/dsn/notify", "never cannot be combined with others");
  }
  if (![null, "full", "headers"].includes(fields.text("return"))) {
    throw new FormFault("/dsn/return", "is not one of full, headers");
  }
  const name = fields.text("envelopeId");
  if (name !== null) {
    const length = name.length + 2 * name.replace(/[^ +=]/g, "").length;
    if (!/^[ -~]*$/.test(name) || length < 1 || length > 100) {
      throw new FormFault("/dsn/envelopeId", "is not 1 to 100 characters of printable ASCII");
    }
  }
}

/** Runs what reads addresses, and names the field that has them. */
function reading(pointer, read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof AddressFault) throw new FormFault(pointer, error.message);
    throw error;
  }
}

/** Reads an address or a list of them; returns how many there are. */
function checkMailboxes(value, pointer, isOne = false) {
  if (value === null || value === "") return 0;
  const values = Array.isArray(value) && !isOne ? value : [value];
  reading(pointer, () => {
    for (const one of values) {
      if (typeof one === "string") readMailbox(one);
      else if (isObject(one)) checkParts(one);
      else throw new AddressFault('neither a string nor {"name":…,"email":…}');
    }
  });
  return values.length;
}

function checkParts(parts) {
  const { name = null, email } = parts;
  if (Object.keys(parts).some((member) => member !== "name" && member !== "email")) {
    throw new AddressFault("an unknown member in an address");
  }
  if (typeof email !== "string" || (name !== null && typeof name !== "string")) {
    throw new AddressFault('"name" and "email" are strings');
  }
  readBare(email.replace(/^ +| +$/g, ""));
  if (hasControl(name ?? "")) throw new AddressFault("a control character in the name");
}

const checkBare = (text, pointer) => reading(pointer, () => readBare(text));

function checkHeaders(headers) {
  const seen = new Set();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (!/^[!-9;-~]{1,60}$/.test(name)) {
      throw new FormFault("/headers", "a name is up to 60 printable characters without ':'");
    }
    if (OWN.has(lower)) throw new FormFault("/headers", `${name} has a field of its own, ${OWN.get(lower)}`);
    if (REFUSED.test(lower)) {
      throw new FormFault("/headers", `${name} cannot be set: it describes how the message is built or travels`);
    }
    if (hasControl(value.replaceAll("\t", " "))) {
      throw new FormFault("/headers", `${name}: a control character in the value`);
    }
    const shown = lower !== "list-id" ? value : value.includes("<") ? value.slice(value.indexOf("<")) : "";
    if (IDENTIFYING.test(lower) && /[^\x00-\x7f]/.test(shown)) {
      throw new FormFault("/headers", `${name}: a character that is not ASCII, which ids and URIs have to encode`);
    }
    if (value.split(/[ \t]+/).some((word) => word.length > 930 && !/[^\x00-\x7f]/.test(word))) {
      throw new FormFault("/headers", `${name}: more than 930 characters without a space`);
    }
    if (UNIQUE.test(lower) && seen.has(lower)) throw new FormFault("/headers", `${name}: twice`);
    seen.add(lower);
  }
}

function checkAttachments(attachments, html) {
  const read = attachments.map((value, index) => {
    const pointer = `/attachments/${index}`;
    if (!isObject(value)) throw new FormFault(pointer, "is not an object");
    const fields = new Fields(value, pointer);
    fields.allow("filename", "contentType", "cid", "content", "file");
    const [file, , , content] = ["file", "filename", "contentType", "content"].map((name) => fields.text(name));
    if ((content === null) === (file === null)) throw new FormFault(pointer, "either content or file");
    if (file !== null && (file === "" || file[0] === "." || file.includes("/") || file.includes("\0"))) {
      throw new FormFault(`${pointer}/file`, "is not a plain file name");
    }
    const decoded = decode(content ?? "");
    if (!decoded) throw new FormFault(`${pointer}/content`, "is not base64");
    fields.text("cid");
    return { fields, content: decoded };
  });
  const limit = 64 * 1024 * 1024;
  if (read.reduce((total, { content }) => total + content.length, 0) > limit) {
    throw new FormFault("/attachments", `more than ${limit} bytes`);
  }
  const cids = new Set();
  for (const { fields } of read) {
    const cid = fields.text("cid");
    if (cid !== null && cids.has(cid)) throw new FormFault(`${fields.below}/cid`, "is the cid of another attachment");
    if (cid !== null) cids.add(cid);
  }
  for (const match of (html ?? "").replace(HIDDEN_HTML, "").matchAll(CID)) {
    const name = match[1] ?? match[2] ?? match[3];
    if (!name.includes("%") && !cids.has(name)) {
      throw new FormFault("/attachments", `none has the cid ${name} that the HTML shows`);
    }
  }
  for (const { fields, content } of read) checkAttachment(fields, content);
}

function checkAttachment(fields, content) {
  const [filename, cid, kind] = ["filename", "cid", "contentType"].map((name) => fields.text(name));
  if (filename !== null && (hasControl(filename) || octets(filename) > 1024)) {
    throw new FormFault(fields.below, "a control character in the file name, or more than 1024 octets");
  }
  if (cid !== null && !/^[!-;=?-~]{1,250}$/.test(cid)) {
    throw new FormFault(fields.below, "a cid is up to 250 printable ASCII characters without spaces and angles");
  }
  if (kind === null) return;
  const parsed = new RegExp(`^ *(${TOKEN})/(${TOKEN}) *((?:${PARAMETER})*)$`).exec(kind);
  const names = [...(parsed?.[3] ?? "").matchAll(new RegExp(PARAMETER, "g"))].map((match) => match[1]?.toLowerCase());
  if (!parsed || !/^[ -~]{0,500}$/.test(kind) || new Set(names).size < names.length) {
    throw new FormFault(fields.below, "not a content type");
  }
  const media = `${parsed[1]}/${parsed[2]}`.toLowerCase();
  if (media.startsWith("multipart/") || media === "message/partial" || media === "message/external-body") {
    throw new FormFault(fields.below, `${media} cannot be attached`);
  }
  const lines = () => content.toString("latin1").split(/\r\n|\r|\n/);
  if (media === "message/rfc822" && (content.includes(0) || lines().some((line) => line.length > 998))) {
    throw new FormFault(fields.below, "an attached message with a NUL or a line of more than 998 octets");
  }
}

/** Reads the header of a whole message; returns how many recipients it names, if it has to name them. */
function checkMessage(source, mustName) {
  if (source.includes(0)) throw new FormFault("/message", "a NUL");
  const text = source.toString("latin1");
  const lines = text.split(/\r\n|\r|\n/);
  if (/^>?From (?![ \t]*:)/.test(text)) lines.shift();
  const fields = [];
  for (const line of lines) {
    if (line === "") break;
    const field = /^([!-9;-~]+)[ \t]*:([^]*)$/.exec(line);
    if (fields.length > 0 && /^[ \t]/.test(line)) fields.at(-1).value += line;
    else if (field) fields.push({ name: field[1].toLowerCase(), value: field[2] });
    else if (fields.length === 0) return 0;
    else throw new FormFault("/message", "a line that is neither a header field nor the continuation of one");
  }
  let count = 0;
  for (const { name, value } of mustName ? fields : []) {
    if (!["to", "cc", "bcc"].includes(name)) continue;
    let decoded;
    try {
      decoded = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(value, "latin1"));
    } catch {
      throw new FormFault("/message", `${name}: not valid UTF-8`);
    }
    count += reading("/message", () => countMailboxes(decoded.replace(/^[ \t]+|[ \t]+$/g, "")));
  }
  return count;
}
