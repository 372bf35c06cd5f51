internal import Linux

reserveStandardDescriptors()
Process.exit(Command.run(Array(CommandLine.arguments.dropFirst())).rawValue)
