#pragma once
#include <lzma.h>

// Swift sees no macros with casts in them.

/// A decoder of any number of .xz streams behind each other, which uses no more than `memory_limit` bytes.
static inline lzma_ret clzma_begin_xz(lzma_stream *stream, uint64_t memory_limit) {
    return lzma_stream_decoder(stream, memory_limit, LZMA_CONCATENATED);
}
