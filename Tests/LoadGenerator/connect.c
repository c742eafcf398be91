// Clients that connect, are let in and leave again, so many at once on their way.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "client.h"
#include "histogram.h"
#include "load.h"

struct visitor {
    struct client client;  // first: the epoll set knows it by this address
    uint64_t began;
};

static void begin(struct visitor *visitor, const struct plan *plan, int epoll, uint64_t number) {
    visitor->client.version = plan->version;
    visitor->began = now();
    if (!client_connect(&visitor->client, epoll, plan->port)) fail("no socket: are there ports left?");
    char id[32];
    snprintf(id, sizeof id, "visitor-%lu", number);
    client_send_connect(&visitor->client, id, false, 0, plan->user, plan->password);
}

int run_connect(const struct plan *plan) {
    static struct histogram histogram;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct visitor *visitors = calloc((size_t)plan->at_once, sizeof *visitors);
    if (!visitors) fail("no memory");
    uint64_t number = 0, accepted = 0, refused = 0, start = now();
    uint64_t end = start + (uint64_t)(plan->seconds * 1e9);
    double cpu = cpu_seconds(getpid()), watched = cpu_seconds(plan->watched);
    for (int place = 0; place < plan->at_once; place++) begin(&visitors[place], plan, epoll, number++);
    while (now() < end) {
        struct epoll_event events[64];
        int count = epoll_wait(epoll, events, 64, 10);
        for (int place = 0; place < count; place++) {
            struct visitor *visitor = events[place].data.ptr;
            struct packet packet;
            bool is_open = client_is_connected(&visitor->client);
            if (is_open && events[place].events & EPOLLIN) is_open = client_read(&visitor->client);
            if (client_next(&visitor->client, &packet) == PACKET && packet.type == CONNACK) {
                if (packet.reason) refused++;
                else accepted++;
                histogram_add(&histogram, now() - visitor->began);
                client_send_disconnect(&visitor->client);
                client_flush(&visitor->client, epoll);
                is_open = false;
            } else if (!is_open) {
                refused++;
            }
            if (is_open) {
                is_open = client_flush(&visitor->client, epoll);
                if (is_open) continue;
                refused++;
            }
            client_close(&visitor->client);
            begin(visitor, plan, epoll, number++);
        }
    }
    double seconds = (double)(now() - start) / 1e9;
    printf(
        "{\"accepted\": %lu, \"refused\": %lu, \"window_s\": %.3f, \"connects_per_s\": %.1f, "
        "\"connack_p50_us\": %.1f, \"connack_p99_us\": %.1f, \"generator_cpu_share\": %.3f, "
        "\"broker_cpu_share\": %.3f}\n",
        accepted, refused, seconds, (double)accepted / seconds, histogram_at(&histogram, 0.5),
        histogram_at(&histogram, 0.99), (cpu_seconds(getpid()) - cpu) / seconds,
        (cpu_seconds(plan->watched) - watched) / seconds);
    return refused > 0;
}
