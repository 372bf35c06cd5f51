import Foundation
import Scratch
import Testing

extension Workplace {
    /// Writes a task: its program, a shell script, and its template.conf.
    func task(_ name: String, _ body: String, conf: String = "") throws {
        try write("templates/\(name)/run", "#!/bin/sh\n\(body)\n")
        try allowRunning("templates/\(name)/run")
        if !conf.isEmpty { try write("templates/\(name)/template.conf", conf + "\n") }
    }

    func allowRunning(_ path: String, _ mode: Int = 0o755) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: root.appending(path: path).path)
    }

    /// Submits a task's job.
    func ask(_ task: String, _ id: String? = nil, params: String = "{}", _ more: String = "") throws {
        try drop(id ?? task, #"{"template":"\#(task)","params":\#(params)\#(more)}"# + "\n")
    }

    /// The last event of a job.
    func last(_ id: String) throws -> [String: Any] { try #require(try history(id).last) }

    /// Every process, zombies too, of which the command line or the environment has the text.
    func processes(with text: String) -> [Int32] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { Int32($0) }.filter { pid in
            ["cmdline", "environ"].contains { file in
                // What has ended meanwhile has none.
                let bytes = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/\(file)"))) ?? Data()
                return String(decoding: bytes, as: UTF8.self).contains(text)
            }
        }
    }

    /// What every process of this spool's tasks has in its environment.
    var mark: String {
        let status = (try? FileManager.default.attributesOfItem(atPath: spool.path)) ?? [:]
        let device = (status[.systemNumber] as? Int) ?? 0
        let inode = (status[.systemFileNumber] as? Int) ?? 0
        return "OUTSPOOL_MARK=\(device):\(inode):"
    }

    func descriptors(of process: RunningProgram) -> Int {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.pid)/fd")) ?? []).count
    }
}
