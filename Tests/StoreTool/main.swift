// A process that keeps records, for tests of what happens to processes: `StoreTool DIRECTORY COMMAND...`.
//
//   open                  opens the store; its events are printed as "event: ..."
//   put:NAME:SIZE:OWNER   puts a record; SIZE in bytes, OWNER a number, 0 for everyone
//   remove:NAME           removes everyone's record
//   remove-owner:OWNER    removes an owner's records
//   remove-all            removes everything
//   read:NAME             prints "read NAME: whole", "broken" or "none"
//   check                 prints "kept N, broken M" and the names; only right after `open`
//   flood                 puts records for ever, and prints "flood N" after each
//   await:TEXT            waits for an event with this text
//   run:COMMAND           runs a command of the shell
//   limit:BYTES           lets no file grow beyond that; `unlimit` ends it
//   close                 writes what waits, and prints "closed: true" if all was
import Glibc

var arguments = CommandLine.arguments.dropFirst()
let session = Session(arguments.removeFirst())
signal(SIGXFSZ, SIG_IGN)
for command in arguments { session.perform(command) }
