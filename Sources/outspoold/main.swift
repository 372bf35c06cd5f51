internal import Daemon
internal import Linux

Process.prepare()
Process.exit(Program.run(Array(CommandLine.arguments.dropFirst())))
