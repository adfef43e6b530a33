#pragma once
#include <sqlite3.h>
#include <sys/types.h>

/* sqlite3_db_config is variadic, which Swift cannot call. */
static inline int shim_db_config(sqlite3 *db, int option, int on) { return sqlite3_db_config(db, option, on, (int *)0); }

/* SQLITE_STATIC is a cast, which Swift does not see: the bytes stay where they are until the statement is done. */
static inline int shim_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_STATIC);
}

/* And SQLITE_TRANSIENT: the text is copied. */
static inline int shim_bind_text(sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 count) {
    return sqlite3_bind_text64(statement, index, text, count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* Has SQLite write to files by a function of ours. Its signature is the call's own, which SQLite's type for it is not. By
   which of the two names it calls the system depends on how it was built. */
static inline int shim_replace_pwrite(ssize_t (*write)(int file, const void *bytes, size_t count, off_t offset)) {
    sqlite3_vfs *vfs = sqlite3_vfs_find((void *)0);
    if (!vfs || vfs->iVersion < 3 || !vfs->xSetSystemCall) return SQLITE_NOTFOUND;
    const int one = vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)write);
    const int other = vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)write);
    return one == SQLITE_OK ? other : one;
}
