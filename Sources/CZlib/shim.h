#pragma once
#include <zlib.h>

/* deflateInit2 is a macro, which Swift does not see. */
static inline int shim_deflate_init_gzip(z_streamp stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

/* So is inflateInit2. `bits` says which form: 15 for zlib, -15 for raw deflate, 31 for gzip. */
static inline int shim_inflate_init(z_streamp stream, int bits) { return inflateInit2(stream, bits); }
