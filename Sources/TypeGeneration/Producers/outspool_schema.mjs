/** JSON Schema 2020-12, as far as the parameters of a template have it: what the daemon would refuse, found by its producer. */

import { isIPv4, isIPv6, octets } from "./outspool_address.mjs";

const KINDS = { integer: "an integer", array: "an array", object: "an object", null: "null" };
// A schema that refers to itself under a value this deep is not judged further.
const DEEPEST = 400;
const has = (object, name) => Object.prototype.hasOwnProperty.call(object, name);

/** Writes a name as a token of a JSON pointer: RFC 6901. */
export const token = (name) => String(name).replaceAll("~", "~0").replaceAll("/", "~1");

/** A schema, read once, that many values are held against. */
export class Schema {
  #root;
  #patterns = new Map();

  constructor(text) {
    this.#root = JSON.parse(text);
  }

  /** Gives the JSON pointer of the first place where the value does not fit, and what is expected; or null. */
  violation(value) {
    const found = this.#check(value, this.#root, [], 0);
    return found && { pointer: found.steps.map((step) => `/${token(step)}`).join(""), reason: `expected ${found.wanted}` };
  }

  #check(value, schema, steps, depth) {
    if (schema === true || depth > DEEPEST) return null;
    if (schema === false) return { steps, wanted: "nothing" };
    depth += 1;
    if (has(schema, "type")) {
      const kinds = [schema.type].flat();
      if (!kinds.some((kind) => isKind(kind, value))) {
        return { steps, wanted: kinds.map((kind) => KINDS[kind] ?? `a ${kind}`).join(" or ") };
      }
    }
    for (const values of [has(schema, "enum") ? schema.enum : null, has(schema, "const") ? [schema.const] : null]) {
      if (values && !values.some((one) => isEqual(one, value))) {
        const shown = values.slice(0, 10).map((one) => JSON.stringify(one)).join(", ");
        return { steps, wanted: (values.length === 1 ? "" : "one of ") + shown };
      }
    }
    let found = null;
    if (typeof value === "string") found = this.#checkText(value, schema, steps);
    else if (Array.isArray(value)) found = this.#checkList(value, schema, steps, depth);
    else if (typeof value === "number" || typeof value === "bigint") found = checkNumber(value, schema, steps);
    else if (isKind("object", value)) found = this.#checkObject(value, schema, steps, depth);
    if (!found && has(schema, "$ref")) found = this.#check(value, this.#target(schema.$ref), steps, depth);
    for (const part of schema.allOf ?? []) found ??= this.#check(value, part, steps, depth);
    for (const keyword of ["anyOf", "oneOf"]) {
      if (!found && has(schema, keyword)) {
        found = this.#checkChoice(value, schema[keyword], keyword === "oneOf", steps, depth);
      }
    }
    return found;
  }

  #checkChoice(value, schemas, onlyOne, steps, depth) {
    const misses = schemas.map((schema) => this.#check(value, schema, steps, depth));
    const hits = misses.filter((miss) => miss === null).length;
    if (hits === 1 || (hits > 1 && !onlyOne)) return null;
    if (hits > 1) return { steps, wanted: `a value that fits only one of ${schemas.length} alternatives` };
    // The alternative that came furthest into the value, or what all of them want.
    const deepest = misses.reduce((one, other) => (other.steps.length > one.steps.length ? other : one));
    if (deepest.steps.length > steps.length) return deepest;
    return { steps, wanted: [...new Set(misses.map((miss) => miss.wanted))].slice(0, 4).join(", or ") };
  }

  #target(reference) {
    let schema = this.#root;
    for (const name of decodeURIComponent(reference.slice(1)).split("/").slice(1)) {
      schema = schema[name.replaceAll("~1", "/").replaceAll("~0", "~")];
    }
    return schema;
  }

  #checkText(value, schema, steps) {
    const wanted = bounds(schema, "Length", [...value].length, "character", "characters");
    if (wanted) return { steps, wanted: `a string of ${wanted}` };
    if (has(schema, "format") && !hasFormat(schema.format, value)) {
      return { steps, wanted: `a string of the format ${schema.format}` };
    }
    if (has(schema, "pattern")) {
      const source = schema.pattern;
      if (!this.#patterns.has(source)) this.#patterns.set(source, new RegExp(source, "u"));
      if (!this.#patterns.get(source).test(value)) return { steps, wanted: `a string that matches ${source}` };
    }
    return null;
  }

  #checkList(value, schema, steps, depth) {
    const wanted = bounds(schema, "Items", value.length, "element", "elements");
    if (wanted) return { steps, wanted };
    if (schema.uniqueItems && new Set(value.map(key)).size < value.length) {
      return { steps, wanted: "elements that all differ" };
    }
    let found = null;
    if (has(schema, "items")) {
      for (let index = 0; index < value.length && !found; index += 1) {
        found = this.#check(value[index], schema.items, [...steps, index], depth);
      }
    }
    return found;
  }

  #checkObject(value, schema, steps, depth) {
    const names = Object.keys(value);
    const wanted = bounds(schema, "Properties", names.length, "property", "properties");
    if (wanted) return { steps, wanted };
    const properties = schema.properties ?? {};
    for (const name of schema.required ?? []) {
      if (!has(value, name)) return { steps, wanted: `a property '${name}'` };
    }
    const rest = has(schema, "additionalProperties") ? schema.additionalProperties : true;
    for (const name of names) {
      const isKnown = has(properties, name);
      if (!isKnown && rest === false) return { steps: [...steps, name], wanted: "no property of this name" };
      const found = this.#check(value[name], isKnown ? properties[name] : rest, [...steps, name], depth);
      if (found) return found;
    }
    return null;
  }
}

function isKind(kind, value) {
  switch (kind) {
    case "null": return value === null;
    case "array": return Array.isArray(value);
    case "object": return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer": return typeof value === "bigint" || Number.isInteger(value);
    case "number": return typeof value === "number" || typeof value === "bigint";
    default: return typeof value === kind;
  }
}

/** Makes a text of a value that is equal for equal values: 1 and 1.0, members in any order. */
function key(value) {
  if (Array.isArray(value)) return `[${value.map(key).join()}]`;
  if (isKind("object", value)) {
    return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${key(value[name])}`).join()}}`;
  }
  return typeof value === "bigint" ? String(value) : JSON.stringify(value === 0 ? 0 : value);
}

/** Tells whether two values of JSON are equal, members in any order. */
export const isEqual = (one, other) => key(one) === key(other);

function bounds(schema, what, count, one, many) {
  const least = schema[`min${what}`];
  const most = schema[`max${what}`];
  if (least !== undefined && count < least) return `at least ${least} ${least === 1 ? one : many}`;
  if (most !== undefined && count > most) return `at most ${most} ${most === 1 ? one : many}`;
  return null;
}

function checkNumber(value, schema, steps) {
  if (has(schema, "minimum") && value < schema.minimum) {
    return { steps, wanted: `a number of at least ${schema.minimum}` };
  }
  if (has(schema, "exclusiveMinimum") && value <= schema.exclusiveMinimum) {
    return { steps, wanted: `a number above ${schema.exclusiveMinimum}` };
  }
  if (has(schema, "maximum") && value > schema.maximum) return { steps, wanted: `a number of at most ${schema.maximum}` };
  if (has(schema, "exclusiveMaximum") && value >= schema.exclusiveMaximum) {
    return { steps, wanted: `a number below ${schema.exclusiveMaximum}` };
  }
  if (has(schema, "multipleOf") && !isMultiple(value, schema.multipleOf)) {
    return { steps, wanted: `a multiple of ${schema.multipleOf}` };
  }
  return null;
}

/** Divides as the decimal numbers that are written. */
function isMultiple(value, divisor) {
  const parts = [value, divisor].map((number) => {
    const [digits, exponent = "0"] = String(number).split("e");
    const [whole, fraction = ""] = digits.split(".");
    return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
  });
  const least = Math.min(parts[0].exponent, parts[1].exponent);
  const [dividend, by] = parts.map(({ digits, exponent }) => digits * 10n ** BigInt(exponent - least));
  return dividend % by === 0n;
}

/** Tells whether a text is of one of the formats that are asserted. */
export function hasFormat(name, text) {
  switch (name) {
    case "date": return isDate(text);
    case "time": return isTime(text);
    case "date-time": return isDateTime(text);
    case "duration": return isDuration(text);
    case "email": return isMailbox(text, "");
    case "idn-email": return isMailbox(text, WIDE);
    case "hostname": return isHostname(text, "");
    case "ipv4": return isIPv4(text);
    case "ipv6": return isIPv6(text);
    case "uri": return isURI(text);
    case "uuid": return /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/.test(text);
    default: return true;
  }
}

function isDate(text) {
  const parts = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text);
  if (!parts) return false;
  const [year, month, day] = parts.slice(1).map(Number);
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day >= 1 && day <= ([31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0);
}

function isTime(text) {
  const parts = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/.exec(text);
  if (!parts) return false;
  const [hour, minute, second, hours, minutes] = [1, 2, 3, 5, 6].map((place) => Number(parts[place] ?? 0));
  if (hour > 23 || minute > 59 || second > 60 || hours > 23 || minutes > 59) return false;
  const offset = (hours * 60 + minutes) * (parts[4] === "-" ? -1 : 1);
  return second < 60 || (hour * 60 + minute - offset + 1440) % 1440 === 1439;
}

/** Tells whether a text is a date-time of RFC 3339. */
export const isDateTime = (text) =>
  /^.{10}[Tt]/su.test(text) && isDate(text.slice(0, 10)) && isTime(text.slice(11));

const WIDE = "\\u0080-\\u{10ffff}";

function isHostname(text, more) {
  const label = `(?!-)[A-Za-z0-9${more}\\-]+(?<!-)`;
  return text !== "" && octets(text) <= 253 && new RegExp(`^${label}(\\.${label})*$`, "u").test(text)
    && text.split(".").every((part) => octets(part) <= 63);
}

function isMailbox(text, more) {
  const at = text.lastIndexOf("@");
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || octets(text) > 254 || octets(local) > 64) return false;
  const atom = `[A-Za-z0-9!#$%&'*+\\-\\/=?^_\`{|}~${more}]+`;
  const quoted = `"(?:[ !#-\\[\\]-~${more}]|\\\\[ -~])*"`;
  if (!new RegExp(`^(?:${local[0] === '"' ? quoted : `${atom}(\\.${atom})*`})$`, "u").test(local)) return false;
  if (domain[0] !== "[") return isHostname(domain, more);
  const inner = domain.slice(1, -1);
  return domain.at(-1) === "]" && (inner.startsWith("IPv6:") ? isIPv6(inner.slice(5)) : isIPv4(inner));
}

function isURI(text) {
  const unit = "%[0-9A-Fa-f]{2}|[A-Za-z0-9\\-._~!$&'()*+,;=";
  const parts = new RegExp(
    `^[A-Za-z][A-Za-z0-9+.\\-]*:(?:\\/\\/([^/?#]*))?((?:${unit}:@/])*)(\\?(?:${unit}:@/?])*)?(#(?:${unit}:@/?])*)?$`)
    .exec(text);
  if (!parts) return false;
  if (parts[1] === undefined) return true;
  const host = new RegExp(`^(?:(?:${unit}:])*@)?(?:\\[([^\\]]*)\\]|(?:${unit}])*)(?::[0-9]*)?$`).exec(parts[1]);
  if (!host || (parts[2] && parts[2][0] !== "/")) return false;
  const future = /^[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+$/;
  return host[1] === undefined || isIPv6(host[1]) || future.test(host[1]);
}

const isDuration = (text) =>
  text.length > 1
  && /^P(?:\d+W|(\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)?(T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))?)$/.test(text);
