internal import Linux
internal import SubmissionServer

Process.prepare()
Process.exit(Program.run(Array(CommandLine.arguments.dropFirst())))
