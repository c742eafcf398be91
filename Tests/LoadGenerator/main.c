// mqttload: one thread that loads an MQTT broker on this machine and counts what becomes of every message.
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

static const char *const USAGE =
    "usage: mqttload publish|resume|connect --port PORT [--version 4|5] [--publishers N] [--payload BYTES]\n"
    "                [--window MESSAGES | --rate PER_SECOND] [--warmup S] [--seconds S] [--receive-maximum N]\n"
    "                [--backlog MESSAGES] [--at-once CONNECTIONS] [--watch PID] [--user NAME] [--survives]\n"
    "publish: publishers at QoS 1 and one durable subscriber that gets everything;\n"
    "resume:  the subscriber is away while --backlog messages come, and returns;\n"
    "connect: clients that connect and leave.\n"
    "With --user, clients give that name and the password in MQTTLOAD_PASSWORD.\n"
    "Prints one JSON object. Ends with 0, 1 if messages are missing, 2 for bad usage, 3 if the broker fails.\n";

uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

double cpu_seconds(pid_t process) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    FILE *file = process > 0 ? fopen(path, "r") : NULL;
    if (!file) return 0;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    // The name, which may hold anything, ends with the last parenthesis; utime and stime are fields 14 and 15.
    const char *field = strrchr(text, ')');
    unsigned long user = 0, system = 0;
    if (field) sscanf(field + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

_Noreturn void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("mqttload: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(3);
}

static _Noreturn void usage(void) {
    fputs(USAGE, stderr);
    exit(2);
}

static double number(const char *text, double low, double high) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(low <= value && value <= high)) usage();
    return value;
}

int main(int count, char **arguments) {
    struct plan plan = {
        .version = 5, .publishers = 50, .payload = 200, .receive_maximum = 65535, .window = 1,
        .warmup_seconds = 1, .seconds = 5, .backlog = 100000, .at_once = 16};
    if (count < 2) usage();
    for (int place = 2; place < count; place++) {
        const char *name = arguments[place];
        if (strcmp(name, "--survives") == 0) {
            plan.survives = true;
            continue;
        }
        if (place + 1 == count) usage();
        const char *value = arguments[++place];
        if (strcmp(name, "--port") == 0) plan.port = (uint16_t)number(value, 1, 65535);
        else if (strcmp(name, "--version") == 0) plan.version = (int)number(value, 4, 5);
        else if (strcmp(name, "--publishers") == 0) plan.publishers = (int)number(value, 1, 10000);
        else if (strcmp(name, "--payload") == 0) plan.payload = (int)number(value, 16, 1 << 20);
        else if (strcmp(name, "--window") == 0) plan.window = (int)number(value, 1, 4096);
        else if (strcmp(name, "--rate") == 0) plan.rate = number(value, 1, 1e7);
        else if (strcmp(name, "--warmup") == 0) plan.warmup_seconds = number(value, 0, 3600);
        else if (strcmp(name, "--seconds") == 0) plan.seconds = number(value, 0.1, 86400);
        else if (strcmp(name, "--receive-maximum") == 0) plan.receive_maximum = (int)number(value, 1, 65535);
        else if (strcmp(name, "--backlog") == 0) plan.backlog = (int)number(value, 1, 1e8);
        else if (strcmp(name, "--at-once") == 0) plan.at_once = (int)number(value, 1, 10000);
        else if (strcmp(name, "--user") == 0) plan.user = value;
        else if (strcmp(name, "--watch") == 0) plan.watched = (pid_t)number(value, 1, 1 << 22);
        else usage();
    }
    if (plan.port == 0) usage();
    plan.password = getenv("MQTTLOAD_PASSWORD");
    if (plan.user && !plan.password) usage();
    // The schedule is finer than the 50 µs by which the kernel may let a timer slip.
    prctl(PR_SET_TIMERSLACK, 1ul);
    if (strcmp(arguments[1], "publish") == 0) return run_publish(&plan);
    if (strcmp(arguments[1], "resume") == 0) return run_resume(&plan);
    if (strcmp(arguments[1], "connect") == 0) return run_connect(&plan);
    usage();
}
