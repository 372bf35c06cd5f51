using System;
using System.Runtime.InteropServices;

namespace Outspool
{
    /// <summary>System calls of which .NET has none, or not with these promises. Results are errno(3), 0 for success.</summary>
    internal static class Native
    {
        internal const int NoAccess = 13;
        internal const int Exists = 17;
        // EPERM ENOENT EACCES ENOTDIR EINVAL ENAMETOOLONG ELOOP
        internal static readonly int[] Unusable = { 1, 2, 13, 20, 22, 36, 40 };
        private const int Interrupted = 4;
        private const int WriteOnly = 1, Creates = 0x40, Exclusive = 0x80, CloseOnExec = 0x80000;

        [DllImport("libc", SetLastError = true)]
        private static extern int open(string path, int flags, int mode);

        [DllImport("libc", SetLastError = true)]
        private static extern IntPtr write(int file, IntPtr bytes, IntPtr count);

        [DllImport("libc", SetLastError = true)]
        private static extern int statx(int directory, string path, int flags, uint mask, byte[] status);

        [DllImport("libc")]
        private static extern IntPtr strerror(int errno);

        [DllImport("libc", SetLastError = true)]
        internal static extern int fsync(int file);

        [DllImport("libc", SetLastError = true)]
        internal static extern int fchmod(int file, int mode);

        [DllImport("libc", SetLastError = true)]
        internal static extern int link(string name, string target);

        [DllImport("libc", SetLastError = true)]
        internal static extern int rename(string name, string target);

        [DllImport("libc", SetLastError = true)]
        internal static extern int unlink(string name);

        [DllImport("libc")]
        internal static extern int close(int file);

        [DllImport("libc")]
        internal static extern uint geteuid();

        /// <summary>Makes a call that gives less than 0 where it fails.</summary>
        internal static int Call(Func<int> call)
        {
            while (call() < 0)
            {
                var errno = Marshal.GetLastWin32Error();
                if (errno != Interrupted) return errno;
            }
            return 0;
        }

        internal static int Create(string path, int mode, out int file)
        {
            var opened = -1;
            // O_EXCL follows no symbolic link.
            var errno = Call(() => opened = open(path, WriteOnly | Creates | Exclusive | CloseOnExec, mode));
            file = opened;
            return errno;
        }

        internal static int Write(int file, byte[] bytes)
        {
            var pinned = GCHandle.Alloc(bytes, GCHandleType.Pinned);
            try
            {
                for (var done = 0; done < bytes.Length;)
                {
                    var at = done;
                    var count = 0;
                    var errno = Call(
                        () => count = (int)write(
                            file, IntPtr.Add(pinned.AddrOfPinnedObject(), at), new IntPtr(bytes.Length - at)));
                    if (errno != 0) return errno;
                    done += count;
                }
                return 0;
            }
            finally
            {
                pinned.Free();
            }
        }

        /// <summary>The user who owns a file.</summary>
        internal static int Owner(string path, out uint owner)
        {
            var status = new byte[256];
            // AT_FDCWD, STATX_UID; the member stx_uid.
            var errno = Call(() => statx(-100, path, 0, 8, status));
            owner = BitConverter.ToUInt32(status, 20);
            return errno;
        }

        internal static int SyncDirectory(string path)
        {
            return WithDirectory(path, directory => Call(() => fsync(directory)));
        }

        /// <summary>Tells whether a directory may be read.</summary>
        internal static int SeeDirectory(string path)
        {
            return WithDirectory(path, directory => 0);
        }

        private static int WithDirectory(string path, Func<int, int> body)
        {
            var opened = -1;
            var errno = Call(() => opened = open(path, CloseOnExec, 0));
            if (errno != 0) return errno;
            try
            {
                return body(opened);
            }
            finally
            {
                close(opened);
            }
        }

        internal static string Text(int errno)
        {
            return Marshal.PtrToStringAnsi(strerror(errno));
        }
    }
}
