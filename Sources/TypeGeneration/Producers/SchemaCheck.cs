using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;

namespace Outspool
{
    /// <summary>
    /// Holds parameters against the schema of their template, as the daemon does. What a schema says in a way that this
    /// language cannot is left to the daemon. No message has a value: it may be a secret.
    /// </summary>
    internal class SchemaCheck
    {
        private class Fault
        {
            internal string Pointer;
            internal string Reason;
        }

        private readonly object root;
        private int depth;
        // In steps, so that no value and no schema costs more than a moment.
        private int work;

        private SchemaCheck(object root)
        {
            this.root = root;
        }

        /// <summary>Throws for the first place at which the parameters do not fit.</summary>
        internal static void Check(string schema, object parameters)
        {
            var root = Json.Read(schema);
            var fault = new SchemaCheck(root).Check(root, parameters, "/params");
            if (fault != null) throw Form.Wrong(fault.Pointer, fault.Reason);
        }

        private static Fault Expected(string place, string wanted)
        {
            return new Fault { Pointer = place, Reason = "expected " + wanted };
        }

        private Fault Check(object schema, object value, string place)
        {
            if (false.Equals(schema)) return Expected(place, "nothing");
            var rules = schema as JsonObject;
            if (rules == null || depth > 600 || ++work > 5000000) return null;
            depth++;
            try
            {
                return Kind(rules, value, place) ?? Inside(rules, value, place) ?? Combined(rules, value, place);
            }
            finally
            {
                depth--;
            }
        }

        private static Fault Kind(JsonObject rules, object value, string place)
        {
            var type = rules.Get("type");
            var kinds = (type as List<object> ?? new List<object> { type }).OfType<string>().ToList();
            if (kinds.Count > 0 && !kinds.Any(kind => IsOfKind(kind, value)))
            {
                return Expected(place, string.Join(" or ", kinds.Select(
                    kind => kind == "null" ? kind : ("aio".IndexOf(kind[0]) >= 0 ? "an " : "a ") + kind)));
            }
            var values = rules.Get("enum") as List<object>;
            if (values != null && !values.Any(own => Key(own) == Key(value)))
            {
                return Expected(place, "one of " + string.Join(", ", values.Select(Json.Text)));
            }
            if (!rules.Has("const") || Key(rules.Get("const")) == Key(value)) return null;
            return Expected(place, Json.Text(rules.Get("const")));
        }

        private static bool IsOfKind(string kind, object value)
        {
            switch (kind)
            {
                case "null": return value == null;
                case "boolean": return value is bool;
                case "number": return value is JsonNumber;
                case "integer": return value is JsonNumber && ((JsonNumber)value).IsWhole;
                case "string": return value is string;
                case "array": return value is List<object>;
                default: return value is JsonObject;
            }
        }

        /// <summary>A text that is equal for equal values: 1 and 1.0 are one number.</summary>
        private static string Key(object value)
        {
            var number = value as JsonNumber;
            if (number != null) return number.Key;
            var list = value as List<object>;
            if (list != null) return "[" + string.Join(",", list.Select(Key)) + "]";
            var members = value as JsonObject;
            if (members == null) return Json.Text(value);
            var names = members.Names.OrderBy(name => name, StringComparer.Ordinal);
            return "{" + string.Join(",", names.Select(name => Json.Text(name) + ":" + Key(members.Get(name)))) + "}";
        }

        private Fault Inside(JsonObject rules, object value, string place)
        {
            var number = value as JsonNumber;
            if (number != null) return Number(rules, number, place);
            var text = value as string;
            if (text != null) return Text(rules, text, place);
            var list = value as List<object>;
            if (list != null) return Elements(rules, list, place);
            var members = value as JsonObject;
            return members == null ? null : Properties(rules, members, place);
        }

        private static Fault Number(JsonObject rules, JsonNumber value, string place)
        {
            foreach (var bound in new[]
            {
                Tuple.Create("minimum", "a number of at least ", new Func<int, bool>(order => order >= 0)),
                Tuple.Create("exclusiveMinimum", "a number above ", new Func<int, bool>(order => order > 0)),
                Tuple.Create("maximum", "a number of at most ", new Func<int, bool>(order => order <= 0)),
                Tuple.Create("exclusiveMaximum", "a number below ", new Func<int, bool>(order => order < 0))
            })
            {
                var limit = rules.Get(bound.Item1) as JsonNumber;
                if (limit == null || !limit.IsPlain || !value.IsPlain || bound.Item3(value.CompareTo(limit))) continue;
                return Expected(place, bound.Item2 + limit.Text);
            }
            var divisor = rules.Get("multipleOf") as JsonNumber;
            if (divisor == null || !divisor.IsPlain || !value.IsPlain || value.IsMultipleOf(divisor)) return null;
            return Expected(place, "a multiple of " + divisor.Text);
        }

        private static Fault Count(JsonObject rules, string least, string most, string noun, int count, string place)
        {
            var number = new JsonNumber(count.ToString(Json.Invariant));
            JsonNumber low = rules.Get(least) as JsonNumber, high = rules.Get(most) as JsonNumber;
            if (low != null && low.IsPlain && number.CompareTo(low) < 0)
            {
                return Expected(place, "at least " + low.Text + " " + noun);
            }
            if (high == null || !high.IsPlain || number.CompareTo(high) <= 0) return null;
            return Expected(place, "at most " + high.Text + " " + noun);
        }

        private static Fault Text(JsonObject rules, string value, string place)
        {
            var length = value.Count(c => !char.IsLowSurrogate(c));
            var fault = Count(rules, "minLength", "maxLength", "characters", length, place);
            if (fault != null) return fault;
            var format = rules.Get("format") as string;
            if (format != null && !Formats.Fits(format, value)) return Expected(place, "a " + format);
            var pattern = rules.Get("pattern") as string;
            if (pattern == null || Matches(pattern, value)) return null;
            return Expected(place, "a string that matches " + pattern);
        }

        private static bool Matches(string pattern, string value)
        {
            try
            {
                return new Regex(Translated(pattern), RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)).IsMatch(value);
            }
            catch (ArgumentException)
            {
                return true;
            }
            catch (RegexMatchTimeoutException)
            {
                return true;
            }
        }

        /// <summary>A pattern of ECMA-262 in the syntax of .NET, as far as they differ.</summary>
        private static string Translated(string source)
        {
            var translated = new StringBuilder();
            var inClass = false;
            for (var at = 0; at < source.Length; at++)
            {
                var c = source[at];
                var next = c == '\\' && at + 1 < source.Length ? source[at + 1] : '\0';
                if (next != '\0')
                {
                    var classes = next == 'd' || next == 'D' ? "0-9" : next == 'w' || next == 'W' ? "A-Za-z0-9_"
                        : next == 's' || next == 'S'
                            ? "\\t-\\r \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff" : null;
                    if (classes == null) translated.Append(c).Append(next);
                    else if (char.IsUpper(next)) translated.Append("[^").Append(classes).Append("]");
                    else translated.Append(inClass ? classes : "[" + classes + "]");
                    at++;
                }
                else if (c == '[')
                {
                    translated.Append(inClass ? "\\[" : "[");
                    inClass = true;
                }
                else if (c == ']')
                {
                    translated.Append(c);
                    inClass = false;
                }
                else
                {
                    translated.Append(inClass || c != '$' && c != '.' ? c.ToString()
                        : c == '$' ? "\\z" : "[^\\n\\r\\u2028\\u2029]");
                }
            }
            return translated.ToString();
        }

        private Fault Elements(JsonObject rules, List<object> value, string place)
        {
            var fault = Count(rules, "minItems", "maxItems", "elements", value.Count, place);
            if (fault != null) return fault;
            if (true.Equals(rules.Get("uniqueItems")) && value.Select(Key).Distinct().Count() < value.Count)
            {
                return Expected(place, "elements that all differ");
            }
            if (!rules.Has("items")) return null;
            return value.Select((element, index) => Check(rules.Get("items"), element, place + "/" + index))
                .FirstOrDefault(found => found != null);
        }

        private Fault Properties(JsonObject rules, JsonObject value, string place)
        {
            var fault = Count(rules, "minProperties", "maxProperties", "properties", value.Names.Count, place);
            if (fault != null) return fault;
            var required = rules.Get("required") as List<object> ?? new List<object>();
            var missing = required.OfType<string>().FirstOrDefault(name => !value.Has(name));
            if (missing != null) return Expected(place, "a property " + Json.Quote(missing));
            var declared = rules.Get("properties") as JsonObject ?? new JsonObject();
            foreach (var name in value.Names)
            {
                var inner = place + "/" + Json.Token(name);
                var isDeclared = declared.Has(name);
                var rule = isDeclared ? declared.Get(name) : rules.Get("additionalProperties");
                if (!isDeclared && false.Equals(rule)) return Expected(inner, "no property of this name");
                fault = Check(rule, value.Get(name), inner);
                if (fault != null) return fault;
            }
            return null;
        }

        private Fault Combined(JsonObject rules, object value, string place)
        {
            var reference = rules.Get("$ref") as string;
            var parts = rules.Get("allOf") as List<object> ?? new List<object>();
            if (reference != null) parts = new[] { Target(reference) }.Concat(parts).ToList();
            var fault = parts.Select(part => Check(part, value, place)).FirstOrDefault(found => found != null);
            return fault ?? Alternatives(rules.Get("anyOf") as List<object>, value, place, false)
                ?? Alternatives(rules.Get("oneOf") as List<object>, value, place, true);
        }

        /// <summary>Blames the alternative that came furthest into the value.</summary>
        private Fault Alternatives(List<object> options, object value, string place, bool isOne)
        {
            if (options == null) return null;
            var faults = options.Select(option => Check(option, value, place)).Where(fault => fault != null).ToList();
            var hits = options.Count - faults.Count;
            if (isOne && hits > 1)
            {
                return Expected(place, "a value that fits only one of " + options.Count + " alternatives");
            }
            if (hits > 0) return null;
            var deepest = faults[0];
            foreach (var fault in faults)
            {
                if (fault.Pointer.Count(c => c == '/') > deepest.Pointer.Count(c => c == '/')) deepest = fault;
            }
            if (deepest.Pointer != place) return deepest;
            return Expected(place, string.Join(", or ", faults.Select(fault => fault.Reason.Substring(9)).Distinct()));
        }

        private object Target(string reference)
        {
            if (reference.Length == 0 || reference[0] != '#') return true;
            var found = root;
            foreach (var token in reference.Split('/').Skip(1))
            {
                var name = Uri.UnescapeDataString(token).Replace("~1", "/").Replace("~0", "~");
                var members = found as JsonObject;
                var list = found as List<object>;
                int index;
                if (members != null) found = members.Get(name);
                else if (list != null && int.TryParse(name, out index) && index >= 0 && index < list.Count) found = list[index];
                else return true;
            }
            return found;
        }
    }
}
