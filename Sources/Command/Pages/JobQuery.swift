internal import Spool
internal import Text
internal import Web

/// Which jobs a page lists: what the fields of its form say.
struct JobQuery {
    var state: String?
    var template: String?
    var to: String?
    var error: String?

    init() {}

    init(_ form: Form) throws(Failure) {
        state = form["state"]
        template = form["template"]
        to = form["to"]
        error = form["error"]
        if let state, JobFilter.example(of: state) == nil {
            throw .usage("there is no state \(printable(cut(state, to: 60)))")
        }
    }

    var filter: JobFilter {
        var filter = JobFilter()
        if let state { filter.states = [state] }
        if let template { filter.templates = [template] }
        filter.to = to
        filter.error = error
        return filter
    }

    /// The same as a verb's options.
    var options: [String] {
        [("--state", state), ("--template", template), ("--to", to), ("--error", error)].flatMap { name, value in
            value.map { ["\(name)=\($0)"] } ?? []
        }
    }

    var parameters: [(name: String, value: String?)] {
        [("state", state), ("template", template), ("to", to), ("error", error)]
    }

    /// The words in which a page says what is listed.
    var words: String {
        let parts = [
            state.map { "in \($0)" }, template.map { "of \($0)" }, to.map { "to \($0)" }, error.map { "with “\($0)”" },
        ].compactMap(\.self)
        return parts.joined(separator: ", ")
    }
}

extension Console {
    func searchForm(_ query: JobQuery) -> HTML {
        let states = JobFilter.stateWords.map { word -> HTML in
            let selected: HTML = query.state.map { $0.isExactly(word) } == true ? " selected" : ""
            return "<option\(selected)>\(word)</option>"
        }
        // A state may be a directory, too.
        let other: HTML =
            query.state.map { JobFilter.stateWords.holds(exactly: $0) } == false
            ? "<option selected>\(query.state ?? "")</option>" : ""
        return """
            <form class="inline search bar" action="/queue/jobs">
            <select name="state" aria-label="State"><option value="">any state but done</option>\(states)\(other)</select>
            <input name="template" value="\(query.template ?? "")" placeholder="template" aria-label="Template">
            <input name="to" value="\(query.to ?? "")" placeholder="recipient" aria-label="Recipient">
            <input name="error" value="\(query.error ?? "")" placeholder="last reply" aria-label="Last reply">
            <button class="main">Find jobs</button>
            </form>
            """
    }
}
