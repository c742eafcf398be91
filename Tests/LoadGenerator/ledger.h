// What became of every message: by publisher and number.
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stdint.h>

struct ledger {
    int publishers;
    struct account {
        // A byte for each message: ACKED, DELIVERED.
        uint8_t *marks;
        uint32_t capacity;
        uint32_t sent, last_delivered;
    } *accounts;
    uint64_t sent, acked, refused, delivered, duplicates, out_of_order, foreign;
    // Acknowledged and not delivered. What was delivered without an acknowledgement does not make up for it.
    uint64_t missing;
};

void ledger_open(struct ledger *ledger, int publishers);
// Returns the number of the message.
uint32_t ledger_sent(struct ledger *ledger, int publisher);
void ledger_acked(struct ledger *ledger, int publisher, uint32_t number);
void ledger_delivered(struct ledger *ledger, uint32_t publisher, uint32_t number);

#endif
