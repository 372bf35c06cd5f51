/** Addresses of a job, read as the daemon reads them: RFC 5322, section 3.4; RFC 5321, section 4.1.2; RFC 6531. */

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const ATEXT = "[A-Za-z0-9!#$%&'*+\\-\\/=?^_`{|}~\\u0080-\\u{10ffff}]+";
const ATOM = new RegExp(ATEXT, "uy");
const DOT_ATOM = new RegExp(`^${ATEXT}(?:\\.${ATEXT})*$`, "u");
const LABEL = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/;
const WIDE_LABEL = /^[A-Za-z0-9\u0080-\u{10ffff}-]*$/u;
const HIDDEN = /[^\x00-\x7f]/u;
const INVISIBLE = /[\p{Zs}\p{Zl}\p{Zp}\p{Cf}\p{Cc}\p{Co}\p{Cs}]/u;

/** Why a text is not an address. */
export class AddressFault extends Error {}

export const octets = (text) => Buffer.byteLength(text);

/** Tells whether a text has a control character: C0, DEL or C1. */
export const hasControl = (text) => CONTROL.test(text);

/** Reads `a@b`: no name, no angle brackets, no comments. */
export function readBare(text) {
  if (hasControl(text)) throw new AddressFault("a control character");
  const parser = new Parser(text);
  const words = parser.words();
  if (parser.current !== "@") throw parser.current === "" ? new AddressFault("no @") : parser.unexpected();
  parser.address(words);
  if (parser.current !== "") throw parser.unexpected();
}

/** Reads one mailbox: `a@b`, `Name <a@b>`, `"Name, quoted" <a@b>` or `a@b (Name)`. */
export function readMailbox(text) {
  if (hasControl(text)) throw new AddressFault("a control character");
  const parser = new Parser(text);
  if (!parser.mailbox(false)) throw parser.current === "" ? new AddressFault("empty") : parser.unexpected();
  if (parser.current !== "") throw parser.unexpected();
}

/** Reads the value of a field such as To: any number of mailboxes and groups; returns how many mailboxes it has. */
export function countMailboxes(text) {
  if (hasControl(text.replaceAll("\t", " "))) throw new AddressFault("a control character");
  const parser = new Parser(text);
  let count = 0;
  let inGroup = false;
  for (;;) {
    if (parser.mailbox(true)) count += 1;
    const current = parser.current;
    if (current === "") {
      if (inGroup) throw new AddressFault("a group without ';'");
      return count;
    }
    if (current === ",") {
      parser.position += 1;
    } else if (current === ":" && !inGroup) {
      inGroup = true;
      parser.position += 1;
    } else if (current === ";" && inGroup) {
      inGroup = false;
      parser.position += 1;
      parser.skipBlanks();
      if (parser.current !== "" && parser.current !== ",") throw parser.unexpected();
    } else {
      throw parser.unexpected();
    }
  }
}

class Parser {
  constructor(text) {
    this.text = text;
    this.position = 0;
  }

  get current() {
    return this.text.charAt(this.position);
  }

  unexpected() {
    if (this.current === ",") {
      return new AddressFault("an unquoted comma; several addresses are a list, and a name with a comma is quoted");
    }
    return new AddressFault(this.current ? `unexpected ${JSON.stringify(this.current)}` : "ends too early");
  }

  /** Reads a mailbox and the blanks around it; false without words before `,`, `;`, the end, or at a group. */
  mailbox(inList) {
    this.skipBlanks();
    const words = this.words();
    const current = this.current;
    if (current === "@") {
      this.address(words);
      this.skipBlanks();
      return true;
    }
    if (current === "<") {
      this.position += 1;
      this.skipBlanks();
      const inner = this.words();
      if (this.current !== "@") {
        throw inner.count > 0 && this.current !== ">" ? this.unexpected() : new AddressFault("no @");
      }
      this.address(inner);
      this.skipBlanks();
      if (this.current !== ">") throw this.current ? this.unexpected() : new AddressFault("a '<' without '>'");
      this.position += 1;
      this.skipBlanks();
      return true;
    }
    if (current === ":" && inList && words.count > 0) return false;
    if (current === "" || current === ";" || (current === "," && inList)) {
      if (words.count === 0) return false;
      throw new AddressFault("no @");
    }
    throw this.unexpected();
  }

  words() {
    const words = { local: "", count: 0, isLocal: true, endsInDot: false, endsInBlank: false };
    let spaced = false;
    for (;;) {
      if (this.current === ".") {
        if (spaced || words.count === 0 || words.endsInDot) words.isLocal = false;
        words.endsInDot = true;
        words.local += ".";
        this.position += 1;
      } else {
        ATOM.lastIndex = this.position;
        const atom = ATOM.exec(this.text);
        if (atom === null && this.current !== '"') break;
        if (spaced || (words.count > 0 && !words.endsInDot)) words.isLocal = false;
        words.endsInDot = false;
        if (atom !== null) {
          words.local += atom[0];
          this.position = ATOM.lastIndex;
        } else {
          words.local += this.quoted();
        }
      }
      words.count += 1;
      spaced = this.skipBlanks();
    }
    if (words.endsInDot || words.count === 0) words.isLocal = false;
    words.endsInBlank = spaced;
    return words;
  }

  quoted() {
    let content = "";
    this.position += 1;
    while (this.current) {
      let character = this.current;
      this.position += 1;
      if (character === '"') return content;
      if (character === "\\") {
        character = this.current;
        if (!character) break;
        this.position += 1;
      }
      content += character === "\t" ? " " : character;
    }
    throw new AddressFault("a quotation mark without its pair");
  }

  skipBlanks() {
    const start = this.position;
    let depth = 0;
    while (this.current) {
      const character = this.current;
      if (depth === 0 && character !== "(") {
        if (character !== " " && character !== "\t") break;
      } else if (character === "(") {
        depth += 1;
      } else if (character === ")") {
        depth -= 1;
      } else if (character === "\\" && this.position + 1 < this.text.length) {
        this.position += 1;
      }
      this.position += 1;
    }
    if (depth > 0) throw new AddressFault("a '(' without ')'");
    return this.position > start;
  }

  /** Reads the rest of an address whose local part is `words` and whose @ is the current character. */
  address(words) {
    if (words.count === 0) throw new AddressFault("nothing before the @");
    if (!words.isLocal || words.endsInBlank) {
      throw new AddressFault("a misplaced dot or space before the @; unusual local parts must be quoted");
    }
    this.position += 1;
    const start = this.position;
    if (this.current === "[") {
      while (this.current && !"] \t".includes(this.current)) this.position += 1;
      if (this.current === "]") this.position += 1;
    } else {
      for (;;) {
        ATOM.lastIndex = this.position;
        if (this.current === ".") this.position += 1;
        else if (ATOM.test(this.text)) this.position = ATOM.lastIndex;
        else break;
      }
    }
    const domain = this.text.slice(start, this.position);
    checkDomain(domain);
    for (const character of words.local) {
      if (HIDDEN.test(character) && INVISIBLE.test(character)) {
        throw new AddressFault("an invisible character before the @");
      }
    }
    let written = octets(words.local);
    if (!DOT_ATOM.test(words.local)) written += 2 + words.local.replace(/[^"\\]/g, "").length;
    if (written + 1 + octets(domain) > 480) throw new AddressFault("longer than 480 octets");
  }
}

const isASCII = (text) => !HIDDEN.test(text);
const NAME = "a label in the domain that is not letters, digits and inner hyphens";

function checkDomain(domain) {
  if (!domain) throw new AddressFault("nothing after the @");
  if (octets(domain) > 1020) throw new AddressFault("more than 255 octets after the @");
  if (domain[0] === "[") {
    const inner = domain.at(-1) === "]" ? domain.slice(1, -1) : "";
    if (/^ipv6:/i.test(inner) ? isIPv6(inner.slice(5), true) : isIPv4(inner, true)) return;
    throw new AddressFault("a domain literal that is neither [192.0.2.1] nor [IPv6:2001:db8::1]");
  }
  const labels = domain.split(".");
  if (!isASCII(domain) && !labels.every((label) => WIDE_LABEL.test(label))) throw new AddressFault(NAME);
  let length = 0;
  for (const label of labels) {
    // The characters that a domain may have beyond ASCII are in tables of the daemon's.
    const shown = isASCII(label) ? label : "xn--a";
    length += shown.length + 1;
    if (!shown) throw new AddressFault("an empty label in the domain");
    if (shown.length > 63) throw new AddressFault("a label of more than 63 octets in the domain");
    if (!LABEL.test(shown)) throw new AddressFault(NAME);
  }
  if (length - 1 > 255) throw new AddressFault("more than 255 octets after the @");
}

/** Tells whether a text is four numbers up to 255; RFC 3986 wants them without leading zeros. */
export function isIPv4(text, leadingZeros = false) {
  const parts = text.split(".");
  const pattern = leadingZeros ? /^[0-9]{1,3}$/ : /^(0|[1-9][0-9]{0,2})$/;
  return parts.length === 4 && parts.every((part) => pattern.test(part) && Number(part) <= 255);
}

/** Tells whether a text is eight groups, at most one `::`, perhaps an IPv4 address at the end: RFC 4291, 2.2. */
export function isIPv6(text, leadingZeros = false) {
  if (text.length > 45) return false;
  const gap = text.indexOf("::");
  if (gap < 0) return groups(text, leadingZeros) === 8;
  const before = groups(text.slice(0, gap), null);
  const after = groups(text.slice(gap + 2), leadingZeros);
  return before !== null && after !== null && before + after <= 7;
}

/** Counts the groups of 16 bits; null if one is malformed. `ipv4`: null where no IPv4 address may end it. */
function groups(text, ipv4) {
  if (!text) return 0;
  const parts = text.split(":");
  let count = 0;
  if (ipv4 !== null && isIPv4(parts.at(-1), ipv4)) {
    parts.pop();
    count = 2;
  }
  return parts.every((part) => /^[0-9A-Fa-f]{1,4}$/.test(part)) ? count + parts.length : null;
}
