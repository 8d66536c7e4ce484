/* Never says hello. */
#include "wire.h"

int main(void) { wait_for_ever(); }
