#pragma once
#include <brotli/decode.h>
#include <brotli/encode.h>

/* The codes are grouped by their sign and size, which Swift cannot see. */
static inline int shim_brotli_lacks_memory(const BrotliDecoderState *state) {
    int code = BrotliDecoderGetErrorCode(state);
    return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES && code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
}
