using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace Outspool
{
    /// <summary>The members of an object; null counts as absent.</summary>
    internal class Fields
    {
        internal JsonObject Object { get; }
        internal string Prefix { get; }

        internal Fields(JsonObject members, string prefix)
        {
            Object = members;
            Prefix = prefix;
        }

        internal object Get(string name)
        {
            return Object.Get(name);
        }

        internal void Allow(params string[] names)
        {
            foreach (var name in Object.Names)
            {
                if (names.Contains(name) || Prefix.Length == 0 && name.StartsWith("x-", StringComparison.Ordinal)) continue;
                throw Form.Wrong(Prefix + "/" + Json.Token(name), "unknown field");
            }
        }

        private T Typed<T>(string name, string wanted) where T : class
        {
            var value = Get(name);
            if (value != null && !(value is T))
            {
                throw Form.Wrong(Prefix + "/" + name, "is " + Json.TypeName(value) + ", not " + wanted);
            }
            return value as T;
        }

        internal string Text(string name)
        {
            return Typed<string>(name, "a string");
        }

        internal JsonObject Members(string name)
        {
            return Typed<JsonObject>(name, "an object");
        }

        internal List<object> List(string name)
        {
            return Typed<List<object>>(name, "an array");
        }

        internal List<string> Texts(string name)
        {
            var list = List(name);
            for (var index = 0; list != null && index < list.Count; index++)
            {
                if (list[index] is string) continue;
                throw Form.Wrong(
                    Prefix + "/" + name + "/" + index, "is " + Json.TypeName(list[index]) + ", not a string");
            }
            return list == null ? null : list.Cast<string>().ToList();
        }

        /// <summary>An address field; an empty text counts as absent, since forms send one.</summary>
        internal object Address(string name)
        {
            var value = Get(name);
            return "".Equals(value) ? null : value;
        }

        /// <summary>A time in seconds since 1970.</summary>
        internal decimal? Moment(string name)
        {
            if (Object.Has(name) && Get(name) == null)
            {
                throw Form.Wrong("/" + name, "is null, not an RFC 3339 date-time; leave it out instead");
            }
            var text = Text(name);
            if (text == null) return null;
            var moment = Form.Seconds(text);
            if (moment != null) return moment;
            throw Form.Wrong("/" + name, "is not an RFC 3339 date-time such as 2026-11-23T17:44:11Z");
        }
    }

    /// <summary>
    /// Says why no mail can ever be made of a job, as far as the job alone tells. Everything throws a SubmitException.
    /// </summary>
    internal static class Form
    {
        internal static readonly Regex Identifier = new Regex(@"\A[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}\z");
        internal static readonly Regex Control = new Regex(@"[\x00-\x1f\x7f-\x9f]");
        internal static readonly Regex ControlButTab = new Regex(@"[\x00-\x08\x0a-\x1f\x7f-\x9f]");
        internal static readonly Regex Printable = new Regex(@"\A[ -~]*\z");
        private static readonly Regex Time = new Regex(
            @"\A([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(\.[0-9]+)?" +
            @"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))\z");

        internal static SubmitException Wrong(string pointer, string reason)
        {
            return SubmitException.Invalid(pointer, reason);
        }

        internal static bool IsDay(string year, string month, string day)
        {
            int one = int.Parse(year, Json.Invariant), two = int.Parse(month, Json.Invariant);
            var three = int.Parse(day, Json.Invariant);
            // The calendar of .NET has no year 0, which is like 2000.
            return two >= 1 && two <= 12 && three >= 1 && three <= DateTime.DaysInMonth(one == 0 ? 2000 : one, two);
        }

        /// <summary>Null for what is not a date-time of RFC 3339.</summary>
        internal static decimal? Seconds(string text)
        {
            var match = Time.Match(text);
            if (!match.Success || !IsDay(match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value)) return null;
            var part = Enumerable.Range(0, 11).Select(
                index => index != 0 && index != 7 && index != 8 && match.Groups[index].Success
                    ? int.Parse(match.Groups[index].Value, Json.Invariant) : 0).ToArray();
            var day = new DateTime(Math.Max(part[1], 1), part[2], part[3], 0, 0, 0, DateTimeKind.Utc);
            var fraction = match.Groups[7].Value;
            if (fraction.Length > 20) fraction = fraction.Substring(0, 20);
            var offset = (part[9] * 60 + part[10]) * (match.Groups[8].Value == "-" ? -60 : 60);
            return (decimal)(day - new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc)).TotalSeconds
                + part[4] * 3600 + part[5] * 60 + part[6] - offset
                + (fraction.Length > 0 ? decimal.Parse("0" + fraction, Json.Invariant) : 0);
        }

        internal static void Check(JsonObject job, DateTimeOffset now)
        {
            var fields = new Fields(job, "");
            fields.Allow(
                "template", "params", "subject", "text", "html", "message", "to", "cc", "bcc", "from", "replyTo", "sender",
                "envelope", "dsn", "locale", "headers", "attachments", "priority", "sendAt", "expiresAt", "tags", "metadata");
            CheckContent(fields);
            fields.Members("params");
            var envelope = CheckEnvelopeForm(fields);
            CheckDsn(fields);
            fields.Text("locale");
            fields.Members("headers");
            fields.List("attachments");
            var priority = fields.Text("priority");
            if (priority != null && !new[] { "high", "normal", "bulk" }.Contains(priority))
            {
                throw Wrong("/priority", "is not one of high, normal, bulk");
            }
            var sendAt = fields.Moment("sendAt");
            var expiresAt = fields.Moment("expiresAt");
            if (expiresAt <= sendAt) throw Wrong("/expiresAt", "is not after sendAt: the job could only expire");
            fields.Texts("tags");
            fields.Members("metadata");
            CheckMail(fields, envelope);
            var seconds = (decimal)(now - new DateTimeOffset(1970, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalSeconds;
            if (expiresAt <= seconds) throw Wrong("/expiresAt", "is over: the job could only expire");
        }

        private static void CheckContent(Fields fields)
        {
            var template = fields.Text("template");
            bool hasText = fields.Text("text") != null, hasHtml = fields.Text("html") != null;
            var hasSubject = fields.Text("subject") != null;
            var isOwn = hasText || hasHtml || hasSubject;
            var kinds = (template == null ? 0 : 1) + (isOwn ? 1 : 0) + (fields.Get("message") == null ? 0 : 1);
            if (kinds == 0) throw Wrong("", "neither template, nor subject with text or html, nor message");
            if (kinds > 1) throw Wrong("", "more than one of template, subject with text or html, and message");
            if (template != null && !Identifier.IsMatch(template))
            {
                throw Wrong("/template", "is not a template's name: A-Z a-z 0-9 . _ @ = + -, a letter or digit first");
            }
            if (isOwn && !hasSubject) throw Wrong("/subject", "missing beside text or html");
            if (isOwn && !hasText && !hasHtml) throw Wrong("", "a subject without text or html");
        }

        private static Fields CheckEnvelopeForm(Fields fields)
        {
            var members = fields.Members("envelope");
            if (members == null) return null;
            var envelope = new Fields(members, "/envelope");
            envelope.Allow("from", "to");
            envelope.Text("from");
            var to = envelope.Texts("to");
            if (members.Has("to") && (to == null || to.Count == 0)) throw Wrong("/envelope/to", "no recipient");
            return envelope;
        }

        private static void CheckDsn(Fields fields)
        {
            if (fields.Members("dsn") == null) return;
            var dsn = new Fields(fields.Members("dsn"), "/dsn");
            dsn.Allow("notify", "return", "envelopeId");
            var notify = dsn.Texts("notify");
            if (notify != null && notify.Count == 0) throw Wrong("/dsn/notify", "is empty; leave it out instead");
            for (var index = 0; notify != null && index < notify.Count; index++)
            {
                if (new[] { "never", "success", "failure", "delay" }.Contains(notify[index])) continue;
                throw Wrong("/dsn/notify/" + index, "is not one of never, success, failure, delay");
            }
            if (notify != null && notify.Contains("never") && notify.Distinct().Count() > 1)
            {
                throw Wrong("/dsn/notify", "never cannot be combined with others");
            }
            var extent = dsn.Text("return");
            if (extent != null && extent != "full" && extent != "headers")
            {
                throw Wrong("/dsn/return", "is not one of full, headers");
            }
            var id = dsn.Text("envelopeId");
            if (id == null) return;
            var length = id.Length + 2 * id.Count(c => c == '+' || c == '=' || c == ' ');
            if (length >= 1 && length <= 100 && Printable.IsMatch(id)) return;
            throw Wrong("/dsn/envelopeId", "is not 1 to 100 characters of printable ASCII");
        }

        /// <summary>Judges the addresses, and what a mail is made of.</summary>
        private static void CheckMail(Fields fields, Fields envelope)
        {
            var recipients = Addresses(fields, "to") + Addresses(fields, "cc") + Addresses(fields, "bcc");
            foreach (var name in new[] { "from", "sender" })
            {
                if (fields.Address(name) != null) Address(fields.Address(name), "/" + name);
            }
            Addresses(fields, "replyTo");
            var envelopeTo = envelope == null ? null : envelope.Texts("to");
            if (envelope != null)
            {
                var from = envelope.Text("from");
                if (!string.IsNullOrEmpty(from) && from != "<>") Bare(from, "/envelope/from");
                for (var index = 0; envelopeTo != null && index < envelopeTo.Count; index++)
                {
                    Bare(envelopeTo[index], "/envelope/to/" + index);
                }
            }
            var hasRecipients = recipients > 0 || envelopeTo != null;
            if (fields.Get("message") != null)
            {
                hasRecipients = Letter.CheckMessage(fields, !hasRecipients) || hasRecipients;
            }
            else
            {
                Letter.CheckAttachments(fields);
                Letter.CheckHeaders(fields);
            }
            // A task has no recipient, and only its template tells that it is one.
            var mayBeTask = fields.Get("template") != null && envelopeTo == null && fields.Address("to") == null
                && fields.Address("cc") == null && fields.Address("bcc") == null;
            if (hasRecipients || mayBeTask) return;
            throw Wrong("", "no recipient: none of to, cc, bcc and envelope names one");
        }

        private static int Addresses(Fields fields, string name)
        {
            var value = fields.Address(name);
            if (value == null) return 0;
            var list = value as List<object> ?? new List<object> { value };
            foreach (var element in list) Address(element, "/" + name);
            return list.Count;
        }

        private static void Address(object value, string pointer)
        {
            var text = value as string;
            if (text != null)
            {
                Judge(text, pointer, AddressReader.Mailbox);
                return;
            }
            var members = value as JsonObject;
            if (members == null) throw Wrong(pointer, "is neither a string nor {\"name\":…,\"email\":…}");
            foreach (var member in members.Names)
            {
                if (member != "name" && member != "email") throw Wrong(pointer, "unknown member " + Json.Quote(member));
            }
            var email = members.Get("email") as string;
            if (email == null) throw Wrong(pointer, "\"email\" must be a string");
            var name = members.Get("name") as string;
            if (members.Get("name") != null && name == null) throw Wrong(pointer, "\"name\" must be a string");
            if (name != null && Control.IsMatch(name)) throw Wrong(pointer, "a control character in the name");
            Bare(email.Trim(' '), pointer);
        }

        private static void Bare(string text, string pointer)
        {
            Judge(text, pointer, AddressReader.Bare);
        }

        private static void Judge(string text, string pointer, Action<string> read)
        {
            try
            {
                read(text);
            }
            catch (AddressFault fault)
            {
                throw Wrong(pointer, Json.Quote(text) + ": " + fault.Message);
            }
        }
    }
}
