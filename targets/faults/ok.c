/* Nothing is wrong with it: what is missing is on the machine. */
int main(void) { return 0; }
