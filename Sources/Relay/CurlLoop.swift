internal import CCurl
package import EventLoop
internal import Time

/// libcurl's connecting half, driven by the event loop. One per thread; it outlives its connections.
///
/// libcurl's callbacks only record what it wants; the loop acts on that after the call, because nothing of libcurl may
/// be called from within them. See curl_multi_socket_action(3).
package final class CurlLoop {
    let loop: EventLoop
    private let multi: OpaqueHandle
    private let wishes = Wishes()
    private var watches: [Int32: EventLoop.Watch] = [:]
    private var timer: EventLoop.Timer?
    private var nudge: EventLoop.Timer?
    private var transfers: [OpaqueHandle: (CURLcode) -> Void] = [:]
    private var willSettle = false
    /// Where every connection of the thread receives; what is in it is consumed before the next call.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 32768, alignment: 16)

    typealias OpaqueHandle = UnsafeMutableRawPointer

    /// The requests of libcurl since the last look.
    private final class Wishes {
        var sockets: [(descriptor: Int32, what: Int32)] = []
        /// Milliseconds; -1 for no timer.
        var timeout: Int?
    }

    /// The ignored SIGPIPE is the caller's to see to, before the first connection.
    package init(_ loop: EventLoop) throws(CurlError) {
        try CurlError.check(curl_global_init(Int(CURL_GLOBAL_DEFAULT)))
        guard let multi = curl_multi_init() else { throw CurlError(CURLE_OUT_OF_MEMORY) }
        self.multi = multi
        self.loop = loop
        // The limits on connections stay off: they would close connections that are in our hands.
        let recorder = Unmanaged.passUnretained(wishes).toOpaque()
        _ = ccurl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, recorder)
        _ = ccurl_multi_set_socket_function(multi) { _, socket, what, recorder, _ in
            guard let recorder else { return 0 }
            Unmanaged<Wishes>.fromOpaque(recorder).takeUnretainedValue().sockets.append((socket, what))
            return 0
        }
        _ = ccurl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, recorder)
        _ = ccurl_multi_set_timer_function(multi) { _, milliseconds, recorder in
            guard let recorder else { return 0 }
            Unmanaged<Wishes>.fromOpaque(recorder).takeUnretainedValue().timeout = milliseconds
            return 0
        }
    }

    deinit {
        timer?.cancel()
        nudge?.cancel()
        for watch in watches.values { watch.cancel() }
        curl_multi_cleanup(multi)
        curl_global_cleanup()
        scratch.deallocate()
    }

    /// Starts `easy`; `done` comes once, from the loop, unless the handle is removed before.
    func add(_ easy: OpaqueHandle, done: @escaping (CURLcode) -> Void) {
        transfers[easy] = done
        let result = curl_multi_add_handle(multi, easy)
        if result != CURLM_OK {
            loop.later { [self] in transfers.removeValue(forKey: easy)?(CURLE_FAILED_INIT) }
        }
        settleLater()
        nudgeLater()
    }

    /// libcurl sets no timer for the moment at which it gives an address up, and then waits for no socket before it opens
    /// one for the next: it would look at the clock when the time for all of them is over, and close the connection that
    /// comes to be at that moment. So every second, while it connects, it is made to look.
    private func nudgeLater() {
        guard nudge?.isPending != true, !transfers.isEmpty else { return }
        nudge = loop.schedule(after: .seconds(1)) { [unowned self] in
            ccurl_multi_nudge(multi)
            settle()
            nudgeLater()
        }
    }

    /// Closes the connection of `easy` and forgets it. May wait where the name is still being looked up:
    /// libcurl joins the thread that does it.
    func remove(_ easy: OpaqueHandle) {
        transfers[easy] = nil
        curl_multi_remove_handle(multi, easy)
        settleLater()
    }

    private func settleLater() {
        // The descriptors that libcurl closed are forgotten at once, so that no event of theirs is taken for another's.
        applySockets()
        if willSettle { return }
        willSettle = true
        loop.later { [self] in
            willSettle = false
            settle()
        }
    }

    private func act(_ socket: Int32, _ readiness: EventLoop.Readiness) {
        var mask: Int32 = 0
        if readiness.contains(.read) { mask |= CURL_CSELECT_IN }
        if readiness.contains(.write) { mask |= CURL_CSELECT_OUT }
        if readiness.contains(.hangUp) { mask |= CURL_CSELECT_ERR }
        var running: Int32 = 0
        curl_multi_socket_action(multi, socket, mask, &running)
        settle()
    }

    private func settle() {
        applySockets()
        if let timeout = wishes.timeout {
            wishes.timeout = nil
            timer?.cancel()
            timer = nil
            if timeout >= 0 {
                timer = loop.schedule(after: .milliseconds(Int64(timeout))) { [unowned self] in
                    act(CURL_SOCKET_TIMEOUT, [])
                }
            }
        }
        var result = CURLE_OK
        while let easy = ccurl_multi_next_done(multi, &result) {
            transfers.removeValue(forKey: easy)?(result)
        }
    }

    private func applySockets() {
        let sockets = wishes.sockets
        wishes.sockets.removeAll(keepingCapacity: true)
        for (descriptor, what) in sockets {
            guard what != CURL_POLL_REMOVE else {
                watches.removeValue(forKey: descriptor)?.cancel()
                continue
            }
            var interest: EventLoop.Interest = []
            if what & CURL_POLL_IN != 0 { interest.insert(.read) }
            if what & CURL_POLL_OUT != 0 { interest.insert(.write) }
            if let watch = watches[descriptor] {
                watch.set(interest)
            } else {
                // Without a watch the connect timeout ends the transfer: the failure is not lost.
                watches[descriptor] = try? loop.watch(descriptor, for: interest) { [unowned self] in
                    act(descriptor, $0)
                }
            }
        }
    }
}

/// A failure of libcurl. See libcurl-errors(3).
package struct CurlError: Error, Equatable, CustomStringConvertible {
    let code: CURLcode

    init(_ code: CURLcode) { self.code = code }

    static func check(_ code: CURLcode) throws(CurlError) {
        if code != CURLE_OK { throw CurlError(code) }
    }

    package static func == (left: CurlError, right: CurlError) -> Bool { left.code.rawValue == right.code.rawValue }
    package var description: String { String(cString: curl_easy_strerror(code)) }
}
