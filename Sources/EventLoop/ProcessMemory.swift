internal import CUV

/// What the process holds without need.
public enum ProcessMemory {
    /// Gives memory that was freed back to the system, where the allocator has kept it and there are more than about `kept`
    /// bytes of it. It takes up to a millisecond, and others who allocate may wait for it: not for a loop's thread.
    public static func trim(keeping kept: Int = 0) {
        if kept == 0 || shim_idle_memory() > kept { shim_trim_heap() }
    }

    /// Gives back the pages of the program's own code.
    ///
    /// Starting runs through much of the program once: the runtime looks for types, settings and the command line are read.
    /// What goes on being used comes back from the file's cache as it is touched, sixteen pages at a time; the rest
    /// does not count as this process's any more.
    public static func forgetStartCode() { shim_forget_code() }
}
