using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace Outspool
{
    /// <summary>The values of format that the daemon asserts.</summary>
    internal static class Formats
    {
        private const string Label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
        private const string WideLabel =
            @"(?:[A-Za-z0-9]|[^\x00-\x7f])(?:(?:[A-Za-z0-9-]|[^\x00-\x7f])*(?:[A-Za-z0-9]|[^\x00-\x7f]))?";
        private const string Octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
        private const string Atoms = @"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\x00-\x7f])+";
        private const string Plain = "(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})";
        private const string Days = "(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)";
        private const string Units = "(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)";
        private static readonly Regex Date = new Regex(@"\A([0-9]{4})-([0-9]{2})-([0-9]{2})\z");
        private static readonly Regex Time = new Regex(
            @"\A([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(?:\.[0-9]+)?(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))\z");
        private static readonly Regex Local = new Regex(@"\A" + Atoms + @"(?:\." + Atoms + @")*\z");
        private static readonly Regex Quoted = new Regex(@"\A""(?:[ !#-\[\]-~]|[^\x00-\x7f]|\\[ -~])*""\z");
        private static readonly Regex Host = new Regex(@"\A" + WideLabel + @"(?:\." + WideLabel + @")*\z");
        private static readonly Dictionary<string, Regex> Patterns = new Dictionary<string, Regex>
        {
            { "duration", new Regex(@"\AP(?:[0-9]+W|" + Days + "(?:T" + Units + ")?|T" + Units + @")\z") },
            { "hostname", new Regex(@"\A(?=.{1,253}\z)" + Label + @"(?:\." + Label + @")*\z") },
            { "ipv4", new Regex(@"\A" + Octet + @"(?:\." + Octet + @"){3}\z") },
            { "uuid", new Regex(@"\A[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\z") },
            {
                "uri", new Regex(
                    @"\A[A-Za-z][A-Za-z0-9+.-]*:(?://(?:(?:" + Plain + @"|:)*@)?(?:\[([0-9A-Fa-f:.]+)\]|" + Plain
                    + "*)(?::[0-9]*)?(?:/(?:" + Plain + "|[:@/])*)?|(?!//)(?:" + Plain + @"|[:@/])*)(?:\?(?:" + Plain
                    + "|[:@/?])*)?(?:#(?:" + Plain + @"|[:@/?])*)?\z")
            }
        };

        internal static bool Fits(string format, string text)
        {
            switch (format)
            {
                case "date": return IsDate(text);
                case "time": return IsTime(text);
                case "date-time":
                    return text.Length > 11 && (text[10] == 'T' || text[10] == 't') && IsDate(text.Substring(0, 10))
                        && IsTime(text.Substring(11));
                case "ipv6": return IsIpv6(text);
                case "email": return AddressReader.IsAscii(text) && IsMailbox(text);
                case "idn-email": return IsMailbox(text);
                case "uri":
                    var match = Patterns[format].Match(text);
                    return match.Success && (!match.Groups[1].Success || IsIpv6(match.Groups[1].Value));
                default: return !Patterns.ContainsKey(format) || Patterns[format].IsMatch(text);
            }
        }

        private static bool IsDate(string text)
        {
            var match = Date.Match(text);
            return match.Success && Form.IsDay(match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value);
        }

        private static bool IsTime(string text)
        {
            var match = Time.Match(text);
            if (!match.Success || match.Groups[3].Value != "60") return match.Success;
            // A leap second ends a day in UTC.
            var part = new[] { 1, 2, 5, 6 }.Select(
                index => match.Groups[index].Success ? int.Parse(match.Groups[index].Value, Json.Invariant) : 0).ToArray();
            var offset = (part[2] * 60 + part[3]) * (match.Groups[4].Value == "-" ? -1 : 1);
            return (part[0] * 60 + part[1] - offset + 1440) % 1440 == 1439;
        }

        /// <summary>RFC 4291, section 2.2: eight groups, at most one gap, perhaps an IPv4 address at the end.</summary>
        internal static bool IsIpv6(string text)
        {
            if (text.Length > 45 || !Regex.IsMatch(text, @"\A[0-9A-Fa-f:.]*\z")) return false;
            var gap = text.IndexOf("::", StringComparison.Ordinal);
            if (gap < 0) return Groups(text, true) == 8;
            int before = Groups(text.Substring(0, gap), false), after = Groups(text.Substring(gap + 2), true);
            return before >= 0 && after >= 0 && before + after <= 7;
        }

        /// <summary>How many groups of 16 bits a text has; less than 0 if one is malformed.</summary>
        private static int Groups(string text, bool mayEndInIpv4)
        {
            if (text.Length == 0) return 0;
            var parts = text.Split(':');
            var count = 0;
            for (var index = 0; index < parts.Length; index++)
            {
                var isIpv4 = mayEndInIpv4 && index == parts.Length - 1 && Fits("ipv4", parts[index]);
                if (!isIpv4 && !Regex.IsMatch(parts[index], @"\A[0-9A-Fa-f]{1,4}\z")) return -100;
                count += isIpv4 ? 2 : 1;
            }
            return count;
        }

        private static bool IsMailbox(string text)
        {
            var at = text.LastIndexOf('@');
            if (at < 1 || AddressReader.Bytes(text) > 254) return false;
            string local = text.Substring(0, at), domain = text.Substring(at + 1);
            if (AddressReader.Bytes(local) > 64 || !Local.IsMatch(local) && !Quoted.IsMatch(local)) return false;
            if (domain.Length > 2 && domain[0] == '[' && domain[domain.Length - 1] == ']')
            {
                var inner = domain.Substring(1, domain.Length - 2);
                return inner.StartsWith("IPv6:", StringComparison.Ordinal)
                    ? IsIpv6(inner.Substring(5)) : Fits("ipv4", inner);
            }
            return Fits("hostname", domain) || !AddressReader.IsAscii(domain) && Host.IsMatch(domain);
        }
    }
}
