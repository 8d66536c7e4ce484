/* Clears its environment, and writes over what lay there, as programs do that show a
   title of their own. Then it starts the fork server. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
extern char **environ;
static volatile int seen;
int main(void) {
    char text = 0;
    char **variable;
    for (variable = environ; *variable != NULL; variable++) {
        memset(*variable, ' ', strlen(*variable));
        *variable = "A=";
    }
    if (clearenv() != 0) return 1;
    __AFL_INIT();
    if (read(0, &text, 1) != 1) return 1;
    if (text == 'a') seen = 2;
    else seen = 3;
    return seen;
}
