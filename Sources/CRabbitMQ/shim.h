#pragma once
// Swift cannot call variadic functions or expand function-like macros; these few lines are the bridge.
#include <sys/time.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

/// `amqp_login_with_properties` with the PLAIN mechanism.
static inline amqp_rpc_reply_t crabbitmq_login_plain(
    amqp_connection_state_t state, const char *vhost, int channel_max, int frame_max, int heartbeat,
    const amqp_table_t *properties, const char *user, const char *password) {
    return amqp_login_with_properties(
        state, vhost, channel_max, frame_max, heartbeat, properties, AMQP_SASL_METHOD_PLAIN, user, password);
}

/// `amqp_login_with_properties` with the EXTERNAL mechanism: the client certificate is the identity.
static inline amqp_rpc_reply_t crabbitmq_login_external(
    amqp_connection_state_t state, const char *vhost, int channel_max, int frame_max, int heartbeat,
    const amqp_table_t *properties, const char *identity) {
    return amqp_login_with_properties(
        state, vhost, channel_max, frame_max, heartbeat, properties, AMQP_SASL_METHOD_EXTERNAL, identity);
}

/// Refuses TLS below 1.2, which the packaged librabbitmq would allow. Returns 1 on success.
static inline int crabbitmq_tls_require_1_2(void *context) {
    return SSL_CTX_set_min_proto_version((SSL_CTX *)context, TLS1_2_VERSION);
}

/// Trusts the system's certificate authorities. Returns 1 on success.
static inline int crabbitmq_tls_trust_system(void *context) {
    return SSL_CTX_set_default_verify_paths((SSL_CTX *)context);
}

/// Names the calling thread for `top` and debuggers; the kernel keeps 15 bytes.
static inline void crabbitmq_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
