/*
 * state_machine: a door with a lock. Letters push it from state to state:
 *   k key in or out    t turn the key    o open    c close    s slam
 * It aborts if the door is slammed while the bolt sticks out.
 *
 * What to look for: the same letter means different things in different states.
 * Each pair of state and letter is an edge, so the fuzzer learns the sequence
 * "ktokts" step by step. There is no main(): tine brings a driver.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum door { CLOSED, KEY_IN, UNLOCKED, OPEN, OPEN_KEY_IN, OPEN_BOLT_OUT };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum door door = CLOSED;
    for (size_t i = 0; i < size; i++) {
        switch (door) {
        case CLOSED:
            if (data[i] == 'k') door = KEY_IN;
            break;
        case KEY_IN:
            if (data[i] == 'k') door = CLOSED;
            else if (data[i] == 't') door = UNLOCKED;
            break;
        case UNLOCKED:
            if (data[i] == 't') door = KEY_IN;
            else if (data[i] == 'o') door = OPEN;
            break;
        case OPEN:
            if (data[i] == 'c' || data[i] == 's') door = UNLOCKED;
            else if (data[i] == 'k') door = OPEN_KEY_IN;
            break;
        case OPEN_KEY_IN:
            if (data[i] == 'k') door = OPEN;
            else if (data[i] == 't') door = OPEN_BOLT_OUT;
            break;
        case OPEN_BOLT_OUT:
            if (data[i] == 't') door = OPEN_KEY_IN;
            else if (data[i] == 's') abort();
            break;
        }
    }
    return 0;
}
