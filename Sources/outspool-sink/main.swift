internal import Linux
internal import Sink

Process.prepare()
Process.exit(Program.run(Array(CommandLine.arguments.dropFirst())))
