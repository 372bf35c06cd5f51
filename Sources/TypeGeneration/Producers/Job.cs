using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Outspool
{
    /// <summary>
    /// The content of a job: a template, a mail, a message, or a type made of a template.
    /// </summary>
    public interface IContent
    {
        /// <summary>The fields, by their names in spool(5).</summary>
        IDictionary<string, object> Fields();
    }

    /// <summary>A value that says what it is in JSON: what the types made of templates are.</summary>
    public interface IEncodable
    {
        /// <summary>A dictionary with names, a list, a text, a number, a boolean or null.</summary>
        object ToJson();
    }

    /// <summary>A template that has no type here.</summary>
    public class Template : IContent
    {
        private readonly string name;
        private readonly object parameters;

        public Template(string name, IDictionary<string, object> parameters = null)
        {
            this.name = name;
            this.parameters = parameters;
        }

        public IDictionary<string, object> Fields()
        {
            return new Dictionary<string, object> { { "template", name }, { "params", parameters } };
        }
    }

    /// <summary>A mail without a template. At least one of text and HTML; from HTML alone, the text is made.</summary>
    public class Mail : IContent
    {
        public string Subject { get; }
        public string Text { get; set; }
        public string Html { get; set; }

        public Mail(string subject)
        {
            Subject = subject;
        }

        public IDictionary<string, object> Fields()
        {
            return new Dictionary<string, object> { { "subject", Subject }, { "text", Text }, { "html", Html } };
        }
    }

    /// <summary>A whole message (RFC 5322), header and body.</summary>
    public class Message : IContent
    {
        private readonly object message;

        public Message(string text)
        {
            message = text;
        }

        public Message(byte[] bytes)
        {
            try
            {
                message = new UTF8Encoding(false, true).GetString(bytes);
            }
            catch (ArgumentException)
            {
                message = new Dictionary<string, object> { { "base64", Convert.ToBase64String(bytes) } };
            }
        }

        public IDictionary<string, object> Fields()
        {
            return new Dictionary<string, object> { { "message", message } };
        }
    }

    /// <summary>A mailbox. Without a name, the address may be <c>Zoë &lt;zoe@example.com&gt;</c>.</summary>
    public class Address : IEncodable
    {
        public string Name { get; }
        public string Email { get; }

        public Address(string email)
        {
            Email = email;
        }

        public Address(string name, string email)
        {
            Name = name;
            Email = email;
        }

        public static implicit operator Address(string text)
        {
            return new Address(text);
        }

        public object ToJson()
        {
            if (Name == null) return Email;
            return new Dictionary<string, object> { { "name", Name }, { "email", Email } };
        }
    }

    /// <summary>
    /// A file that goes with the mail: its Content, or the name of a File in the daemon's attachments_directory.
    /// </summary>
    public class Attachment : IEncodable
    {
        public byte[] Content { get; set; }
        public string File { get; set; }
        public string Filename { get; set; }

        /// <summary>The media type; by the name if it is not said.</summary>
        public string ContentType { get; set; }

        /// <summary>The id by which HTML refers to it, cid:logo.</summary>
        public string Cid { get; set; }

        public object ToJson()
        {
            return Members.Given(
                "filename", Filename, "contentType", ContentType, "cid", Cid,
                "content", Content == null ? null : Convert.ToBase64String(Content), "file", File);
        }
    }

    /// <summary>The notifications of delivery that are asked of the servers on the way (RFC 3461).</summary>
    public class Dsn : IEncodable
    {
        /// <summary>Some of success, failure and delay, or never alone.</summary>
        public IList<string> Notify { get; set; }

        /// <summary>full or headers.</summary>
        public string Return { get; set; }

        /// <summary>The id that a notification names; the job's if it is not said.</summary>
        public string EnvelopeId { get; set; }

        public object ToJson()
        {
            return Members.Given("notify", Notify, "return", Return, "envelopeId", EnvelopeId);
        }
    }

    /// <summary>The order in which jobs go when not all can; High never waits behind Bulk.</summary>
    public enum Priority
    {
        High,
        Normal,
        Bulk
    }

    /// <summary>A mail or task with its recipients. Options that are not set are not written.</summary>
    public class Job
    {
        private readonly IContent content;

        public Job(IContent content)
        {
            this.content = content;
        }

        /// <summary>
        /// The idempotency key: as long as a job of that id is in the spool, a second one is not sent.
        /// </summary>
        public string Id { get; set; }

        public List<Address> To { get; } = new List<Address>();
        public List<Address> Cc { get; } = new List<Address>();
        public List<Address> Bcc { get; } = new List<Address>();

        /// <summary>The template's, or the configuration's, if it is not said; as are ReplyTo and Sender.</summary>
        public Address From { get; set; }

        public List<Address> ReplyTo { get; } = new List<Address>();
        public Address Sender { get; set; }

        /// <summary>The return path where it is not From; an empty text is the null return path.</summary>
        public string EnvelopeFrom { get; set; }

        /// <summary>The recipients where they are not those of the header.</summary>
        public IList<string> EnvelopeTo { get; set; }

        public Dsn Dsn { get; set; }

        /// <summary>The variant of the template, a tag of BCP 47.</summary>
        public string Locale { get; set; }

        public Dictionary<string, string> Headers { get; } = new Dictionary<string, string>();
        public List<Attachment> Attachments { get; } = new List<Attachment>();
        public Priority? Priority { get; set; }

        /// <summary>Not before.</summary>
        public DateTimeOffset? SendAt { get; set; }

        /// <summary>Not after: what is still unsent then is buried.</summary>
        public DateTimeOffset? ExpiresAt { get; set; }

        /// <summary>For the log and the operator, as Metadata.</summary>
        public List<string> Tags { get; } = new List<string>();

        public Dictionary<string, object> Metadata { get; } = new Dictionary<string, object>();

        /// <summary>The job object of spool(5).</summary>
        internal JsonObject Object()
        {
            var job = new Members();
            var fields = content.Fields();
            foreach (var name in new[] { "template", "params", "subject", "text", "html", "message" })
            {
                object value;
                if (fields.TryGetValue(name, out value)) job.AddGiven(name, value);
            }
            job.AddGiven("to", Written(To));
            job.AddGiven("cc", Written(Cc));
            job.AddGiven("bcc", Written(Bcc));
            job.AddGiven("from", From);
            job.AddGiven("replyTo", Written(ReplyTo));
            job.AddGiven("sender", Sender);
            if (EnvelopeFrom != null || EnvelopeTo != null)
            {
                job.Add("envelope", Members.Given("from", EnvelopeFrom, "to", EnvelopeTo));
            }
            job.AddGiven("dsn", Dsn);
            job.AddGiven("locale", Locale);
            if (Headers.Count > 0) job.Add("headers", Headers);
            if (Attachments.Count > 0) job.Add("attachments", Attachments);
            if (Priority != null) job.Add("priority", Priority.Value.ToString().ToLowerInvariant());
            job.AddGiven("sendAt", Moment(SendAt));
            job.AddGiven("expiresAt", Moment(ExpiresAt));
            if (Tags.Count > 0) job.Add("tags", Tags);
            if (Metadata.Count > 0) job.Add("metadata", Metadata);
            return (JsonObject)Json.Tree(job, "", 0);
        }

        private static object Written(List<Address> addresses)
        {
            return addresses.Count == 0 ? null : addresses.Count == 1 ? (object)addresses[0] : addresses;
        }

        private static string Moment(DateTimeOffset? time)
        {
            if (time == null) return null;
            return time.Value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", Json.Invariant);
        }

        /// <summary>
        /// Makes the job without queueing it: its id, new if none is chosen, and its JSON text. The application inserts
        /// both into a table in its own transaction; outspool-pump(5) takes them from there.
        /// </summary>
        public KeyValuePair<string, string> OutboxRow()
        {
            var job = Object();
            return new KeyValuePair<string, string>(Spool.Checked(job, Id), Json.Text(job));
        }
    }

    /// <summary>
    /// The members of an object, in their order: what the types that `outspool types` makes are in JSON.
    /// </summary>
    public class Members : IEnumerable<KeyValuePair<string, object>>
    {
        private readonly List<KeyValuePair<string, object>> list = new List<KeyValuePair<string, object>>();

        public void Add(string name, object value)
        {
            list.Add(new KeyValuePair<string, object>(name, value));
        }

        /// <summary>Adds what is not null.</summary>
        public void AddGiven(string name, object value)
        {
            if (value != null) Add(name, value);
        }

        /// <summary>Adds the members of a dictionary, but for those that are there.</summary>
        public void AddAll<T>(IDictionary<string, T> values)
        {
            if (values == null) return;
            var names = values.Keys.Except(list.Select(member => member.Key)).OrderBy(name => name, StringComparer.Ordinal);
            foreach (var name in names.ToList()) Add(name, values[name]);
        }

        internal static Members Given(params object[] namesAndValues)
        {
            var members = new Members();
            for (var index = 0; index < namesAndValues.Length; index += 2)
            {
                members.AddGiven((string)namesAndValues[index], namesAndValues[index + 1]);
            }
            return members;
        }

        public IEnumerator<KeyValuePair<string, object>> GetEnumerator()
        {
            return list.GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator()
        {
            return list.GetEnumerator();
        }
    }
}
