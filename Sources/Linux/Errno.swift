internal import CLinux
internal import Glibc

/// An error number as a system call set it. See errno(3).
package struct Errno: Error, Hashable, CustomStringConvertible {
    package let rawValue: Int32

    package init(_ rawValue: Int32) { self.rawValue = rawValue }

    /// The error of this thread's last failed call.
    package static var last: Errno { Errno(clinux_errno()) }

    package static let notPermitted = Errno(EPERM)
    package static let noEntry = Errno(ENOENT)
    package static let interrupted = Errno(EINTR)
    package static let inputOutput = Errno(EIO)
    package static let again = Errno(EAGAIN)
    package static let noMemory = Errno(ENOMEM)
    package static let accessDenied = Errno(EACCES)
    package static let exists = Errno(EEXIST)
    package static let notDirectory = Errno(ENOTDIR)
    package static let isDirectory = Errno(EISDIR)
    package static let invalid = Errno(EINVAL)
    package static let tooManyOpenFiles = Errno(EMFILE)
    package static let tooManyOpenFilesInSystem = Errno(ENFILE)
    package static let noSpace = Errno(ENOSPC)
    package static let readOnly = Errno(EROFS)
    package static let quota = Errno(EDQUOT)
    package static let pipe = Errno(EPIPE)
    package static let loop = Errno(ELOOP)
    package static let notEmpty = Errno(ENOTEMPTY)
    package static let crossDevice = Errno(EXDEV)
    package static let nameTooLong = Errno(ENAMETOOLONG)
    package static let inProgress = Errno(EINPROGRESS)
    package static let connectionReset = Errno(ECONNRESET)
    package static let tooBig = Errno(EFBIG)
    package static let noDevice = Errno(ENXIO)
    package static let noBuffers = Errno(ENOBUFS)
    package static let messageTooLong = Errno(EMSGSIZE)
    package static let noChild = Errno(ECHILD)

    /// Whether the machine lacks what it may have again in a moment: processes, memory, descriptors.
    package var isShortage: Bool {
        [.again, .noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem].contains(self)
    }

    /// The text of strerror(3).
    package var description: String { String(cString: strerror(rawValue)) }
}

/// Calls `body` until it is not interrupted by a signal; what it returned, or
/// the error it set when that is -1.
@inline(__always)
package func retrying<Result: FixedWidthInteger & SignedInteger>(
    _ body: () -> Result
) throws(Errno) -> Result {
    while true {
        let result = body()
        if result != -1 { return result }
        let error = Errno.last
        if error != .interrupted { throw error }
    }
}
