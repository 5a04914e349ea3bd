#pragma once
#include <zlib.h>

// Swift sees no macros that call functions.

/// inflateInit2 for a gzip header and trailer around the largest window.
static inline int czlib_begin_gzip(z_stream *stream) {
    return inflateInit2(stream, 15 + 16);
}
