/// Calls `call`, for which one error is as good as success: the file to remove is gone, the directory to make exists.
///
/// Returns nil when it fails with `allowed`, otherwise its result; throws every other error.
@discardableResult
package func allowing<Result: ~Copyable>(
    _ allowed: Errno, _ call: @autoclosure () throws(Errno) -> Result
) throws(Errno) -> Result? {
    do throws(Errno) { return try call() } catch {
        if error == allowed { return nil }
        throw error
    }
}
