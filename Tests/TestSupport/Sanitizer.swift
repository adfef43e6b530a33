import Glibc

/// The sanitizer that the tests, and the binary beside them, are built with.
public enum Sanitizer {
    /// Whether there is the address sanitizer, which keeps what is freed to see whether it is still used: how much memory a
    /// process takes means nothing then.
    public static let isAddress = unsafe dlsym(nil, "__asan_init") != nil

    /// Whether there is the thread sanitizer, which has a thread of its own.
    public static let isThread = unsafe dlsym(nil, "__tsan_init") != nil
}
