/* The left shared object of shared_objects.c: counts brackets. */
int left(const char *text, long length);

int left(const char *text, long length) {
    int open = 0;
    for (long i = 0; i < length; i++) {
        if (text[i] == '(') open++;
        else if (text[i] == ')') open--;
    }
    return open == 0 ? 11 : 12;
}
