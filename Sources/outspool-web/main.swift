internal import Linux
internal import WebServer

Process.prepare()
Process.exit(Program.run(Array(CommandLine.arguments.dropFirst())))
