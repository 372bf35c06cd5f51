internal import Command
internal import Linux

Process.prepare()
Process.exit(Program.run())
