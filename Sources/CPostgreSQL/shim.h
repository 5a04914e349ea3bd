#pragma once
#include <libpq-fe.h>
#include <sys/prctl.h>

static inline void cpostgresql_ignore_notice(void *context, const PGresult *result) {
    (void)context;
    (void)result;
}

/// Notices go nowhere; libpq writes them to standard error otherwise.
static inline void cpostgresql_silence(PGconn *connection) {
    PQsetNoticeReceiver(connection, cpostgresql_ignore_notice, 0);
}

/// Names the calling thread for `top` and debuggers; the kernel keeps 15 bytes.
static inline void cpostgresql_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
