using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Outspool
{
    /// <summary>The interface of Spool for applications; their tests may have one of their own.</summary>
    public interface ISubmitter
    {
        /// <summary>Queues a job and returns its id. On return the job is on disk and outlives a power cut.</summary>
        string Submit(Job job);

        Task<string> SubmitAsync(Job job, CancellationToken cancellation = default(CancellationToken));

        /// <summary>Queues many jobs with one wait for the directory; one result for each, in order.</summary>
        IList<SubmitResult> SubmitBatch(IEnumerable<Job> jobs);

        /// <summary>
        /// Writes a job to disk without queueing it; Draft.Publish does that. An application prepares before its database
        /// commits and publishes after.
        /// </summary>
        Draft Prepare(Job job);

        /// <summary>Finds the job of that id; null if the spool has none.</summary>
        Outcome Outcome(string id);
    }

    /// <summary>The id of a job that was queued, or the error.</summary>
    public class SubmitResult
    {
        public string Id { get; internal set; }
        public SubmitException Error { get; internal set; }
    }

    /// <summary>
    /// The state of a job: new, scheduled, retry, cur, hold, done or dead, and the event the last line
    /// of its history, null if it has none.
    /// </summary>
    public class Outcome
    {
        public string State { get; internal set; }
        public IDictionary<string, object> Event { get; internal set; }
    }

    /// <summary>A job that memory: keeps, with its object as it would have been written.</summary>
    public class Queued
    {
        public string Id { get; internal set; }
        public IDictionary<string, object> Job { get; internal set; }
    }

    /// <summary>
    /// The place for submissions: a spool, or the drop box that this application has in one. Threads may share it.
    /// </summary>
    public class Spool : ISubmitter
    {
        private const string Mask = "***";
        private static readonly Dictionary<string, string> Schemas = new Dictionary<string, string>();
        // The jobs of the path memory:, shared, so that a test sees the jobs of the code under test.
        private static readonly List<KeyValuePair<string, JsonObject>> Jobs =
            new List<KeyValuePair<string, JsonObject>>();

        public string Path { get; }

        internal bool IsMemory { get { return Path == "memory:"; } }

        /// <summary>
        /// At OUTSPOOL_SPOOL, or else /var/spool/outspool, if no path is given; memory: keeps jobs in this process, for
        /// tests. It touches no disk.
        /// </summary>
        public Spool(string path = null)
        {
            if (string.IsNullOrEmpty(path)) path = Environment.GetEnvironmentVariable("OUTSPOOL_SPOOL");
            Path = string.IsNullOrEmpty(path) ? "/var/spool/outspool" : path;
        }

        /// <summary>
        /// Tells the schema against which jobs of a template are held; the types that `outspool types` makes do so when
        /// they are first used.
        /// </summary>
        public static void RegisterSchema(string template, string schema)
        {
            lock (Schemas) Schemas[template] = schema;
        }

        public string Submit(Job job)
        {
            return Prepare(job).Publish();
        }

        public Task<string> SubmitAsync(Job job, CancellationToken cancellation = default(CancellationToken))
        {
            return Task.Run(() => Submit(job), cancellation);
        }

        /// <summary>Queues a job object as spool(5) has it; a null id has one made.</summary>
        public string SubmitObject(IDictionary<string, object> job, string id = null)
        {
            return Prepare((JsonObject)Json.Tree(job, "", 0), id).Publish();
        }

        /// <summary>Queues a job object in JSON; a null id has one made.</summary>
        public string SubmitJson(string job, string id = null)
        {
            object value;
            try
            {
                value = Json.Read(job);
            }
            catch (JsonFault fault)
            {
                throw SubmitException.Invalid("", fault.Message);
            }
            var read = value as JsonObject;
            if (read == null) throw SubmitException.Invalid("", "the job is " + Json.TypeName(value) + ", not an object");
            return Prepare(read, id).Publish();
        }

        public IList<SubmitResult> SubmitBatch(IEnumerable<Job> jobs)
        {
            var list = jobs.ToList();
            var results = new List<SubmitResult>();
            var shared = new List<SubmitResult>();
            // The descriptors that are open at a time are bounded.
            for (var start = 0; start < list.Count; start += 64)
            {
                var drafts = new List<KeyValuePair<Draft, SubmitResult>>();
                foreach (var job in list.Skip(start).Take(64))
                {
                    var result = new SubmitResult();
                    results.Add(result);
                    try
                    {
                        drafts.Add(new KeyValuePair<Draft, SubmitResult>(Prepare(job), result));
                    }
                    catch (SubmitException error)
                    {
                        result.Error = error;
                    }
                }
                foreach (var pair in drafts)
                {
                    try
                    {
                        if (pair.Key.Publish(false)) shared.Add(pair.Value);
                        pair.Value.Id = pair.Key.Id;
                    }
                    catch (SubmitException error)
                    {
                        pair.Value.Error = error;
                    }
                }
            }
            if (shared.Count == 0) return results;
            var errno = Native.SyncDirectory(Path + "/new");
            foreach (var result in shared.Where(result => errno != 0))
            {
                result.Error = Unsettled(result.Id, errno);
                result.Id = null;
            }
            return results;
        }

        public Draft Prepare(Job job)
        {
            return Prepare(job.Object(), job.Id);
        }

        private Draft Prepare(JsonObject job, string chosen)
        {
            var id = Checked(job, chosen);
            if (chosen != null && !IsMemory) RefuseNamesake(id, job);
            var draft = new Draft(this, id, job, chosen != null);
            if (!IsMemory) draft.Write();
            return draft;
        }

        /// <summary>The job's id; throws what the daemon would bury the job for, as far as the job alone tells.</summary>
        internal static string Checked(JsonObject job, string chosen)
        {
            if (chosen != null) CheckId(chosen);
            Form.Check(job, DateTimeOffset.UtcNow);
            var template = job.Get("template") as string;
            string schema = null;
            if (template != null)
            {
                // The types of `outspool types` are in this assembly.
                var known = typeof(Spool).Assembly.GetType("Outspool.Templates.Schemas");
                if (known != null) RuntimeHelpers.RunClassConstructor(known.TypeHandle);
                lock (Schemas) Schemas.TryGetValue(template, out schema);
            }
            if (!string.IsNullOrEmpty(schema)) SchemaCheck.Check(schema, job.Get("params") ?? new JsonObject());
            return chosen ?? DateTime.UtcNow.ToString("yyyyMMdd'T'HHmmss'Z-'", Json.Invariant) + Random(10);
        }

        private static void CheckId(string id)
        {
            if (Form.Identifier.IsMatch(id)) return;
            throw SubmitException.Invalid("id", "is not 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first");
        }

        internal static string Random(int count)
        {
            var bytes = new byte[count];
            using (var random = RandomNumberGenerator.Create()) random.GetBytes(bytes);
            return string.Concat(bytes.Select(one => "0123456789abcdefghijklmnopqrstuv"[one & 31]));
        }

        internal static SubmitException Unsettled(string id, int errno)
        {
            return new SubmitException(
                SubmitReason.Unsettled, id + " may be queued or not: " + Native.Text(errno), id, null, errno);
        }

        internal static SubmitException AlreadyQueued(string id)
        {
            return new SubmitException(SubmitReason.AlreadyQueued, id + " is already queued", id);
        }

        internal static SubmitException Failure(string what, int errno)
        {
            var reason = Native.Unusable.Contains(errno) ? SubmitReason.Unusable : SubmitReason.Temporary;
            return new SubmitException(reason, what + ": " + Native.Text(errno), null, null, errno);
        }

        public Outcome Outcome(string id)
        {
            CheckId(id);
            if (IsMemory)
            {
                lock (Jobs) return Jobs.Any(job => job.Key == id) ? new Outcome { State = "new" } : null;
            }
            var told = Visible(Path + "/out/" + id);
            if (told != null)
            {
                var outcome = Json.TryRead(told) as JsonObject;
                if (outcome != null && outcome.Get("state") is string)
                {
                    return new Outcome
                    {
                        State = (string)outcome.Get("state"), Event = Json.Dictionary(outcome.Get("event") as JsonObject)
                    };
                }
            }
            string text;
            var state = Find(id, out text);
            if (state == null) return File.Exists(Path + "/new/" + id) ? new Outcome { State = "new" } : null;
            var lines = text.Split('\n');
            for (var index = lines.Length - 1; index > 0; index--)
            {
                var line = Json.TryRead(lines[index]) as JsonObject;
                if (line != null && line.Has("event")) return new Outcome { State = state, Event = Json.Dictionary(line) };
            }
            return new Outcome { State = state };
        }

        /// <summary>The text of a file; null for what is not there, or not for this user to see.</summary>
        private static string Visible(string path)
        {
            try
            {
                if (!File.Exists(path) || (File.GetAttributes(path) & FileAttributes.ReparsePoint) != 0) return null;
                return File.ReadAllText(path, new UTF8Encoding(false));
            }
            catch (FileNotFoundException)
            {
                return null;
            }
            catch (DirectoryNotFoundException)
            {
                return null;
            }
            catch (UnauthorizedAccessException)
            {
                return null;
            }
            catch (IOException error)
            {
                throw new SubmitException(SubmitReason.Temporary, error.Message);
            }
        }

        /// <summary>The state of the job of that id. One that moves while it is looked for is in new/ again.</summary>
        private string Find(string id, out string text)
        {
            foreach (var state in new[] { "new", "cur", "retry", "scheduled", "hold", "dead", "done", "new" })
            {
                foreach (var folder in Folders(state))
                {
                    text = Visible(folder + "/" + id);
                    if (text != null) return state;
                }
            }
            text = null;
            return null;
        }

        private IEnumerable<string> Folders(string state)
        {
            var folder = Path + "/" + state;
            if (state != "cur" && state != "retry" && state != "done") return new[] { folder };
            try
            {
                return Directory.GetDirectories(folder);
            }
            catch (DirectoryNotFoundException)
            {
                return new string[0];
            }
            catch (UnauthorizedAccessException)
            {
                return new string[0];
            }
        }

        /// <summary>Throws if the spool has a job of a chosen id, as far as this user can see.</summary>
        private void RefuseNamesake(string id, JsonObject job)
        {
            string text;
            var state = Find(id, out text);
            var other = state == null ? null : Json.TryReadBeginning(text);
            if (other == null) return; // A file without a job is another thing.
            throw Namesake(
                id, state, Json.Same(other, job, null) || state == "done" && Json.Same(other, job, Mask));
        }

        private static SubmitException Namesake(string id, string state, bool isSame)
        {
            if (isSame) return AlreadyQueued(id);
            return SubmitException.Invalid("id", "another job of that id is in " + state + "; a new job needs a new id");
        }

        internal static void Remember(string id, JsonObject job)
        {
            lock (Jobs)
            {
                foreach (var known in Jobs)
                {
                    if (known.Key == id) throw Namesake(id, "new", Json.Same(known.Value, job, null));
                }
                Jobs.Add(new KeyValuePair<string, JsonObject>(id, job));
            }
        }

        /// <summary>The jobs of memory:, in their order.</summary>
        public IList<Queued> Queued()
        {
            if (!IsMemory) throw new InvalidOperationException("only memory: keeps what was queued");
            lock (Jobs) return Jobs.Select(job => new Queued { Id = job.Key, Job = Json.Dictionary(job.Value) }).ToList();
        }

        /// <summary>Forgets the jobs of memory:.</summary>
        public void Clear()
        {
            lock (Jobs) Jobs.Clear();
        }
    }
}
