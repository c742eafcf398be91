#define _GNU_SOURCE
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void reserve(struct buffer *buffer, size_t more) {
    if (buffer->start == buffer->end) buffer->start = buffer->end = 0;
    if (buffer->end + more <= buffer->capacity) return;
    size_t used = buffer->end - buffer->start;
    memmove(buffer->bytes, buffer->bytes + buffer->start, used);
    buffer->start = 0;
    buffer->end = used;
    if (used + more <= buffer->capacity) return;
    while (buffer->capacity < used + more) buffer->capacity = buffer->capacity ? 2 * buffer->capacity : 4096;
    buffer->bytes = realloc(buffer->bytes, buffer->capacity);
    if (!buffer->bytes) {
        perror("mqttload: no memory");
        exit(3);
    }
}

static void put(struct buffer *buffer, const void *bytes, size_t length) {
    reserve(buffer, length);
    memcpy(buffer->bytes + buffer->end, bytes, length);
    buffer->end += length;
}

static void put_byte(struct buffer *buffer, unsigned byte) { put(buffer, &(uint8_t){(uint8_t)byte}, 1); }

static void put_short(struct buffer *buffer, unsigned value) {
    put(buffer, (uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

static void put_long(struct buffer *buffer, uint32_t value) {
    put_short(buffer, value >> 16);
    put_short(buffer, value & 0xFFFF);
}

static void put_string(struct buffer *buffer, const char *text) {
    put_short(buffer, (unsigned)strlen(text));
    put(buffer, text, strlen(text));
}

// First byte and remaining length, in 7-bit groups [MQTT 5.0, 1.5.5].
static void put_header(struct buffer *buffer, unsigned first, size_t length) {
    put_byte(buffer, first);
    do {
        put_byte(buffer, (unsigned)(length & 0x7F) | (length > 0x7F ? 0x80 : 0));
        length >>= 7;
    } while (length > 0);
}

bool client_connect(struct client *client, int epoll, uint16_t port) {
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0) return false;
    int yes = 1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = client};
    client->wants_write = true;
    bool began = connect(client->fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS;
    if (began && epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event) == 0) return true;
    client_close(client);
    return false;
}

void client_close(struct client *client) {
    if (client->fd >= 0) close(client->fd);
    client->fd = -1;
    client->in.start = client->in.end = client->out.start = client->out.end = 0;
}

bool client_is_connected(const struct client *client) {
    int error = 0;
    socklen_t length = sizeof error;
    return client->fd >= 0 && getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0;
}

void client_send_connect(
    struct client *client, const char *id, bool is_durable, unsigned receive_maximum, const char *user,
    const char *password) {
    // Session expiry interval (0x11, 4 bytes) and receive maximum (0x21, 2 bytes).
    size_t properties = client->version == 5 && is_durable ? 5 + 3 : 0;
    size_t credentials = user ? 2 + strlen(user) + 2 + strlen(password) : 0;
    put_header(&client->out, 0x10, 10 + (client->version == 5 ? 1 + properties : 0) + 2 + strlen(id) + credentials);
    put_string(&client->out, "MQTT");
    put_byte(&client->out, (unsigned)client->version);
    put_byte(&client->out, (is_durable ? 0u : 2u) | (user ? 0xC0u : 0u));
    put_short(&client->out, 0);  // no keep alive: the load is the sign of life
    if (client->version == 5) {
        put_byte(&client->out, (unsigned)properties);
        if (properties) {
            put_byte(&client->out, 0x11);
            put_long(&client->out, 3600);
            put_byte(&client->out, 0x21);
            put_short(&client->out, receive_maximum);
        }
    }
    put_string(&client->out, id);
    if (user) {
        put_string(&client->out, user);
        put_string(&client->out, password);
    }
}

void client_send_subscribe(struct client *client, const char *filter) {
    put_header(&client->out, 0x82, 2 + (client->version == 5) + 2 + strlen(filter) + 1);
    put_short(&client->out, 1);
    if (client->version == 5) put_byte(&client->out, 0);
    put_string(&client->out, filter);
    put_byte(&client->out, 1);
}

void client_send_publish(
    struct client *client, const char *topic, uint16_t packet_id, const uint8_t *payload, size_t length) {
    put_header(&client->out, 0x32, 2 + strlen(topic) + 2 + (client->version == 5) + length);
    put_string(&client->out, topic);
    put_short(&client->out, packet_id);
    if (client->version == 5) put_byte(&client->out, 0);
    put(&client->out, payload, length);
}

void client_send_puback(struct client *client, uint16_t packet_id) {
    put_header(&client->out, 0x40, 2);
    put_short(&client->out, packet_id);
}

void client_send_disconnect(struct client *client) { put_header(&client->out, 0xE0, 0); }

bool client_flush(struct client *client, int epoll) {
    while (client->out.start < client->out.end) {
        ssize_t count = send(
            client->fd, client->out.bytes + client->out.start, client->out.end - client->out.start,
            MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno != EAGAIN) return false;
        if (count < 0) break;
        client->out.start += (size_t)count;
    }
    bool wants_write = client->out.start < client->out.end;
    if (wants_write == client->wants_write) return true;
    client->wants_write = wants_write;
    struct epoll_event event = {.events = EPOLLIN | (wants_write ? EPOLLOUT : 0), .data.ptr = client};
    return epoll_ctl(epoll, EPOLL_CTL_MOD, client->fd, &event) == 0;
}

bool client_read(struct client *client) {
    enum { ROOM = 65536 };
    reserve(&client->in, ROOM);
    ssize_t count = recv(client->fd, client->in.bytes + client->in.end, ROOM, 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    client->in.end += (size_t)count;
    return count > 0;
}

// The fields of a PUBLISH. False if they do not fit.
static bool read_publish(const uint8_t *body, size_t length, int qos, int version, struct packet *packet) {
    if (length < 2) return false;
    size_t offset = 2 + (size_t)(body[0] << 8 | body[1]);
    if (qos > 0) {
        if (offset + 2 > length) return false;
        packet->id = (uint16_t)(body[offset] << 8 | body[offset + 1]);
        offset += 2;
    }
    if (version == 5) {
        size_t properties = 0;
        unsigned shift = 0;
        do {
            if (offset >= length || shift > 21) return false;
            properties |= (size_t)(body[offset] & 0x7F) << shift;
            shift += 7;
        } while (body[offset++] & 0x80);
        offset += properties;
    }
    if (offset > length) return false;
    packet->payload = body + offset;
    packet->payload_length = length - offset;
    return true;
}

enum next client_next(struct client *client, struct packet *packet) {
    struct buffer *in = &client->in;
    size_t length = 0, at = in->start + 1;
    unsigned shift = 0;
    do {
        if (at >= in->end) return NOTHING;
        if (shift > 21) return BROKEN;
        length |= (size_t)(in->bytes[at] & 0x7F) << shift;
        shift += 7;
    } while (in->bytes[at++] & 0x80);
    if (in->end - at < length) return NOTHING;
    unsigned first = in->bytes[in->start];
    const uint8_t *body = in->bytes + at;
    in->start = at + length;
    *packet = (struct packet){.type = first >> 4};
    switch (packet->type) {
    case PUBLISH: return read_publish(body, length, first >> 1 & 3, client->version, packet) ? PACKET : BROKEN;
    case CONNACK:
        if (length < 2) return BROKEN;
        packet->session_present = body[0] & 1;
        packet->reason = body[1];
        return PACKET;
    case PUBACK:
        if (length < 2) return BROKEN;
        packet->id = (uint16_t)(body[0] << 8 | body[1]);
        packet->reason = length > 2 ? body[2] : 0;
        return PACKET;
    case SUBACK:
        if (length < 3) return BROKEN;
        packet->reason = body[length - 1];
        return PACKET;
    }
    return PACKET;
}
