// One MQTT connection on an epoll set: a socket that never blocks, and the few packets of MQTT 3.1.1 and 5.0
// that a load needs.
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packet_type { CONNACK = 2, PUBLISH = 3, PUBACK = 4, SUBACK = 9 };

struct buffer {
    uint8_t *bytes;
    size_t start, end, capacity;
};

struct client {
    int fd;  // -1 without a connection
    int version;  // 4 or 5
    bool wants_write;
    struct buffer in, out;
};

// A packet that came.
struct packet {
    enum packet_type type;
    uint8_t reason;  // of CONNACK and, in version 5, of PUBACK; the granted QoS of SUBACK
    bool session_present;
    uint16_t id;
    const uint8_t *payload;
    size_t payload_length;
};

enum next { PACKET, NOTHING, BROKEN };

// Begins to connect, without waiting for it. False if the system refuses.
bool client_connect(struct client *client, int epoll, uint16_t port);
// Closes the socket and forgets what was not sent.
void client_close(struct client *client);
// Whether a connection is there after the socket became writable.
bool client_is_connected(const struct client *client);

// With `user` and `password`, unless `user` is NULL.
void client_send_connect(
    struct client *client, const char *id, bool is_durable, unsigned receive_maximum, const char *user,
    const char *password);
void client_send_subscribe(struct client *client, const char *filter);
void client_send_publish(
    struct client *client, const char *topic, uint16_t packet_id, const uint8_t *payload, size_t length);
void client_send_puback(struct client *client, uint16_t packet_id);
void client_send_disconnect(struct client *client);

// Writes what is to be sent, as far as the socket takes it. False when the connection is lost.
bool client_flush(struct client *client, int epoll);
// Reads what has come. False when the connection is lost.
bool client_read(struct client *client);
// The next whole packet of what was read; its payload is good until the next call.
enum next client_next(struct client *client, struct packet *packet);

#endif
