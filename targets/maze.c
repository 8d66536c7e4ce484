/*
 * maze: a walk with u, d, l and r from the entrance to the treasure, where it
 * aborts. Walking into a wall ends the walk.
 *
 *     E . #      E entrance
 *     # . .      T treasure
 *     # # .      each room is a function,
 *     T . .      each door an edge
 *
 * What to look for: a fuzzer that sees edges explores room by room and keeps the
 * way to each. The shortest is "rdrddll".
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct walk {
    const uint8_t *at;
    const uint8_t *end;
};

static int step(struct walk *walk) {
    return walk->at < walk->end ? *walk->at++ : 0;
}

/* A room is named for its row and column. */
static void room_00(struct walk *walk);
static void room_01(struct walk *walk);
static void room_11(struct walk *walk);
static void room_12(struct walk *walk);
static void room_22(struct walk *walk);
static void room_32(struct walk *walk);
static void room_31(struct walk *walk);

static void room_00(struct walk *walk) {
    if (step(walk) == 'r') room_01(walk);
}

static void room_01(struct walk *walk) {
    switch (step(walk)) {
    case 'l': room_00(walk); break;
    case 'd': room_11(walk); break;
    default: break;
    }
}

static void room_11(struct walk *walk) {
    switch (step(walk)) {
    case 'u': room_01(walk); break;
    case 'r': room_12(walk); break;
    default: break;
    }
}

static void room_12(struct walk *walk) {
    switch (step(walk)) {
    case 'l': room_11(walk); break;
    case 'd': room_22(walk); break;
    default: break;
    }
}

static void room_22(struct walk *walk) {
    switch (step(walk)) {
    case 'u': room_12(walk); break;
    case 'd': room_32(walk); break;
    default: break;
    }
}

static void room_32(struct walk *walk) {
    switch (step(walk)) {
    case 'u': room_22(walk); break;
    case 'l': room_31(walk); break;
    default: break;
    }
}

static void room_31(struct walk *walk) {
    switch (step(walk)) {
    case 'r': room_32(walk); break;
    case 'l': abort();
    default: break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct walk walk = {data, data + (size > 64 ? 64 : size)};
    room_00(&walk);
    return 0;
}
