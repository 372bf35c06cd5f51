internal import Linux
internal import TypeFiles

Process.exit(Program.run(Array(CommandLine.arguments.dropFirst())))
