/*
 * exceptions: parses a number and throws when it can't. One kind of exception is
 * caught, the other one is not.
 *
 * What to look for: an exception that is caught is an ordinary run, unwinding
 * through instrumented functions. One that nobody catches ends in SIGABRT.
 */
#include <cstdio>
#include <stdexcept>
#include <string>
#include <unistd.h>

static int parse(const std::string &text) {
    if (text.empty()) throw std::invalid_argument("empty");
    int value = 0;
    for (char letter : text) {
        if (letter == '!') throw std::runtime_error("nobody expects this one");
        if (letter < '0' || letter > '9') throw std::invalid_argument("not a digit");
        value = (value * 10 + (letter - '0')) % 100;
    }
    return value;
}

int main() {
    char input[32];
    ssize_t length = read(STDIN_FILENO, input, sizeof input);
    try {
        return parse(std::string(input, length > 0 ? static_cast<size_t>(length) : 0));
    } catch (const std::invalid_argument &error) {
        std::puts(error.what());
        return 101;
    }
}
