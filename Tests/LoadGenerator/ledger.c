#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "load.h"

enum { ACKED = 1, DELIVERED = 2 };

void ledger_open(struct ledger *ledger, int publishers) {
    *ledger = (struct ledger){.publishers = publishers};
    ledger->accounts = calloc((size_t)publishers, sizeof *ledger->accounts);
    if (!ledger->accounts) fail("no memory");
}

uint32_t ledger_sent(struct ledger *ledger, int publisher) {
    struct account *account = &ledger->accounts[publisher];
    if (account->sent == account->capacity) {
        uint32_t capacity = account->capacity ? 2 * account->capacity : 4096;
        account->marks = realloc(account->marks, capacity);
        if (!account->marks) fail("no memory");
        memset(account->marks + account->capacity, 0, capacity - account->capacity);
        account->capacity = capacity;
    }
    ledger->sent++;
    return account->sent++;
}

void ledger_acked(struct ledger *ledger, int publisher, uint32_t number) {
    uint8_t *mark = &ledger->accounts[publisher].marks[number];
    if (*mark & ACKED) return;
    ledger->acked++;
    if (!(*mark & DELIVERED)) ledger->missing++;
    *mark |= ACKED;
}

void ledger_delivered(struct ledger *ledger, uint32_t publisher, uint32_t number) {
    if (publisher >= (uint32_t)ledger->publishers || number >= ledger->accounts[publisher].sent) {
        ledger->foreign++;
        return;
    }
    struct account *account = &ledger->accounts[publisher];
    if (account->marks[number] & DELIVERED) {
        ledger->duplicates++;
        return;
    }
    // Repetitions apart, a publisher's messages come in order [MQTT-4.6.0].
    if (number < account->last_delivered) ledger->out_of_order++;
    account->last_delivered = number;
    if (account->marks[number] & ACKED) ledger->missing--;
    account->marks[number] |= DELIVERED;
    ledger->delivered++;
}
