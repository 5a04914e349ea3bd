#pragma once
/* The low-level digests are deprecated since 3.0; nothing else of libcrypto shows a digest between two blocks. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/md5.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdint.h>

/* A digest whose chaining value can be read and set, field by field, whenever no block is half full. */
typedef enum { BLOCK_MD5, BLOCK_SHA1, BLOCK_SHA256, BLOCK_SHA384, BLOCK_SHA512 } block_digest_kind;

typedef struct {
    block_digest_kind kind;
    union {
        MD5_CTX md5;
        SHA_CTX sha1;
        SHA256_CTX sha256;
        SHA512_CTX sha512;
    };
} block_digest;

static inline int block_digest_begin(block_digest *digest, block_digest_kind kind) {
    digest->kind = kind;
    switch (kind) {
    case BLOCK_MD5: return MD5_Init(&digest->md5);
    case BLOCK_SHA1: return SHA1_Init(&digest->sha1);
    case BLOCK_SHA256: return SHA256_Init(&digest->sha256);
    case BLOCK_SHA384: return SHA384_Init(&digest->sha512);
    case BLOCK_SHA512: return SHA512_Init(&digest->sha512);
    }
    return 0;
}

static inline int block_digest_update(block_digest *digest, const void *bytes, size_t count) {
    switch (digest->kind) {
    case BLOCK_MD5: return MD5_Update(&digest->md5, bytes, count);
    case BLOCK_SHA1: return SHA1_Update(&digest->sha1, bytes, count);
    case BLOCK_SHA256: return SHA256_Update(&digest->sha256, bytes, count);
    case BLOCK_SHA384: return SHA384_Update(&digest->sha512, bytes, count);
    case BLOCK_SHA512: return SHA512_Update(&digest->sha512, bytes, count);
    }
    return 0;
}

static inline int block_digest_finish(block_digest *digest, unsigned char *out) {
    switch (digest->kind) {
    case BLOCK_MD5: return MD5_Final(out, &digest->md5);
    case BLOCK_SHA1: return SHA1_Final(out, &digest->sha1);
    case BLOCK_SHA256: return SHA256_Final(out, &digest->sha256);
    case BLOCK_SHA384: return SHA384_Final(out, &digest->sha512);
    case BLOCK_SHA512: return SHA512_Final(out, &digest->sha512);
    }
    return 0;
}

/* Copies the chaining value, at most eight words, in the order of the standards. */
static inline void block_digest_get_words(const block_digest *digest, uint64_t words[8]) {
    switch (digest->kind) {
    case BLOCK_MD5:
        words[0] = digest->md5.A, words[1] = digest->md5.B, words[2] = digest->md5.C, words[3] = digest->md5.D;
        break;
    case BLOCK_SHA1:
        words[0] = digest->sha1.h0, words[1] = digest->sha1.h1, words[2] = digest->sha1.h2;
        words[3] = digest->sha1.h3, words[4] = digest->sha1.h4;
        break;
    case BLOCK_SHA256:
        for (int i = 0; i < 8; i++) words[i] = digest->sha256.h[i];
        break;
    case BLOCK_SHA384:
    case BLOCK_SHA512:
        for (int i = 0; i < 8; i++) words[i] = digest->sha512.h[i];
        break;
    }
}

/* Sets a digest that has begun to what it was after `count` bytes, a multiple of the block's length. */
static inline void block_digest_set_words(block_digest *digest, const uint64_t words[8], uint64_t count) {
    const uint32_t low = (uint32_t)(count << 3), high = (uint32_t)(count >> 29);
    switch (digest->kind) {
    case BLOCK_MD5:
        digest->md5.A = (MD5_LONG)words[0], digest->md5.B = (MD5_LONG)words[1];
        digest->md5.C = (MD5_LONG)words[2], digest->md5.D = (MD5_LONG)words[3];
        digest->md5.Nl = low, digest->md5.Nh = high, digest->md5.num = 0;
        break;
    case BLOCK_SHA1:
        digest->sha1.h0 = (SHA_LONG)words[0], digest->sha1.h1 = (SHA_LONG)words[1];
        digest->sha1.h2 = (SHA_LONG)words[2], digest->sha1.h3 = (SHA_LONG)words[3];
        digest->sha1.h4 = (SHA_LONG)words[4];
        digest->sha1.Nl = low, digest->sha1.Nh = high, digest->sha1.num = 0;
        break;
    case BLOCK_SHA256:
        for (int i = 0; i < 8; i++) digest->sha256.h[i] = (SHA_LONG)words[i];
        digest->sha256.Nl = low, digest->sha256.Nh = high, digest->sha256.num = 0;
        break;
    case BLOCK_SHA384:
    case BLOCK_SHA512:
        for (int i = 0; i < 8; i++) digest->sha512.h[i] = words[i];
        digest->sha512.Nl = count << 3, digest->sha512.Nh = count >> 61, digest->sha512.num = 0;
        break;
    }
}
