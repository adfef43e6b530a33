import Glibc

/// Ends the process.
func exit(_ code: Int32) -> Never { Glibc.exit(code) }
