"""JSON Schema 2020-12, as far as the parameters of a template have it: what the daemon would refuse, found by its producer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Optional, Union
from urllib.parse import unquote

from outspool_address import is_ipv4, is_ipv6

Steps = tuple[Union[str, int], ...]
# Where a value does not fit, and what is expected there.
Violation = tuple[Steps, str]

_KINDS = {"integer": "an integer", "array": "an array", "object": "an object", "null": "null"}
_SPACES = "\t-\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
# A schema that refers to itself under a value this deep is not judged further.
_DEEPEST = 400


class Schema:
    """A schema, read once, that many values are held against."""

    def __init__(self, text: str) -> None:
        self._root: Any = json.loads(text, parse_float=Decimal)
        self._patterns: dict[str, Optional[re.Pattern[str]]] = {}

    def violation(self, text: str) -> Optional[tuple[str, str]]:
        """Gives the JSON pointer of the first place where the JSON text does not fit, and what is expected; or None."""
        found = self._check(json.loads(text, parse_float=Decimal), self._root, (), 0)
        if found is None:
            return None
        return "".join("/" + token(str(step)) for step in found[0]), f"expected {found[1]}"

    def _check(self, value: Any, schema: Any, steps: Steps, depth: int) -> Optional[Violation]:
        if schema is True or depth > _DEEPEST:
            return None
        if schema is False:
            return steps, "nothing"
        depth += 1
        if "type" in schema:
            kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            if not any(_is(kind, value) for kind in kinds):
                return steps, " or ".join(_KINDS.get(kind, f"a {kind}") for kind in kinds)
        allowed: list[list[Any]] = [schema["enum"]] if "enum" in schema else []
        if "const" in schema:
            allowed.append([schema["const"]])
        for values in allowed:
            if _key(value) not in [_key(one) for one in values]:
                shown = ", ".join(json.dumps(one, ensure_ascii=False, default=str) for one in values[:10])
                return steps, ("" if len(values) == 1 else "one of ") + shown
        found: Optional[Violation] = None
        if isinstance(value, str):
            found = self._check_text(value, schema, steps)
        elif isinstance(value, list):
            found = self._check_list(value, schema, steps, depth)
        elif isinstance(value, dict):
            found = self._check_object(value, schema, steps, depth)
        elif _is("number", value):
            found = _check_number(value, schema, steps)
        if found is None and "$ref" in schema:
            found = self._check(value, self._target(schema["$ref"]), steps, depth)
        for part in schema.get("allOf", ()):
            if found is None:
                found = self._check(value, part, steps, depth)
        for keyword in ("anyOf", "oneOf"):
            if found is None and keyword in schema:
                found = self._check_choice(value, schema[keyword], keyword == "oneOf", steps, depth)
        return found

    def _check_choice(
        self, value: Any, schemas: list[Any], only_one: bool, steps: Steps, depth: int
    ) -> Optional[Violation]:
        misses = [self._check(value, schema, steps, depth) for schema in schemas]
        hits = misses.count(None)
        if hits == 1 or (hits > 1 and not only_one):
            return None
        if hits > 1:
            return steps, f"a value that fits only one of {len(schemas)} alternatives"
        # The alternative that came furthest into the value, or what all of them want.
        wanted = [miss for miss in misses if miss is not None]
        deepest = max(wanted, key=lambda miss: len(miss[0]))
        if len(deepest[0]) > len(steps):
            return deepest
        return steps, ", or ".join(list(dict.fromkeys(miss[1] for miss in wanted))[:4])

    def _target(self, reference: str) -> Any:
        schema = self._root
        for name in unquote(reference[1:]).split("/")[1:]:
            name = name.replace("~1", "/").replace("~0", "~")
            schema = schema[int(name)] if isinstance(schema, list) else schema[name]
        return schema

    def _check_text(self, value: str, schema: dict[str, Any], steps: Steps) -> Optional[Violation]:
        wanted = _bounds(schema, "Length", len(value), "character", "characters")
        if wanted:
            return steps, f"a string of {wanted}"
        if "format" in schema and not has_format(schema["format"], value):
            return steps, f"a string of the format {schema['format']}"
        if "pattern" in schema:
            source = schema["pattern"]
            if source not in self._patterns:
                self._patterns[source] = _pattern(source)
            pattern = self._patterns[source]
            if pattern is not None and pattern.search(value) is None:
                return steps, f"a string that matches {source}"
        return None

    def _check_list(self, value: list[Any], schema: dict[str, Any], steps: Steps, depth: int) -> Optional[Violation]:
        wanted = _bounds(schema, "Items", len(value), "element", "elements")
        if wanted:
            return steps, wanted
        if schema.get("uniqueItems") and len({_key(element) for element in value}) < len(value):
            return steps, "elements that all differ"
        if "items" in schema:
            for index, element in enumerate(value):
                found = self._check(element, schema["items"], steps + (index,), depth)
                if found is not None:
                    return found
        return None

    def _check_object(
        self, value: dict[str, Any], schema: dict[str, Any], steps: Steps, depth: int
    ) -> Optional[Violation]:
        wanted = _bounds(schema, "Properties", len(value), "property", "properties")
        if wanted:
            return steps, wanted
        properties = schema.get("properties", {})
        required = schema.get("required", ())
        for name in [*(name for name in properties if name in required), *required]:
            if name not in value:
                return steps, f"a property '{name}'"
        rest = schema.get("additionalProperties", True)
        for name, member in value.items():
            inner = properties.get(name, rest)
            if inner is False and name not in properties:
                return steps + (name,), "no property of this name"
            found = self._check(member, inner, steps + (name,), depth)
            if found is not None:
                return found
        return None


def token(name: str) -> str:
    """Writes a name as a token of a JSON pointer: RFC 6901."""
    return name.replace("~", "~0").replace("/", "~1")


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, (int, Decimal)):
        return kind == "number" or (kind == "integer" and value == int(value))
    types: dict[str, type] = {"string": str, "array": list, "object": dict, "null": type(None)}
    return kind in types and isinstance(value, types[kind])


def _key(value: Any) -> object:
    """Makes something of a value that is equal for equal values: 1 and 1.0, members in any order."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return type(value).__name__, value
    if isinstance(value, list):
        return "list", tuple(_key(element) for element in value)
    if isinstance(value, dict):
        return "dict", frozenset((name, _key(member)) for name, member in value.items())
    return "number", Fraction(value)


def _bounds(schema: dict[str, Any], what: str, count: int, one: str, many: str) -> Optional[str]:
    least, most = schema.get("min" + what), schema.get("max" + what)
    if least is not None and count < least:
        return f"at least {least} {one if least == 1 else many}"
    if most is not None and count > most:
        return f"at most {most} {one if most == 1 else many}"
    return None


def _check_number(value: Any, schema: dict[str, Any], steps: Steps) -> Optional[Violation]:
    if "minimum" in schema and value < schema["minimum"]:
        return steps, f"a number of at least {schema['minimum']}"
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        return steps, f"a number above {schema['exclusiveMinimum']}"
    if "maximum" in schema and value > schema["maximum"]:
        return steps, f"a number of at most {schema['maximum']}"
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        return steps, f"a number below {schema['exclusiveMaximum']}"
    if "multipleOf" in schema and (Fraction(value) / Fraction(schema["multipleOf"])).denominator != 1:
        return steps, f"a multiple of {schema['multipleOf']}"
    return None


def _pattern(source: str) -> Optional[re.Pattern[str]]:
    """Turns an expression of ECMA-262 into one of Python; None for what Python cannot say, which the daemon judges."""
    written, position, in_class = "", 0, False
    while position < len(source):
        character = source[position]
        position += 1
        if character == "\\":
            escape = re.compile(r"u\{([0-9A-Fa-f]+)\}|u([0-9A-Fa-f]{4})|c([A-Za-z])|(.)", re.S).match(source, position)
            if escape is None or escape[4] in ("p", "P", "k") or (escape[4] == "S" and in_class):
                return None
            position = escape.end()
            code = escape[1] or escape[2]
            if code is not None:
                if 0xD800 <= int(code, 16) <= 0xDFFF:
                    return None
                written += re.escape(chr(int(code, 16)))
            elif escape[3] is not None:
                written += re.escape(chr(ord(escape[3]) & 31))
            elif escape[4] == "s":
                written += _SPACES if in_class else f"[{_SPACES}]"
            elif escape[4] == "S":
                written += f"[^{_SPACES}]"
            else:
                written += {"/": "/", "0": "\\x00"}.get(escape[4], "\\" + escape[4])
        elif in_class:
            in_class = character != "]"
            written += "\\" + character if character in "[&~|" else character
        elif character == "[":
            if source[position:position + 1] == "]" or source[position:position + 2] == "^]":
                return None
            in_class = True
            written += character
        elif source.startswith("(?<", position - 1):
            written += "(?:"
            position = source.index(">", position) + 1
        else:
            written += {"$": "\\Z", ".": "[^\n\r\u2028\u2029]"}.get(character, character)
    try:
        return re.compile(written, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        return None


def has_format(name: str, text: str) -> bool:
    """Tells whether a text is of one of the formats that are asserted."""
    if name in ("email", "idn-email"):
        return _is_mailbox(text, name == "idn-email")
    judge = _FORMATS.get(name)
    return judge is None or judge(text)


def _is_date(text: str) -> bool:
    parts = re.fullmatch("([0-9]{4})-([0-9]{2})-([0-9]{2})", text)
    if parts is None:
        return False
    year, month, day = (int(part) for part in parts.groups())
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= month <= 12 and 1 <= day <= (31, 29 if is_leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def _is_time(text: str) -> bool:
    parts = re.fullmatch(r"(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))", text, re.ASCII)
    if parts is None:
        return False
    hour, minute, second, hours, minutes = (int(parts[place] or 0) for place in (1, 2, 3, 5, 6))
    if hour > 23 or minute > 59 or second > 60 or hours > 23 or minutes > 59:
        return False
    offset = (hours * 60 + minutes) * (-1 if parts[4] == "-" else 1)
    return second < 60 or (hour * 60 + minute - offset) % 1440 == 1439


def is_date_time(text: str) -> bool:
    """Tells whether a text is a date-time of RFC 3339."""
    return len(text) > 11 and text[10] in "Tt" and _is_date(text[:10]) and _is_time(text[11:])


def _is_hostname(text: str, is_international: bool = False) -> bool:
    more = "\x80-\U0010ffff" if is_international else ""
    label = f"(?!-)[A-Za-z0-9{more}-]+(?<!-)"
    return 0 < len(text.encode()) <= 253 and re.fullmatch(f"{label}(\\.{label})*", text) is not None and all(
        len(part.encode()) <= 63 for part in text.split("."))


def _is_mailbox(text: str, is_international: bool) -> bool:
    local, at, domain = text.rpartition("@")
    if not at or len(text.encode()) > 254 or not 1 <= len(local.encode()) <= 64:
        return False
    more = "\x80-\U0010ffff" if is_international else ""
    atom = f"[A-Za-z0-9!#$%&'*+\\-/=?^_`{{|}}~{more}]+"
    quoted = f'"(?:[ !#-\\[\\]-~{more}]|\\\\[ -~])*"'
    if re.fullmatch(quoted if local[0] == '"' else f"{atom}(\\.{atom})*", local) is None:
        return False
    if domain[:1] != "[":
        return _is_hostname(domain, is_international)
    inner = domain[1:-1]
    return domain[-1] == "]" and (is_ipv6(inner[5:]) if inner[:5] == "IPv6:" else is_ipv4(inner))


def _is_uri(text: str) -> bool:
    unit = "%[0-9A-Fa-f]{2}|[A-Za-z0-9\\-._~!$&'()*+,;="
    parts = re.fullmatch(
        f"[A-Za-z][A-Za-z0-9+.-]*:(?://([^/?#]*))?((?:{unit}:@/])*)(\\?(?:{unit}:@/?])*)?(#(?:{unit}:@/?])*)?", text)
    if parts is None:
        return False
    if parts[1] is None:
        return True
    host = re.fullmatch(f"(?:(?:{unit}:])*@)?(?:\\[([^\\]]*)\\]|(?:{unit}])*)(?::[0-9]*)?", parts[1])
    if host is None or (parts[2] and parts[2][0] != "/"):
        return False
    future = "[vV][0-9A-Fa-f]+\\.[A-Za-z0-9\\-._~!$&'()*+,;=:]+"
    return host[1] is None or is_ipv6(host[1]) or re.fullmatch(future, host[1]) is not None


def _is_duration(text: str) -> bool:
    parts = re.fullmatch(
        r"P(?:\d+W|(\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)?(T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))?)",
        text, re.ASCII)
    return parts is not None and len(text) > 1


_FORMATS: dict[str, Callable[[str], bool]] = {
    "date": _is_date, "time": _is_time, "date-time": is_date_time, "duration": _is_duration, "hostname": _is_hostname,
    "ipv4": is_ipv4, "ipv6": is_ipv6, "uri": _is_uri,
    "uuid": lambda text: re.fullmatch("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", text) is not None,
}
