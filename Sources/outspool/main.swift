internal import Command
internal import Linux

Process.exit(Program.run())
