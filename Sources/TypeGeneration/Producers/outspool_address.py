"""Addresses of a job, read as the daemon reads them: RFC 5322, section 3.4; RFC 5321, section 4.1.2; RFC 6531."""

from __future__ import annotations

import re
import unicodedata
from typing import Optional

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_ATOM = re.compile("[A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~\x80-\U0010ffff]+")
_DOT_ATOM = re.compile(f"{_ATOM.pattern}(?:\\.{_ATOM.pattern})*")
_LABEL = re.compile("(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_WIDE_LABEL = re.compile("[A-Za-z0-9\x80-\U0010ffff-]*")
_HIDDEN = ("Zs", "Zl", "Zp", "Cf", "Cc", "Co", "Cs")


class AddressFault(Exception):
    """Why a text is not an address."""


def has_control(text: str) -> bool:
    """Tells whether a text has a control character: C0, DEL or C1."""
    return _CONTROL.search(text) is not None


def bare(text: str) -> None:
    """Reads `a@b`: no name, no angle brackets, no comments."""
    if has_control(text):
        raise AddressFault("a control character")
    parser = _Parser(text)
    words = parser.words()
    if parser.current != "@":
        raise parser.no_at() if parser.current == "" else parser.unexpected()
    parser.address(words)
    if parser.current != "":
        raise parser.unexpected()


def mailbox(text: str) -> None:
    """Reads one mailbox: `a@b`, `Name <a@b>`, `"Name, quoted" <a@b>` or `a@b (Name)`."""
    if has_control(text):
        raise AddressFault("a control character")
    parser = _Parser(text)
    if not parser.mailbox(in_list=False):
        raise AddressFault("empty") if parser.current == "" else parser.unexpected()
    if parser.current != "":
        raise parser.unexpected()


def count_mailboxes(text: str) -> int:
    """Reads the value of a field such as To: any number of mailboxes and groups; returns how many mailboxes it has."""
    if _CONTROL.search(text.replace("\t", " ")):
        raise AddressFault("a control character")
    parser = _Parser(text)
    count, in_group = 0, False
    while True:
        if parser.mailbox(in_list=True):
            count += 1
        current = parser.current
        if current == "":
            if in_group:
                raise AddressFault("a group without ';'")
            return count
        if current == ",":
            parser.position += 1
        elif current == ":" and not in_group:
            in_group = True
            parser.position += 1
        elif current == ";" and in_group:
            in_group = False
            parser.position += 1
            parser.skip_blanks()
            if parser.current not in ("", ","):
                raise parser.unexpected()
        else:
            raise parser.unexpected()


class _Words:
    """The words before a `<`, `@` or `:`, of which only those decide what the words are."""

    def __init__(self) -> None:
        self.local = ""
        self.count = 0
        self.is_local = True
        self.ends_in_dot = False
        self.ends_in_blank = False


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    @property
    def current(self) -> str:
        return self.text[self.position:self.position + 1]

    @staticmethod
    def no_at() -> AddressFault:
        return AddressFault("no @")

    def unexpected(self) -> AddressFault:
        if self.current == ",":
            return AddressFault("an unquoted comma; several addresses are a list, and a name with a comma is quoted")
        return AddressFault(f"unexpected {self.current!r}" if self.current else "ends too early")

    def mailbox(self, in_list: bool) -> bool:
        """Reads a mailbox and the blanks around it; False without words before `,`, `;`, the end, or at a group."""
        self.skip_blanks()
        words = self.words()
        current = self.current
        if current == "@":
            self.address(words)
            self.skip_blanks()
            return True
        if current == "<":
            self.position += 1
            self.skip_blanks()
            inner = self.words()
            if self.current != "@":
                raise self.unexpected() if inner.count > 0 and self.current != ">" else self.no_at()
            self.address(inner)
            self.skip_blanks()
            if self.current != ">":
                raise self.unexpected() if self.current else AddressFault("a '<' without '>'")
            self.position += 1
            self.skip_blanks()
            return True
        if current == ":" and in_list and words.count > 0:
            return False
        if current in ("", ";") or (current == "," and in_list):
            if words.count == 0:
                return False
            raise self.no_at()
        raise self.unexpected()

    def words(self) -> _Words:
        words, spaced = _Words(), False
        while True:
            if self.current == ".":
                if spaced or words.count == 0 or words.ends_in_dot:
                    words.is_local = False
                words.ends_in_dot = True
                words.local += "."
                self.position += 1
            else:
                atom = _ATOM.match(self.text, self.position)
                if atom is None and self.current != '"':
                    break
                if spaced or (words.count > 0 and not words.ends_in_dot):
                    words.is_local = False
                words.ends_in_dot = False
                if atom is not None:
                    words.local += atom.group()
                    self.position = atom.end()
                else:
                    words.local += self.quoted()
            words.count += 1
            spaced = self.skip_blanks()
        if words.ends_in_dot or words.count == 0:
            words.is_local = False
        words.ends_in_blank = spaced
        return words

    def quoted(self) -> str:
        content = ""
        self.position += 1
        while self.current:
            character = self.current
            self.position += 1
            if character == '"':
                return content
            if character == "\\":
                character = self.current
                if not character:
                    break
                self.position += 1
            content += " " if character == "\t" else character
        raise AddressFault("a quotation mark without its pair")

    def skip_blanks(self) -> bool:
        start, depth = self.position, 0
        while self.current:
            character = self.current
            if depth == 0 and character != "(":
                if character not in " \t":
                    break
            elif character == "(":
                depth += 1
            elif character == ")":
                depth -= 1
            elif character == "\\" and self.position + 1 < len(self.text):
                self.position += 1
            self.position += 1
        if depth > 0:
            raise AddressFault("a '(' without ')'")
        return self.position > start

    def address(self, words: _Words) -> None:
        """Reads the rest of an address whose local part is `words` and whose @ is the current character."""
        if words.count == 0:
            raise AddressFault("nothing before the @")
        if not words.is_local or words.ends_in_blank:
            raise AddressFault("a misplaced dot or space before the @; unusual local parts must be quoted")
        self.position += 1
        start = self.position
        if self.current == "[":
            while self.current and self.current not in "] \t":
                self.position += 1
            if self.current == "]":
                self.position += 1
        else:
            while self.current == "." or _ATOM.match(self.current):
                self.position += 1
        domain = self.text[start:self.position]
        _check_domain(domain)
        local = words.local
        for character in local:
            if character > "\x7f" and unicodedata.category(character) in _HIDDEN:
                raise AddressFault("an invisible character before the @")
        written = len(local.encode())
        if not _DOT_ATOM.fullmatch(local):
            written += 2 + local.count('"') + local.count("\\")
        if written + 1 + len(domain.encode()) > 480:
            raise AddressFault("longer than 480 octets")


def _check_domain(domain: str) -> None:
    if not domain:
        raise AddressFault("nothing after the @")
    if len(domain.encode()) > 1020:
        raise AddressFault("more than 255 octets after the @")
    if domain[0] == "[":
        inner = domain[1:-1] if domain[-1] == "]" else ""
        if inner[:5].lower() == "ipv6:" and _is_ipv6(inner[5:]):
            return
        if is_ipv4(inner, leading_zeros=True):
            return
        raise AddressFault("a domain literal that is neither [192.0.2.1] nor [IPv6:2001:db8::1]")
    if not domain.isascii() and not all(_WIDE_LABEL.fullmatch(label) for label in domain.split(".")):
        raise AddressFault("a label in the domain that is not letters, digits and inner hyphens")
    length = 0
    for label in domain.split("."):
        # The characters that a domain may have beyond ASCII are in tables of the daemon's.
        shown = label if label.isascii() else "xn--a"
        length += len(shown) + 1
        if not shown:
            raise AddressFault("an empty label in the domain")
        if len(shown) > 63:
            raise AddressFault("a label of more than 63 octets in the domain")
        if not _LABEL.fullmatch(shown):
            raise AddressFault("a label in the domain that is not letters, digits and inner hyphens")
    if length - 1 > 255:
        raise AddressFault("more than 255 octets after the @")


def is_ipv4(text: str, leading_zeros: bool = False) -> bool:
    """Tells whether a text is four numbers up to 255; RFC 3986 wants them without leading zeros."""
    parts = text.split(".")
    pattern = "[0-9]{1,3}" if leading_zeros else "0|[1-9][0-9]{0,2}"
    return len(parts) == 4 and all(re.fullmatch(pattern, part) and int(part) <= 255 for part in parts)


def _is_ipv6(text: str) -> bool:
    return is_ipv6(text, leading_zeros=True)


def is_ipv6(text: str, leading_zeros: bool = False) -> bool:
    """Tells whether a text is eight groups, at most one `::`, perhaps an IPv4 address at the end: RFC 4291, 2.2."""
    if len(text) > 45:
        return False
    before, gap, after = text.partition("::")
    if not gap:
        return _groups(text, leading_zeros) == 8
    first, second = _groups(before, None), _groups(after, leading_zeros)
    return first is not None and second is not None and first + second <= 7


def _groups(text: str, ipv4: Optional[bool]) -> Optional[int]:
    """Counts the groups of 16 bits; None if one is malformed. `ipv4`: None where no IPv4 address may end it."""
    if not text:
        return 0
    parts, count = text.split(":"), 0
    if ipv4 is not None and is_ipv4(parts[-1], ipv4):
        parts.pop()
        count = 2
    return count + len(parts) if all(re.fullmatch("[0-9A-Fa-f]{1,4}", part) for part in parts) else None
