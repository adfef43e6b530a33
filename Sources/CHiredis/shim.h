#pragma once
#include <hiredis/hiredis.h>
#include <stdlib.h>

/* The most elements of an array, and how deep arrays may be nested. Larder asks nothing whose answer has more. */
enum { shim_most_elements = 64, shim_most_levels = 4 };

#if HIREDIS_MAJOR >= 1
typedef size_t shim_count;
#else
typedef int shim_count;
#endif

/* Refuses arrays above the limits before memory is allocated for them: the count is the engine's word alone. The reader
   then reports that it is out of memory. */
static inline void *shim_array(const redisReadTask *task, shim_count count) {
    int levels = 1;
    for (const redisReadTask *above = task->parent; above; above = above->parent) levels++;
    if ((long long)count < 0 || (long long)count > shim_most_elements || levels > shim_most_levels) return NULL;
    return ((redisReplyObjectFunctions *)task->privdata)->createArray(task, count);
}

/* A reader with these limits. `own` lives as long as the reader. Null without memory. */
static inline redisReader *shim_reader(redisReplyObjectFunctions *own) {
    redisReader *reader = redisReaderCreate();
    if (!reader) return NULL;
    *own = *reader->fn;
    own->createArray = shim_array;
    reader->privdata = reader->fn;
    reader->fn = own;
    return reader;
}
