internal import Linux
internal import Sink

Process.exit(Program.run(Array(CommandLine.arguments.dropFirst())))
