using System;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;

namespace Outspool
{
    /// <summary>The reason against a text that is not an address.</summary>
    internal class AddressFault : Exception
    {
        internal AddressFault(string reason) : base(reason) { }
    }

    /// <summary>
    /// Reads mailboxes, groups and comments from left to right: RFC 5322, section 3.4, with the UTF-8 of RFC 6532.
    /// </summary>
    internal class AddressReader
    {
        private const string Comma =
            "an unquoted comma; several addresses are a list, and a name with a comma stands in quotes";
        private const string NotAName = "a label in the domain that is not letters, digits and inner hyphens";
        private static readonly Regex Label = new Regex(@"\A[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\z");
        private static readonly Regex Wide = new Regex(@"\A(?:[A-Za-z0-9.-]|[^\x00-\x7f])*\z");
        private static readonly Regex Ipv4 = new Regex(@"\A[0-9]{1,3}(?:\.[0-9]{1,3}){3}\z");

        private readonly string text;
        private int at;

        private AddressReader(string text, Regex controls)
        {
            if (controls.IsMatch(text)) throw new AddressFault("a control character");
            this.text = text;
        }

        /// <summary>Reads one mailbox: a@b, Name &lt;a@b&gt;, "Name, quoted" &lt;a@b&gt; or a@b (Name).</summary>
        internal static void Mailbox(string text)
        {
            var reader = new AddressReader(text, Form.Control);
            var isMailbox = reader.Mailbox(false);
            if (!isMailbox && reader.IsAtEnd) throw new AddressFault("empty");
            if (!reader.IsAtEnd) throw reader.Unexpected();
        }

        /// <summary>Reads a bare address: no name, no angle brackets, no comments.</summary>
        internal static void Bare(string text)
        {
            var reader = new AddressReader(text, Form.Control);
            var words = reader.ReadWords();
            if (reader.Current != '@') throw reader.IsAtEnd ? new AddressFault("no @") : reader.Unexpected();
            reader.Address(words);
            if (!reader.IsAtEnd) throw reader.Unexpected();
        }

        /// <summary>Counts the mailboxes in the value of a field such as To; of groups the members.</summary>
        internal static int Count(string text)
        {
            var reader = new AddressReader(text, Form.ControlButTab);
            var count = 0;
            var inGroup = false;
            while (true)
            {
                if (reader.Mailbox(true)) count++;
                if (reader.IsAtEnd)
                {
                    if (inGroup) throw new AddressFault("a group without ';'");
                    return count;
                }
                var c = reader.Current;
                if (c == ':' && !inGroup)
                {
                    inGroup = true;
                }
                else if (c == ';' && inGroup)
                {
                    inGroup = false;
                    reader.at++;
                    reader.SkipBlanks();
                    if (!reader.IsAtEnd && reader.Current != ',') throw reader.Unexpected();
                    continue;
                }
                else if (c != ',')
                {
                    throw reader.Unexpected();
                }
                reader.at++;
            }
        }

        private bool IsAtEnd { get { return at >= text.Length; } }

        private char Current { get { return IsAtEnd ? '\0' : text[at]; } }

        private static bool IsAtom(char c)
        {
            return c >= 0x80 || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
                || "!#$%&'*+-/=?^_`{|}~".IndexOf(c) >= 0;
        }

        private AddressFault Unexpected()
        {
            if (IsAtEnd) return new AddressFault("ends too early");
            return new AddressFault(Current == ',' ? Comma : "unexpected '" + Current + "'");
        }

        /// <summary>The words before a &lt;, @ or :, of which only those decide what the words are.</summary>
        private class Words
        {
            internal readonly StringBuilder Local = new StringBuilder();
            internal int Count;
            internal bool IsLocal = true;
            internal bool EndsInDot;
            internal bool EndsInBlank;
        }

        private Words ReadWords()
        {
            var words = new Words();
            var isSpaced = false;
            while (!IsAtEnd)
            {
                var c = Current;
                if (c == '.')
                {
                    words.IsLocal = words.IsLocal && !isSpaced && words.Count > 0 && !words.EndsInDot;
                    words.EndsInDot = true;
                    words.Local.Append('.');
                    at++;
                }
                else if (c == '"' || IsAtom(c))
                {
                    words.IsLocal = words.IsLocal && !isSpaced && (words.Count == 0 || words.EndsInDot);
                    words.EndsInDot = false;
                    if (c == '"') Quoted(words.Local);
                    while (c != '"' && !IsAtEnd && IsAtom(Current)) words.Local.Append(text[at++]);
                }
                else
                {
                    break;
                }
                words.Count++;
                isSpaced = SkipBlanks();
            }
            words.IsLocal = words.IsLocal && words.Count > 0 && !words.EndsInDot;
            words.EndsInBlank = isSpaced;
            return words;
        }

        private void Quoted(StringBuilder to)
        {
            for (at++; !IsAtEnd; at++)
            {
                if (Current == '"')
                {
                    at++;
                    return;
                }
                if (Current == '\\' && ++at >= text.Length) break;
                to.Append(Current == '\t' ? ' ' : Current);
            }
            throw new AddressFault("a quotation mark without its pair");
        }

        /// <summary>False where there are no words before , ; or the end, or where it is a group's name.</summary>
        private bool Mailbox(bool inList)
        {
            SkipBlanks();
            var words = ReadWords();
            var c = Current;
            if (IsAtEnd || c == ';' || c == ',' && inList)
            {
                if (words.Count > 0) throw new AddressFault("no @");
                return false;
            }
            if (c == ':' && inList && words.Count > 0) return false;
            if (c == '@')
            {
                Address(words);
                SkipBlanks();
                return true;
            }
            if (c != '<') throw Unexpected();
            at++;
            SkipBlanks();
            var inner = ReadWords();
            if (Current != '@') throw inner.Count > 0 && Current != '>' ? Unexpected() : new AddressFault("no @");
            Address(inner);
            SkipBlanks();
            if (Current != '>') throw IsAtEnd ? new AddressFault("a '<' without '>'") : Unexpected();
            at++;
            SkipBlanks();
            return true;
        }

        /// <summary>Skips white space and comments, which may be nested.</summary>
        private bool SkipBlanks()
        {
            var start = at;
            var depth = 0;
            for (; !IsAtEnd; at++)
            {
                var c = Current;
                if (depth == 0 && c != '(' && c != ' ' && c != '\t') break;
                if (c == '(') depth++;
                else if (c == ')') depth--;
                else if (c == '\\' && at + 1 < text.Length) at++;
            }
            if (depth > 0) throw new AddressFault("a '(' without ')'");
            return at > start;
        }

        /// <summary>Reads the domain at the current @.</summary>
        private void Address(Words words)
        {
            if (words.Count == 0) throw new AddressFault("nothing before the @");
            if (!words.IsLocal || words.EndsInBlank)
            {
                throw new AddressFault("a misplaced dot or space before the @; unusual local parts must be quoted");
            }
            var start = ++at;
            if (Current == '[')
            {
                while (!IsAtEnd && Current != ']' && Current != ' ' && Current != '\t') at++;
                if (Current == ']') at++;
            }
            else
            {
                while (!IsAtEnd && (IsAtom(Current) || Current == '.')) at++;
            }
            var domain = text.Substring(start, at - start);
            var local = words.Local.ToString();
            CheckDomain(domain);
            for (var index = 0; index < local.Length; index++)
            {
                if (local[index] >= 0x80 && IsHidden(CharUnicodeInfo.GetUnicodeCategory(local, index)))
                {
                    throw new AddressFault("an invisible character before the @");
                }
            }
            var isPlain = local.Split('.').All(word => word.Length > 0 && word.All(IsAtom));
            var written = Bytes(local) + (isPlain ? 0 : 2 + local.Count(c => c == '"' || c == '\\'));
            if (written + 1 + Bytes(domain) > 480) throw new AddressFault("longer than 480 octets");
        }

        private static bool IsHidden(UnicodeCategory category)
        {
            return category == UnicodeCategory.SpaceSeparator || category == UnicodeCategory.LineSeparator
                || category == UnicodeCategory.ParagraphSeparator || category == UnicodeCategory.Format
                || category == UnicodeCategory.Control || category == UnicodeCategory.PrivateUse;
        }

        internal static int Bytes(string text)
        {
            return Encoding.UTF8.GetByteCount(text);
        }

        internal static bool IsAscii(string text)
        {
            return text.All(c => c < 0x80);
        }

        /// <summary>
        /// Judges a domain by its form: which characters beyond ASCII it may have is the daemon's to know.
        /// </summary>
        private static void CheckDomain(string domain)
        {
            if (domain.Length == 0) throw new AddressFault("nothing after the @");
            if (domain[0] == '[')
            {
                if (IsLiteral(domain)) return;
                throw new AddressFault("a domain literal that is neither [192.0.2.1] nor [IPv6:2001:db8::1]");
            }
            if (Bytes(domain) > (IsAscii(domain) ? 255 : 1020)) throw new AddressFault("more than 255 octets after the @");
            if (!IsAscii(domain) && !Wide.IsMatch(domain)) throw new AddressFault(NotAName);
            foreach (var label in domain.Split('.'))
            {
                if (label.Length == 0) throw new AddressFault("an empty label in the domain");
                if (!IsAscii(label)) continue;
                if (label.Length > 63) throw new AddressFault("a label of more than 63 octets in the domain");
                if (!Label.IsMatch(label)) throw new AddressFault(NotAName);
            }
        }

        private static bool IsLiteral(string domain)
        {
            if (domain.Length < 3 || domain[domain.Length - 1] != ']') return false;
            var inner = domain.Substring(1, domain.Length - 2);
            if (inner.StartsWith("ipv6:", StringComparison.OrdinalIgnoreCase)) return Formats.IsIpv6(inner.Substring(5));
            return Ipv4.IsMatch(inner) && inner.Split('.').All(part => int.Parse(part, Json.Invariant) < 256);
        }
    }
}
