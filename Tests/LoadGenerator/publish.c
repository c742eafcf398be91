// Publishers at QoS 1 and one durable subscriber: as fast as acknowledgements come, or on a schedule.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "histogram.h"
#include "ledger.h"
#include "load.h"

enum {
    // Messages of one publisher that may be unacknowledged whatever the loop; a power of two.
    WINDOW_MAX = 4096,
    // Packet identifiers in use: whole windows, so that those in flight never share a place.
    IDENTIFIERS = 15 * WINDOW_MAX,
    // Of the payload: publisher, number and intended time.
    STAMP_BYTES = 16,
};

static const uint64_t SECOND = 1000000000;
// Without any progress for so long, what is missing will not come.
static const uint64_t PATIENCE = 5 * 1000000000ull;

struct flight {
    uint64_t intended;
    uint32_t number;
    bool is_used;
};

struct publisher {
    struct client client;  // first: the epoll set knows it by this address
    int number;
    char topic[32];
    uint32_t outstanding;
    bool is_touched;
    struct flight *flights;
};

struct load {
    const struct plan *plan;
    int epoll;
    struct publisher *publishers;
    struct client subscriber;
    bool is_subscribed, session_present, is_stopped, is_broken;
    uint8_t *payload;
    struct ledger ledger;
    struct histogram *puback, *delivery, *lag;
    // The measured window; 0 until it has begun.
    uint64_t start, end;
    uint64_t acked_in_window, delivered_in_window;
    uint64_t last_progress;
    int ready;
    // No more are sent than these.
    uint64_t message_limit;
    // Of the open loop.
    uint64_t schedule_start, scheduled;
};

static const char *const SUBSCRIBER = "load-subscriber", *const FILTER = "load/#";

static bool is_measured(const struct load *load, uint64_t time) {
    return load->start <= time && time < load->end;
}

static void publish(struct load *load, struct publisher *publisher, uint64_t intended) {
    uint32_t number = ledger_sent(&load->ledger, publisher->number);
    uint16_t id = (uint16_t)(number % IDENTIFIERS + 1);
    struct flight *flight = &publisher->flights[(id - 1) & (WINDOW_MAX - 1)];
    if (flight->is_used) fail("a packet identifier is still in use");
    *flight = (struct flight){.intended = intended, .number = number, .is_used = true};
    publisher->outstanding++;
    memcpy(load->payload, &(uint32_t){(uint32_t)publisher->number}, 4);
    memcpy(load->payload + 4, &number, 4);
    memcpy(load->payload + 8, &intended, 8);
    client_send_publish(&publisher->client, publisher->topic, id, load->payload, (size_t)load->plan->payload);
    if (is_measured(load, intended)) histogram_add(load->lag, now() - intended);
    publisher->is_touched = true;
}

static void lost(struct load *load, struct client *client) {
    if (!load->plan->survives) fail("the broker closed a connection");
    load->is_broken = true;
    client_close(client);
}

// As many as the window admits, in the closed loop.
static void refill(struct load *load, struct publisher *publisher) {
    if (load->plan->rate > 0 || load->is_stopped || load->start == 0) return;
    while (publisher->outstanding < (uint32_t)load->plan->window) {
        if (load->ledger.sent == load->message_limit) return;
        publish(load, publisher, now());
    }
}

static void publisher_came(struct load *load, struct publisher *publisher) {
    struct packet packet;
    enum next next;
    while ((next = client_next(&publisher->client, &packet)) == PACKET) {
        if (packet.type == CONNACK) {
            if (packet.reason) fail("CONNACK says 0x%02x to a publisher", packet.reason);
            load->ready++;
        }
        if (packet.type != PUBACK) continue;
        struct flight *flight = &publisher->flights[(packet.id - 1) & (WINDOW_MAX - 1)];
        if (!flight->is_used) fail("an acknowledgement of nothing");
        flight->is_used = false;
        publisher->outstanding--;
        uint64_t time = now();
        load->last_progress = time;
        if (packet.reason >= 0x80) {
            load->ledger.refused++;
        } else {
            ledger_acked(&load->ledger, publisher->number, flight->number);
            if (is_measured(load, time)) load->acked_in_window++;
            if (is_measured(load, flight->intended)) histogram_add(load->puback, time - flight->intended);
        }
    }
    if (next == BROKEN) fail("the broker sent what is no packet");
    refill(load, publisher);
}

static void subscriber_came(struct load *load) {
    struct packet packet;
    enum next next;
    while ((next = client_next(&load->subscriber, &packet)) == PACKET) {
        if (packet.type == CONNACK) {
            if (packet.reason) fail("CONNACK says 0x%02x to the subscriber", packet.reason);
            load->session_present = packet.session_present;
            if (packet.session_present) {
                load->is_subscribed = true;
            } else {
                client_send_subscribe(&load->subscriber, FILTER);
            }
        } else if (packet.type == SUBACK) {
            if (packet.reason > 2) fail("SUBACK says 0x%02x", packet.reason);
            load->is_subscribed = true;
        } else if (packet.type == PUBLISH) {
            if (packet.id) client_send_puback(&load->subscriber, packet.id);
            if (packet.payload_length < STAMP_BYTES) fail("a message that nobody sent");
            uint32_t publisher, number;
            uint64_t intended, time = now();
            memcpy(&publisher, packet.payload, 4);
            memcpy(&number, packet.payload + 4, 4);
            memcpy(&intended, packet.payload + 8, 8);
            ledger_delivered(&load->ledger, publisher, number);
            load->last_progress = time;
            if (is_measured(load, time)) load->delivered_in_window++;
            if (is_measured(load, intended)) histogram_add(load->delivery, time - intended);
        }
    }
    if (next == BROKEN) fail("the broker sent what is no packet");
}

// Waits until `due` at most, and does what sockets ask for.
static void turn(struct load *load, uint64_t due) {
    struct epoll_event events[128];
    uint64_t time = now();
    uint64_t left = due > time ? due - time : 0;
    struct timespec wait = {.tv_sec = (time_t)(left / SECOND), .tv_nsec = (long)(left % SECOND)};
    int count = epoll_pwait2(load->epoll, events, 128, &wait, NULL);
    for (int place = 0; place < count; place++) {
        struct client *client = events[place].data.ptr;
        bool is_subscriber = client == &load->subscriber;
        if (client->fd < 0) continue;
        if (events[place].events & (EPOLLERR | EPOLLHUP) || !client_is_connected(client)) {
            lost(load, client);
            continue;
        }
        if (events[place].events & EPOLLIN) {
            bool is_open = client_read(client);
            if (is_subscriber) subscriber_came(load);
            else publisher_came(load, (struct publisher *)client);
            if (!is_open) {
                lost(load, client);
                continue;
            }
        }
        if (!is_subscriber) ((struct publisher *)client)->is_touched = false;
        if (!client_flush(client, load->epoll)) lost(load, client);
    }
}

static void flush_touched(struct load *load) {
    for (int place = 0; place < load->plan->publishers; place++) {
        struct publisher *publisher = &load->publishers[place];
        if (!publisher->is_touched || publisher->client.fd < 0) continue;
        publisher->is_touched = false;
        if (!client_flush(&publisher->client, load->epoll)) lost(load, &publisher->client);
    }
}

static void connect_subscriber(struct load *load) {
    load->is_subscribed = false;
    load->subscriber.version = load->plan->version;
    if (!client_connect(&load->subscriber, load->epoll, load->plan->port)) fail("no socket");
    client_send_connect(
        &load->subscriber, SUBSCRIBER, true, (unsigned)load->plan->receive_maximum, load->plan->user,
        load->plan->password);
}

static void open_load(struct load *load, const struct plan *plan) {
    *load = (struct load){.plan = plan, .epoll = epoll_create1(EPOLL_CLOEXEC), .message_limit = UINT64_MAX};
    ledger_open(&load->ledger, plan->publishers);
    load->puback = calloc(1, sizeof *load->puback);
    load->delivery = calloc(1, sizeof *load->delivery);
    load->lag = calloc(1, sizeof *load->lag);
    load->payload = malloc((size_t)plan->payload);
    load->publishers = calloc((size_t)plan->publishers, sizeof *load->publishers);
    if (!load->puback || !load->delivery || !load->lag || !load->payload || !load->publishers) fail("no memory");
    for (int place = 0; place < plan->payload; place++) load->payload[place] = (uint8_t)(place * 131 + 7);
    connect_subscriber(load);
    uint64_t deadline = now() + PATIENCE;
    while (!load->is_subscribed && now() < deadline) turn(load, deadline);
    if (!load->is_subscribed) fail("no answer to the subscriber");
    if (load->session_present) fail("the subscriber's session was there before: begin with an empty broker");
    for (int place = 0; place < plan->publishers; place++) {
        struct publisher *publisher = &load->publishers[place];
        publisher->number = place;
        publisher->client.version = plan->version;
        publisher->flights = calloc(WINDOW_MAX, sizeof *publisher->flights);
        if (!publisher->flights) fail("no memory");
        snprintf(publisher->topic, sizeof publisher->topic, "load/%d/data", place);
        if (!client_connect(&publisher->client, load->epoll, plan->port)) fail("no socket");
        char id[32];
        snprintf(id, sizeof id, "load-publisher-%d", place);
        client_send_connect(&publisher->client, id, false, 0, plan->user, plan->password);
    }
    while (load->ready < plan->publishers && now() < deadline) turn(load, deadline);
    if (load->ready < plan->publishers) fail("no answer to %d publishers", plan->publishers - load->ready);
}

// Sends what is due by the schedule.
// Returns when the next one is.
static uint64_t send_due(struct load *load, uint64_t time) {
    double interval = (double)SECOND / load->plan->rate;
    while (true) {
        uint64_t intended = load->schedule_start + (uint64_t)((double)load->scheduled * interval);
        if (intended > time) return intended;
        struct publisher *publisher = &load->publishers[load->scheduled % (uint64_t)load->plan->publishers];
        // Nothing is left out: it waits for its turn, and its time counts from when it was due.
        if (publisher->outstanding == WINDOW_MAX || publisher->client.fd < 0) return time + SECOND / 1000;
        load->scheduled++;
        publish(load, publisher, intended);
    }
}

// The broker was killed: its publishers stay away, and the subscriber comes back.
static void come_back(struct load *load) {
    load->is_stopped = true;
    for (int place = 0; place < load->plan->publishers; place++) client_close(&load->publishers[place].client);
    client_close(&load->subscriber);
    uint64_t deadline = now() + 30 * SECOND;
    do {
        usleep(50000);
        client_close(&load->subscriber);
        connect_subscriber(load);
        uint64_t answer = now() + SECOND;
        while (load->subscriber.fd >= 0 && !load->is_subscribed && now() < answer) turn(load, answer);
    } while (!load->is_subscribed && now() < deadline);
    if (!load->is_subscribed) fail("the broker did not come back");
    if (!load->session_present) fail("the broker came back without the subscriber's session");
}

// Waits until everything is acknowledged and delivered, or nothing comes any more.
static void drain(struct load *load) {
    load->is_stopped = true;
    load->last_progress = now();
    while (load->ledger.missing > 0
           || (!load->is_broken && load->ledger.acked + load->ledger.refused < load->ledger.sent)) {
        uint64_t time = now();
        if (time - load->last_progress > PATIENCE) return;
        turn(load, time + SECOND / 100);
    }
}

static int report(struct load *load, double seconds, double cpu, double watched_cpu, double drain_seconds) {
    const struct ledger *ledger = &load->ledger;
    uint64_t missing = ledger->missing;
    printf(
        "{\"sent\": %lu, \"acked\": %lu, \"refused\": %lu, \"delivered\": %lu, \"acked_not_delivered\": %lu, "
        "\"duplicates\": %lu, \"out_of_order\": %lu, \"foreign\": %lu, \"window_s\": %.3f, ",
        ledger->sent, ledger->acked, ledger->refused, ledger->delivered, missing, ledger->duplicates,
        ledger->out_of_order, ledger->foreign, seconds);
    printf(
        "\"acked_per_s\": %.1f, \"delivered_per_s\": %.1f, \"generator_cpu_share\": %.3f, "
        "\"broker_cpu_share\": %.3f, \"drain_s\": %.3f",
        (double)load->acked_in_window / seconds, (double)load->delivered_in_window / seconds, cpu / seconds,
        watched_cpu / seconds, drain_seconds);
    const struct {
        const char *name;
        const struct histogram *histogram;
    } times[] = {{"puback", load->puback}, {"delivery", load->delivery}, {"lag", load->lag}};
    for (int place = 0; place < 3; place++) {
        const struct histogram *histogram = times[place].histogram;
        printf(
            ", \"%s_p50_us\": %.1f, \"%s_p99_us\": %.1f, \"%s_p999_us\": %.1f, \"%s_max_us\": %.1f",
            times[place].name, histogram_at(histogram, 0.5), times[place].name, histogram_at(histogram, 0.99),
            times[place].name, histogram_at(histogram, 0.999), times[place].name, (double)histogram->max / 1e3);
    }
    printf("}\n");
    return missing > 0 || ledger->foreign > 0;
}

int run_publish(const struct plan *plan) {
    static struct load load;
    open_load(&load, plan);
    uint64_t begin = now();
    load.start = begin + (uint64_t)(plan->warmup_seconds * 1e9);
    load.end = load.start + (uint64_t)(plan->seconds * 1e9);
    load.schedule_start = begin;
    double cpu = 0, watched = 0;
    bool has_begun = false;
    for (int place = 0; place < plan->publishers; place++) refill(&load, &load.publishers[place]);
    while (true) {
        uint64_t time = now();
        if (!has_begun && time >= load.start) {
            has_begun = true;
            cpu = cpu_seconds(getpid());
            watched = cpu_seconds(plan->watched);
        }
        if (time >= load.end || load.is_broken) break;
        uint64_t due = has_begun ? load.end : load.start;
        if (plan->rate > 0) {
            uint64_t next = send_due(&load, time);
            if (next < due) due = next;
        }
        flush_touched(&load);
        turn(&load, due);
    }
    double seconds = (double)(now() - load.start) / 1e9;
    cpu = cpu_seconds(getpid()) - cpu;
    watched = cpu_seconds(plan->watched) - watched;
    uint64_t stopped = now();
    if (load.is_broken) come_back(&load);
    drain(&load);
    return report(&load, seconds, cpu, watched, (double)(now() - stopped) / 1e9);
}

int run_resume(const struct plan *plan) {
    static struct load load;
    open_load(&load, plan);
    client_send_disconnect(&load.subscriber);
    client_flush(&load.subscriber, load.epoll);
    client_close(&load.subscriber);
    load.start = now();
    load.end = UINT64_MAX;
    load.message_limit = (uint64_t)plan->backlog;
    for (int place = 0; place < plan->publishers; place++) refill(&load, &load.publishers[place]);
    flush_touched(&load);
    load.last_progress = now();
    while (load.ledger.acked < load.message_limit) {
        if (now() - load.last_progress > PATIENCE) fail("no more acknowledgements");
        turn(&load, now() + SECOND / 100);
    }
    uint64_t before = load.ledger.delivered, came_back = now();
    connect_subscriber(&load);
    while (load.ledger.delivered == before) {
        if (now() - came_back > PATIENCE) fail("a resumed session gets nothing");
        turn(&load, now() + SECOND / 100);
    }
    double first = (double)(now() - came_back) / 1e6;
    drain(&load);
    double all = (double)(load.last_progress - came_back) / 1e9;
    printf(
        "{\"waiting\": %lu, \"session_present\": %s, \"first_message_ms\": %.3f, \"all_messages_s\": %.3f, "
        "\"delivered\": %lu, \"acked_not_delivered\": %lu, \"duplicates\": %lu, \"out_of_order\": %lu}\n",
        load.ledger.acked, load.session_present ? "true" : "false", first, all, load.ledger.delivered,
        load.ledger.missing, load.ledger.duplicates, load.ledger.out_of_order);
    return load.ledger.missing > 0 || !load.session_present;
}
