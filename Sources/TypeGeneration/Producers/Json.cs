using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace Outspool
{
    /// <summary>Values of JSON: JsonObject, lists of objects, texts, JsonNumber, booleans and null.</summary>
    internal class Json
    {
        internal const int DepthLimit = 100;
        private const int ValueLimit = 1000000;
        internal static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;
        private static readonly Regex Number = new Regex(@"\A-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,9})?\z");

        private readonly string text;
        private int at;
        private int count;

        private Json(string text)
        {
            this.text = text;
        }

        /// <summary>A value behind which nothing follows.</summary>
        internal static object Read(string text)
        {
            var reader = new Json(text);
            var value = reader.Value(0);
            reader.Skip();
            if (reader.at < text.Length) throw new JsonFault("text behind the value");
            return value;
        }

        internal static object TryRead(string text)
        {
            try
            {
                return Read(text);
            }
            catch (JsonFault)
            {
                return null;
            }
        }

        /// <summary>The value that a text begins with; null if it is not JSON.</summary>
        internal static object TryReadBeginning(string text)
        {
            try
            {
                return new Json(text).Value(0);
            }
            catch (JsonFault)
            {
                return null;
            }
        }

        private void Skip()
        {
            while (at < text.Length && " \t\r\n".IndexOf(text[at]) >= 0) at++;
        }

        private bool Take(char wanted)
        {
            Skip();
            if (at >= text.Length || text[at] != wanted) return false;
            at++;
            return true;
        }

        private void Expect(char wanted)
        {
            if (!Take(wanted)) throw new JsonFault("'" + wanted + "' expected at character " + at);
        }

        private object Value(int depth)
        {
            if (++count > ValueLimit) throw new JsonFault("more than " + ValueLimit + " values");
            Skip();
            if (at == text.Length) throw new JsonFault("ends too early");
            var first = text[at];
            if (first == '"') return ReadText();
            if (first != '{' && first != '[') return Word();
            if (depth == DepthLimit) throw new JsonFault("nested more than " + DepthLimit + " deep");
            at++;
            if (first == '[')
            {
                var list = new List<object>();
                if (Take(']')) return list;
                do list.Add(Value(depth + 1));
                while (Take(','));
                Expect(']');
                return list;
            }
            var members = new JsonObject();
            if (Take('}')) return members;
            do
            {
                Skip();
                var name = ReadText();
                Expect(':');
                if (members.Has(name)) throw new JsonFault("the name " + Quote(name) + " occurs twice");
                members.Set(name, Value(depth + 1));
            }
            while (Take(','));
            Expect('}');
            return members;
        }

        private string ReadText()
        {
            Expect('"');
            var read = new StringBuilder();
            while (at < text.Length)
            {
                var c = text[at++];
                if (c == '"')
                {
                    if (HasLoneSurrogate(read.ToString())) throw new JsonFault("half of a surrogate pair");
                    return read.ToString();
                }
                if (c < ' ') throw new JsonFault("a control character in a text");
                read.Append(c == '\\' ? Escape() : c);
            }
            throw new JsonFault("ends too early");
        }

        private char Escape()
        {
            var c = at < text.Length ? text[at++] : ' ';
            var place = "\"\\/bfnrt".IndexOf(c);
            if (place >= 0) return "\"\\/\b\f\n\r\t"[place];
            ushort code;
            if (c != 'u' || at + 4 > text.Length
                || !ushort.TryParse(text.Substring(at, 4), NumberStyles.AllowHexSpecifier, Invariant, out code))
            {
                throw new JsonFault("an unknown escape");
            }
            at += 4;
            return (char)code;
        }

        private object Word()
        {
            var start = at;
            while (at < text.Length && ",]} \t\r\n:[{\"".IndexOf(text[at]) < 0) at++;
            var word = text.Substring(start, at - start);
            if (word == "null") return null;
            if (word == "true" || word == "false") return word == "true";
            if (!Number.IsMatch(word)) throw new JsonFault("a value expected at character " + start);
            return new JsonNumber(word);
        }

        private static bool HasLoneSurrogate(string text)
        {
            for (var index = 0; index < text.Length; index++)
            {
                var hasNext = index + 1 < text.Length;
                if (hasNext && char.IsSurrogatePair(text[index], text[index + 1])) index++;
                else if (char.IsSurrogate(text[index])) return true;
            }
            return false;
        }

        /// <summary>A copy that has nothing but values of JSON.</summary>
        internal static object Tree(object value, string pointer, int depth)
        {
            var encodable = value as IEncodable;
            if (encodable != null) value = encodable.ToJson();
            if (depth > DepthLimit)
            {
                throw SubmitException.Invalid(pointer, "nested more than " + DepthLimit + " deep");
            }
            if (value == null || value is bool || value is JsonNumber) return value;
            if (value is int || value is long || value is short || value is byte || value is uint || value is ulong
                || value is sbyte || value is ushort || value is decimal || value is BigInteger)
            {
                return new JsonNumber(((IFormattable)value).ToString(null, Invariant));
            }
            if (value is double || value is float)
            {
                var number = Convert.ToDouble(value, Invariant);
                if (double.IsNaN(number) || double.IsInfinity(number))
                {
                    throw SubmitException.Invalid(pointer, number + " is not a number of JSON");
                }
                return new JsonNumber(((IFormattable)value).ToString("R", Invariant));
            }
            var text = value as string;
            if (text != null) return Whole(text, pointer);
            var read = value as JsonObject;
            var members = read != null ? Dictionary(read) : value as IEnumerable<KeyValuePair<string, object>>;
            var texts = value as IEnumerable<KeyValuePair<string, string>>;
            if (texts != null) members = texts.Select(pair => new KeyValuePair<string, object>(pair.Key, pair.Value));
            if (members == null && value is IDictionary)
            {
                members = ((IDictionary)value).Keys.Cast<object>().Select(
                    key => new KeyValuePair<string, object>(key.ToString(), ((IDictionary)value)[key]));
            }
            if (members != null)
            {
                var made = new JsonObject();
                foreach (var member in members)
                {
                    var name = Whole(member.Key, pointer);
                    made.Set(name, Tree(member.Value, pointer + "/" + Token(name), depth + 1));
                }
                return made;
            }
            var elements = value as IEnumerable;
            if (elements == null)
            {
                throw SubmitException.Invalid(pointer, "a " + value.GetType() + " cannot be encoded");
            }
            var list = new List<object>();
            foreach (var element in elements) list.Add(Tree(element, pointer + "/" + list.Count, depth + 1));
            return list;
        }

        private static string Whole(string text, string pointer)
        {
            if (HasLoneSurrogate(text)) throw SubmitException.Invalid(pointer, "half of a surrogate pair");
            return text;
        }

        /// <summary>Turns objects into dictionaries; null stays null.</summary>
        internal static Dictionary<string, object> Dictionary(JsonObject members)
        {
            return members == null ? null : members.Names.ToDictionary(name => name, name => Plain(members.Get(name)));
        }

        private static object Plain(object value)
        {
            var members = value as JsonObject;
            if (members != null) return Dictionary(members);
            var list = value as List<object>;
            if (list != null) return list.Select(Plain).ToList();
            var number = value as JsonNumber;
            if (number == null) return value;
            long whole;
            if (long.TryParse(number.Text, NumberStyles.AllowLeadingSign, Invariant, out whole)) return whole;
            decimal exact;
            return decimal.TryParse(number.Text, NumberStyles.Float, Invariant, out exact)
                ? (object)exact : double.Parse(number.Text, Invariant);
        }

        internal static string Text(object tree)
        {
            var written = new StringBuilder();
            Write(tree, written);
            return written.ToString();
        }

        private static void Write(object tree, StringBuilder to)
        {
            var members = tree as JsonObject;
            var list = tree as List<object>;
            if (members != null)
            {
                to.Append('{');
                for (var index = 0; index < members.Names.Count; index++)
                {
                    if (index > 0) to.Append(',');
                    Write(members.Names[index], to);
                    to.Append(':');
                    Write(members.Get(members.Names[index]), to);
                }
                to.Append('}');
            }
            else if (list != null)
            {
                to.Append('[');
                for (var index = 0; index < list.Count; index++)
                {
                    if (index > 0) to.Append(',');
                    Write(list[index], to);
                }
                to.Append(']');
            }
            else if (tree is string)
            {
                to.Append('"');
                foreach (var c in (string)tree)
                {
                    if (c == '"' || c == '\\') to.Append('\\').Append(c);
                    else if (c < ' ') to.Append("\\u").Append(((int)c).ToString("x4", Invariant));
                    else to.Append(c);
                }
                to.Append('"');
            }
            else if (tree is bool)
            {
                to.Append((bool)tree ? "true" : "false");
            }
            else
            {
                to.Append(tree == null ? "null" : ((JsonNumber)tree).Text);
            }
        }

        /// <summary>
        /// Tells whether two values are one: members in any order, numbers as they are written. A mask in the first, if there is
        /// one, stands for anything.
        /// </summary>
        internal static bool Same(object value, object other, string mask)
        {
            if (mask != null && mask.Equals(value)) return true;
            var members = value as JsonObject;
            if (members != null)
            {
                var others = other as JsonObject;
                return others != null && members.Names.Count == others.Names.Count
                    && members.Names.All(name => others.Has(name) && Same(members.Get(name), others.Get(name), mask));
            }
            var list = value as List<object>;
            if (list != null)
            {
                var others = other as List<object>;
                return others != null && list.Count == others.Count
                    && !list.Where((element, index) => !Same(element, others[index], mask)).Any();
            }
            var number = value as JsonNumber;
            if (number != null) return other is JsonNumber && ((JsonNumber)other).Text == number.Text;
            return Equals(value, other);
        }

        internal static string TypeName(object value)
        {
            if (value == null) return "null";
            return value is bool ? "a boolean" : value is JsonNumber ? "a number" : value is string ? "a string"
                : value is List<object> ? "an array" : "an object";
        }

        /// <summary>A text in one line, shortened.</summary>
        internal static string Quote(string text)
        {
            return Text(text.Length > 100 ? text.Substring(0, 99) + "…" : text);
        }

        /// <summary>Escapes a name for a JSON pointer (RFC 6901).</summary>
        internal static string Token(string name)
        {
            return name.Replace("~", "~0").Replace("/", "~1");
        }
    }
}
