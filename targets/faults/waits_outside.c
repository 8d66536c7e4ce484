/*
 * Says that it runs, with the file `running`, and waits for the file `go`. In the
 * meantime somebody outside does something to its fork server.
 */
#include <fcntl.h>
#include <unistd.h>

int main(void) {
    close(open("running", O_WRONLY | O_CREAT, 0600));
    while (access("go", F_OK) != 0) usleep(1000);
    return 0;
}
