// What is asked of the generator, and the clock that all of it runs by.
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct plan {
    uint16_t port;
    int version;
    int publishers;
    int payload;
    int receive_maximum;
    // Closed loop: messages of each publisher that may be unacknowledged.
    int window;
    // Open loop: messages per second of all publishers together; 0 for the closed loop.
    double rate;
    double warmup_seconds, seconds;
    // Of `resume`: messages that wait for the session.
    int backlog;
    // Of `connect`: connections that may be on their way at once.
    int at_once;
    // Who all clients say they are; NULL for nobody.
    const char *user, *password;
    // Whose CPU is read beside the generator's own; 0 for nobody's.
    pid_t watched;
    // The broker will be killed meanwhile: the subscriber comes back and everything acknowledged must be there.
    bool survives;
};

// Nanoseconds of a clock that never goes back.
uint64_t now(void);
// Seconds of CPU that a process has used so far; 0 for one that is not there.
double cpu_seconds(pid_t process);
// Ends the generator with a sentence.
_Noreturn void fail(const char *format, ...);

// Each prints one JSON object. Returns the exit code: 0, or 1 if messages are missing.
int run_publish(const struct plan *plan);
int run_resume(const struct plan *plan);
int run_connect(const struct plan *plan);

#endif
