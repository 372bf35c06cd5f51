using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;

namespace Outspool
{
    /// <summary>Judges what a mail is made of, as the daemon does.</summary>
    internal static class Letter
    {
        private const string Token = "[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+";
        // The most bytes that a job's attachments have together.
        private const int AttachmentLimit = 64 << 20;
        // The longest word of a header field that fits into a line, RFC 5322, section 2.1.1.
        private const int LongestWord = 930;
        private const int LineLimit = 998;

        private static readonly Dictionary<string, string> OwnFields = new Dictionary<string, string>
        {
            { "from", "from" }, { "sender", "sender" }, { "reply-to", "replyTo" }, { "to", "to" }, { "cc", "cc" },
            { "bcc", "bcc" }, { "subject", "subject" }, { "date", "set when the mail is sent" },
            { "message-id", "made from the id of the job" }
        };

        private static readonly Regex Name = new Regex(@"\A[!-9;-~]{1,60}\z");
        private static readonly Regex Refused = new Regex(
            @"\A(?:(?:return-path|received|mime-version|content-length|delivered-to|authentication-results)\z|content-|mime-" +
            @"|dkim-|domainkey-|arc-|resent-|received-)");
        private static readonly Regex Unique = new Regex(@"\A(?:(?:in-reply-to|references|auto-submitted)\z|list-)");
        private static readonly Regex Identifying = new Regex(
            @"\A(?:(?:in-reply-to|references|archived-at|original-message-id|x-original-message-id|errors-to|supersedes" +
            @"|feedback-id)\z|list-)");
        private static readonly Regex Cid = new Regex(@"\A[!-;=?-~]{1,250}\z");
        private static readonly Regex Type = new Regex(@"\A *(" + Token + ")/(" + Token + ") *");
        private static readonly Regex Parameter = new Regex(
            @"\G; *(?:(" + Token + ")=(?:" + Token + @"|""(?:[^""\\]|\\.)*"") *|\z)");
        private static readonly Regex Tag = new Regex(
            @"<!--.*?(?:--!?>|\z)|<[!?][^>]*>?|<(/?)([A-Za-z][^\s/>]*)((?>(?:[^""'>]|""[^""]*""|'[^']*')*))>",
            RegexOptions.Singleline);
        private static readonly Regex Attribute =
            new Regex(@"([^\s/>=""'][^\s/>=]*)\s*=\s*(""[^""]*""|'[^']*'|[^\s>]+)");
        private static readonly string[] Resources =
            { "src", "background", "href", "style", "srcset", "poster", "data", "xlink:href" };
        private static readonly string[] Invisible =
            { "script", "style", "title", "template", "noembed", "noframes", "textarea", "iframe" };
        private static readonly Regex Reference = new Regex(
            @"(?:\A|[\x00-\x20""'(=,;])[cC][iI][dD]:([^\x00-\x20""'()<>,;&#?]+)");
        private static readonly Regex MailboxLine = new Regex(@"\A>?From [ \t]*[^ \t:]");
        private static readonly Regex Field = new Regex(@"\A[!-9;-~]+[ \t]*:");
        private static readonly Encoding Octets = Encoding.GetEncoding("iso-8859-1");

        /// <summary>The subject and the further header fields.</summary>
        internal static void CheckHeaders(Fields fields)
        {
            var subject = fields.Text("subject");
            if (subject != null && Form.ControlButTab.IsMatch(subject))
            {
                throw Form.Wrong("/subject", "a control character");
            }
            var headers = fields.Members("headers") ?? new JsonObject();
            var seen = new HashSet<string>();
            foreach (var name in headers.Names)
            {
                var value = headers.Get(name) as string;
                if (value == null)
                {
                    throw Form.Wrong(
                        "/headers/" + Json.Token(name), "is " + Json.TypeName(headers.Get(name)) + ", not a string");
                }
                var lower = name.ToLowerInvariant();
                var reason = HeaderFault(name, lower, value);
                if (reason == null && !seen.Add(lower) && Unique.IsMatch(lower)) reason = "twice";
                if (reason != null) throw Form.Wrong("/headers", Json.Quote(name) + ": " + reason);
            }
        }

        private static string HeaderFault(string name, string lower, string value)
        {
            if (!Name.IsMatch(name)) return "a name is up to 60 printable characters without ':'";
            if (OwnFields.ContainsKey(lower)) return "has a field of its own, " + OwnFields[lower];
            if (Refused.IsMatch(lower)) return "cannot be set, it describes how the message is built or travels";
            if (Form.ControlButTab.IsMatch(value)) return "a control character in the value";
            var ids = lower == "list-id" ? string.Concat(value.SkipWhile(c => c != '<')) : value;
            if (Identifying.IsMatch(lower) && !AddressReader.IsAscii(ids))
            {
                return "a character that is not ASCII, which ids and URIs have to encode";
            }
            if (!value.Split(' ', '\t').Any(word => word.Length > LongestWord && AddressReader.IsAscii(word))) return null;
            return "more than " + LongestWord + " characters without a space";
        }

        internal static void CheckAttachments(Fields fields)
        {
            var list = fields.List("attachments") ?? new List<object>();
            var ids = new HashSet<string>();
            var total = 0L;
            for (var index = 0; index < list.Count; index++)
            {
                var pointer = "/attachments/" + index;
                var members = list[index] as JsonObject;
                if (members == null)
                {
                    throw Form.Wrong(pointer, "is " + Json.TypeName(list[index]) + ", not an object");
                }
                total += CheckAttachment(new Fields(members, pointer));
                if (total > AttachmentLimit) throw Form.Wrong("/attachments", "more than " + AttachmentLimit + " bytes");
                var cid = members.Get("cid") as string;
                if (cid != null && !ids.Add(cid))
                {
                    throw Form.Wrong(pointer + "/cid", Json.Quote(cid) + " is the cid of another attachment");
                }
            }
            foreach (var name in ContentIds(fields.Text("html") ?? ""))
            {
                if (ids.Contains(name)) continue;
                throw Form.Wrong("/attachments", "none has the cid " + Json.Quote(name) + " that the HTML shows");
            }
        }

        private static int CheckAttachment(Fields file)
        {
            file.Allow("filename", "contentType", "cid", "content", "file");
            string name = file.Text("filename"), type = file.Text("contentType"), cid = file.Text("cid");
            string content = file.Text("content"), source = file.Text("file");
            if (content == null == (source == null)) throw Form.Wrong(file.Prefix, "either content or file");
            if (source != null && (source.Length == 0 || source[0] == '.' || source.IndexOfAny(new[] { '/', '\0' }) >= 0))
            {
                throw Form.Wrong(file.Prefix + "/file", "is not a plain file name");
            }
            var bytes = content == null ? new byte[0] : Decoded(content);
            if (bytes == null) throw Form.Wrong(file.Prefix + "/content", "is not base64");
            name = name ?? source ?? "";
            string reason = null;
            if (Form.Control.IsMatch(name)) reason = "a control character in the file name";
            else if (AddressReader.Bytes(name) > 1024) reason = "a file name of more than 1024 octets";
            else if (cid != null && !Cid.IsMatch(cid))
            {
                reason = "a cid must be up to 250 printable ASCII characters without spaces and angles";
            }
            else if (type != null) reason = TypeFault(type, bytes);
            if (reason != null) throw Form.Wrong(file.Prefix, reason);
            return bytes.Length;
        }

        private static string TypeFault(string text, byte[] content)
        {
            var match = Type.Match(text);
            var isType = match.Success && text.Length <= 500 && Form.Printable.IsMatch(text);
            var names = new HashSet<string>();
            for (var at = match.Length; isType && at < text.Length;)
            {
                var parameter = Parameter.Match(text, at);
                var name = parameter.Groups[1].Value.ToLowerInvariant();
                isType = parameter.Success && (name.Length == 0 || names.Add(name));
                at += parameter.Length;
            }
            if (!isType) return Json.Quote(text) + " is not a content type";
            var type = (match.Groups[1].Value + "/" + match.Groups[2].Value).ToLowerInvariant();
            if (type.StartsWith("multipart/", StringComparison.Ordinal) || type == "message/partial"
                || type == "message/external-body")
            {
                return type + " cannot be attached";
            }
            if (type != "message/rfc822") return null;
            if (content.Contains((byte)0)) return "an attached message with a NUL in it";
            if (!Octets.GetString(content).Split('\r', '\n').Any(line => line.Length > LineLimit)) return null;
            return "an attached message with a line of more than " + LineLimit + " octets";
        }

        /// <summary>Takes line ends, and padding that is missing; null if it is not base64.</summary>
        private static byte[] Decoded(string text)
        {
            var whole = text.Replace("\r", "").Replace("\n", "");
            var bare = whole.TrimEnd('=');
            int padding = whole.Length - bare.Length, missing = (4 - bare.Length % 4) % 4;
            if (padding > 0 && padding != missing || missing == 3 || !Regex.IsMatch(bare, @"\A[A-Za-z0-9+/]*\z")) return null;
            // The bits of the last digit that mean nothing may be any.
            var bytes = Convert.FromBase64String(bare + new string('A', missing));
            return bytes.Take(bare.Length * 3 / 4).ToArray();
        }

        /// <summary>The parts of its own message that HTML refers to, as in src="cid:logo".</summary>
        private static List<string> ContentIds(string html)
        {
            var found = new List<string>();
            var lower = html.ToLowerInvariant();
            if (lower.IndexOf("cid:", StringComparison.Ordinal) < 0) return found;
            for (var at = 0; at < html.Length;)
            {
                var tag = Tag.Match(html, at);
                if (!tag.Success) break;
                at = tag.Index + tag.Length;
                if (!tag.Groups[2].Success)
                {
                    Note(tag.Value, found);
                    continue;
                }
                foreach (Match attribute in Attribute.Matches(tag.Groups[3].Value))
                {
                    if (!Resources.Contains(attribute.Groups[1].Value.ToLowerInvariant())) continue;
                    Note(attribute.Groups[2].Value.Trim('"', '\''), found);
                }
                var name = tag.Groups[2].Value.ToLowerInvariant();
                if (tag.Groups[1].Length > 0 || !Invisible.Contains(name)) continue;
                var end = lower.IndexOf("</" + name, at, StringComparison.Ordinal);
                if (end < 0) end = html.Length;
                if (name == "style") Note(html.Substring(at, end - at), found);
                at = end;
            }
            return found;
        }

        private static void Note(string text, List<string> found)
        {
            foreach (Match reference in Reference.Matches(text))
            {
                var name = reference.Groups[1].Value;
                if (!Regex.IsMatch(name, "%(?![0-9A-Fa-f]{2})")) found.Add(Uri.UnescapeDataString(name));
            }
        }

        /// <summary>A whole message. Tells whether its header names a recipient, if that is asked.</summary>
        internal static bool CheckMessage(Fields fields, bool needsRecipients)
        {
            var source = Source(fields.Get("message"));
            var attachments = fields.List("attachments");
            var headers = fields.Members("headers");
            var wrong = attachments != null && attachments.Count > 0 ? "attachments"
                : headers != null && headers.Names.Count > 0 ? "headers"
                : fields.Address("replyTo") != null ? "replyTo" : fields.Address("sender") != null ? "sender" : null;
            if (wrong != null) throw Form.Wrong("/" + wrong, "cannot be combined with message, which is the whole mail");
            var header = ReadHeader(source);
            return needsRecipients && header.Sum(field => Recipients(field)) > 0;
        }

        private static byte[] Source(object message)
        {
            var text = message as string;
            if (text != null) return Encoding.UTF8.GetBytes(text);
            var members = message as JsonObject;
            var encoded = members == null || members.Names.Count != 1 ? null : members.Get("base64") as string;
            if (encoded == null) throw Form.Wrong("/message", "is neither a string nor {\"base64\": \"…\"}");
            var bytes = Decoded(encoded);
            if (bytes == null) throw Form.Wrong("/message/base64", "is not base64");
            return bytes;
        }

        /// <summary>The fields of the header, unfolded, a character for each octet.</summary>
        private static List<string> ReadHeader(byte[] source)
        {
            var lines = Octets.GetString(source).Replace("\r\n", "\n").Replace('\r', '\n').Split('\n');
            for (var index = 0; index < lines.Length; index++)
            {
                if (lines[index].IndexOf('\0') >= 0) throw Form.Wrong("/message", "line " + (index + 1) + ": a NUL");
            }
            var fields = new List<string>();
            for (var index = 0; index < lines.Length; index++)
            {
                var line = lines[index];
                if (index == 0 && MailboxLine.IsMatch(line)) continue;
                if (fields.Count > 0 && line.Length > 0 && (line[0] == ' ' || line[0] == '\t'))
                {
                    fields[fields.Count - 1] += line;
                }
                else if (Field.IsMatch(line))
                {
                    fields.Add(line);
                }
                else if (line.Length == 0 || fields.Count == 0)
                {
                    break;
                }
                else
                {
                    throw Form.Wrong(
                        "/message", "line " + (index + 1) + ": neither a header field nor the continuation of one");
                }
            }
            return fields;
        }

        private static int Recipients(string field)
        {
            var colon = field.IndexOf(':');
            var name = field.Substring(0, colon).TrimEnd(' ', '\t');
            if (!new[] { "to", "cc", "bcc" }.Contains(name.ToLowerInvariant())) return 0;
            try
            {
                var value = Octets.GetBytes(field.Substring(colon + 1).Trim(' ', '\t'));
                return AddressReader.Count(new UTF8Encoding(false, true).GetString(value));
            }
            catch (ArgumentException)
            {
                throw Form.Wrong("/message", name + ": not valid UTF-8");
            }
            catch (AddressFault fault)
            {
                throw Form.Wrong("/message", name + ": " + fault.Message);
            }
        }
    }
}
