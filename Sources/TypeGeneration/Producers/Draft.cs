using System;
using System.Text;

namespace Outspool
{
    /// <summary>A job that is on disk and not queued. Disposed, it is discarded, if it was not published.</summary>
    public class Draft : IDisposable
    {
        private readonly Spool spool;
        private readonly JsonObject job;
        private readonly bool isChosen;
        private string name;
        private int file = -1;

        /// <summary>The id under which the job will be queued.</summary>
        public string Id { get; }

        internal Draft(Spool spool, string id, JsonObject job, bool isChosen)
        {
            this.spool = spool;
            this.job = job;
            this.isChosen = isChosen;
            Id = id;
        }

        internal void Write()
        {
            var draft = spool.Path + "/tmp/" + Spool.Random(20);
            try
            {
                uint owner;
                Check(Native.Owner(spool.Path + "/new", out owner), spool.Path + "/new");
                // In a drop box the daemon, which owns it, has to read the file.
                var mode = owner == Native.geteuid() ? 0x180 : 0x184;
                Check(Native.Create(draft, mode, out file), draft);
                name = draft;
                Check(Native.Call(() => Native.fchmod(file, mode)), draft);
                Check(Native.Write(file, new UTF8Encoding(false).GetBytes(Json.Text(job) + "\n")), draft);
                Check(Native.Call(() => Native.fsync(file)), draft);
            }
            catch (SubmitException)
            {
                Dispose();
                throw;
            }
        }

        private static void Check(int errno, string path)
        {
            if (errno != 0) throw Spool.Failure(path, errno);
        }

        /// <summary>Queues the job, and returns its id. On return it outlives a power cut.</summary>
        public string Publish()
        {
            Publish(true);
            return Id;
        }

        /// <summary>Tells whether the directory is still to be waited for.</summary>
        internal bool Publish(bool waits)
        {
            if (spool.IsMemory)
            {
                Spool.Remember(Id, job);
                return false;
            }
            if (name == null) throw SubmitException.Invalid("", "this draft was published or discarded");
            try
            {
                Link();
                // The name is on disk once its directory is, or on ext4, XFS and btrfs its file again.
                var errno = waits ? Native.SyncDirectory(spool.Path + "/new") : Native.SeeDirectory(spool.Path + "/new");
                // A drop box: its producers add to it and cannot read it.
                var isHidden = errno == Native.NoAccess;
                if (isHidden) errno = Native.Call(() => Native.fsync(file));
                if (errno != 0) throw Spool.Unsettled(Id, errno);
                return !waits && !isHidden;
            }
            finally
            {
                Dispose();
            }
        }

        private void Link()
        {
            var target = spool.Path + "/new/" + Id;
            // Unlike rename, link refuses a name that is taken.
            var errno = Native.Call(() => isChosen ? Native.link(name, target) : Native.rename(name, target));
            if (errno == Native.Exists) throw Spool.AlreadyQueued(Id);
            Check(errno, target);
            errno = isChosen ? Native.Call(() => Native.unlink(name)) : 0;
            if (errno != 0) throw Spool.Unsettled(Id, errno);
            name = null;
        }

        /// <summary>Removes a draft that was not published.</summary>
        public void Dispose()
        {
            if (file >= 0) Native.close(file);
            file = -1;
            // The daemon clears tmp/.
            if (name != null) Native.unlink(name);
            name = null;
        }
    }
}
