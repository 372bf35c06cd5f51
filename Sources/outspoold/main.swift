internal import Daemon
internal import Linux

Process.exit(Program.run(Array(CommandLine.arguments.dropFirst())))
