/*
 * harness: a function of C++ that is handed one input, without a main(). Such
 * harnesses are written for libFuzzer; this one compiles unchanged.
 *
 * What to look for: under a fuzzer it runs persistent, with input by shared
 * memory. By hand it runs the files named on its command line, or stdin.
 */
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

static std::vector<std::string> marks;

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
    marks = {"alpha", "beta"};
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (marks.size() != 2) abort();
    const std::string text(reinterpret_cast<const char *>(data), size);
    for (const std::string &mark : marks) {
        if (text == mark) return 0;
    }
    if (size > 1 && text[0] == '(' && text[size - 1] != ')') abort();
    return 0;
}
